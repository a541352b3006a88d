"""Figures by category, cached."""

from django.urls import path
from models.serializers import TopSerializer
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from services.top import find_figures


@api_view(["GET"])
def read_top(_: Request) -> Response:
    """Answer figures by category, from the cache while they are fresh."""
    figures, was_cached = find_figures()
    answer = TopSerializer({"categories": figures}).data
    return Response(answer, headers={"X-Cache": "hit" if was_cached else "miss"})


urlpatterns = [path("top", read_top)]
