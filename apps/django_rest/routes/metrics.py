"""What has been counted."""

from core.dependencies import AnyAccept
from core.documents import answers
from django.conf import settings
from django.http import HttpResponse
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, content_negotiation_class
from rest_framework.exceptions import NotFound
from rest_framework.request import Request


@extend_schema(responses=answers(str, 404, media_type="text/plain"))
@api_view(["GET"])
@content_negotiation_class(AnyAccept)
def read_metrics(_: Request) -> HttpResponse:
    """Answer what has been counted."""
    if not settings.PROMETHEUS_MULTIPROC_DIR:
        raise NotFound
    from services.metrics import describe_counts  # noqa: PLC0415  # it is for those alone who are told to count

    content, media_type = describe_counts()
    return HttpResponse(content, content_type=media_type)


urlpatterns = [path("metrics", read_metrics)]
