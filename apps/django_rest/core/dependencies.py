"""What routes ask for: who is calling, whether they may, and a chain of five links that only costs."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from models.database import User
from models.serializers import ApiKeySerializer, CredentialsSerializer
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from services.expensive import RateLimitedError, take_turn
from services.injection import add_link
from services.users import find_user

from core.bodies import receive_body
from core.security import CredentialsError, read_token

View = Callable[..., Response]


class BearerAuthentication(BaseAuthentication):
    """Finds whose token came along."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """Find the caller; None if no token came, which the permission then refuses."""
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        try:
            return find_user(read_token(token.strip())), None
        except CredentialsError as error:
            raise AuthenticationFailed from error

    def authenticate_header(self, _: Request) -> str:
        """Say how to ask for more: with this REST framework answers 401, without it 403."""
        return "Bearer"


class AnyAccept(DefaultContentNegotiation):
    """Answers what there is, whatever a client would accept: for routes that answer no JSON but when they refuse."""

    def select_renderer(self, _: Request, renderers: list[BaseRenderer], *__: Any) -> tuple[BaseRenderer, str]:
        """Choose the renderer of errors."""
        return renderers[0], renderers[0].media_type


class ClientThrottle(BaseThrottle):
    """Lets a client through five times a minute."""

    def allow_request(self, request: Request, _: Any) -> bool:
        """Count this request, and say whether it may pass."""
        client = ApiKeySerializer(data={"key": request.headers.get("X-Api-Key")})
        client.is_valid(raise_exception=True)
        try:
            take_turn(client.validated_data["key"])
        except RateLimitedError as error:
            self.retry_after_s = error.retry_after_s
            return False
        return True

    def wait(self) -> int:
        """Say in how many seconds to come again."""
        return self.retry_after_s


def read_credentials(request: Request) -> dict[str, str]:
    """Read the e-mail address and the password in a body. Raises ValidationError, RequestDataTooBig."""
    receive_body(request)
    given = CredentialsSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    return given.validated_data


def link_1(view: View) -> View:
    """Begin the chain."""
    return _link(view, "link_1", lambda _: add_link(0))


def link_2(view: View) -> View:
    """Add the second link."""
    return _link(view, "link_2", lambda request: add_link(request.link_1))


def link_3(view: View) -> View:
    """Add the third link."""
    return _link(view, "link_3", lambda request: add_link(request.link_2))


def link_4(view: View) -> View:
    """Add the fourth link."""
    return _link(view, "link_4", lambda request: add_link(request.link_3))


def link_5(view: View) -> View:
    """End the chain."""
    return _link(view, "link_5", lambda request: add_link(request.link_4))


def _link(view: View, name: str, make: Callable[[Request], int]) -> View:
    @wraps(view)
    def linked(request: Request, *args: Any, **kwargs: Any) -> Response:
        setattr(request, name, make(request))
        return view(request, *args, **kwargs)

    return linked
