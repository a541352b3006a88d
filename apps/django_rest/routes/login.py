"""Tokens for passwords."""

from core.dependencies import read_credentials
from core.documents import answers
from django.urls import path
from drf_spectacular.utils import extend_schema
from models.serializers import CredentialsSerializer, TokenSerializer
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from services.login import log_in


@extend_schema(request=CredentialsSerializer, responses=answers(TokenSerializer, 401, 413, 422, 503))
@api_view(["POST"])
def create_token(request: Request) -> Response:
    """Check a password, and answer a token."""
    given = read_credentials(request)
    token = log_in(given["email"], given["password"])
    return Response(TokenSerializer({"access_token": token, "token_type": "bearer"}).data)


urlpatterns = [path("login", create_token)]
