"""Machine-learning models, as nested objects."""

from core.documents import answers, path_parameter
from django.urls import path
from drf_spectacular.utils import extend_schema
from models.serializers import ModelKeySerializer, ModelSerializer
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from services.models import find_model


@extend_schema(parameters=[path_parameter("model_id")], responses=answers(ModelSerializer, 404, 422))
@api_view(["GET"])
def read_model(_: Request, model_id: str) -> Response:
    """Answer one model with its owner and releases."""
    key = ModelKeySerializer(data={"model_id": model_id})
    key.is_valid(raise_exception=True)
    return Response(ModelSerializer(find_model(int(key.validated_data["model_id"]))).data)


urlpatterns = [path("models/<str:model_id>", read_model)]
