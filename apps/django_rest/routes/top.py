"""Figures by category, cached."""

from core.documents import answer_header, answers
from django.urls import path
from drf_spectacular.utils import extend_schema
from models.serializers import TopSerializer
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from services.top import find_figures


@extend_schema(parameters=[answer_header(200, "X-Cache", enum=["hit", "miss"])], responses=answers(TopSerializer, 503))
@api_view(["GET"])
def read_top(_: Request) -> Response:
    """Answer figures by category, from the cache while they are fresh."""
    figures, was_cached = find_figures()
    answer = TopSerializer({"categories": figures}).data
    return Response(answer, headers={"X-Cache": "hit" if was_cached else "miss"})


urlpatterns = [path("top", read_top)]
