"""Who has signed up."""

from core.background import run_later
from core.dependencies import BearerAuthentication, read_credentials
from core.documents import answers
from django.urls import path
from drf_spectacular.utils import extend_schema
from models.described import StatusSerializer
from models.serializers import CredentialsSerializer, UserSerializer
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from services.mail import send_welcome
from services.users import sign_up


@extend_schema(request=CredentialsSerializer, responses=answers(StatusSerializer, 409, 413, 422, 503, status=202))
@api_view(["POST"])
def create_user(request: Request) -> Response:
    """Take a sign-up, and send the welcome mail in the background."""
    given = read_credentials(request)
    sign_up(given["email"], given["password"])
    run_later(send_welcome, given["email"])
    return Response({"status": "processing"}, 202)


@extend_schema(responses=answers(UserSerializer, 401, 503))
@api_view(["GET"])
@authentication_classes([BearerAuthentication])
@permission_classes([IsAuthenticated])
def read_me(request: Request) -> Response:
    """Answer who is logged in."""
    return Response(UserSerializer(request.user).data)


urlpatterns = [path("users", create_user), path("me", read_me)]
