"""Tokens for passwords."""

from core.dependencies import read_credentials
from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from services.login import log_in


@api_view(["POST"])
def create_token(request: Request) -> Response:
    """Check a password, and answer a token."""
    given = read_credentials(request)
    return Response({"access_token": log_in(given["email"], given["password"]), "token_type": "bearer"})


urlpatterns = [path("login", create_token)]
