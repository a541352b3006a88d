"""Decides what a view is given: a database session, the current user, the input, a chain of five links."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, g, request
from marshmallow import Schema
from models.database import Session, open_session
from services.injection import add_link
from services.users import find_user

from core.security import CredentialsError, read_token

View = Callable[..., Any]
LARGEST_BODY_BYTES = 65_536


def register_dependencies(app: Flask) -> None:
    """Refuse bodies that are too large, and close the session of each request of `app`."""
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY_BYTES
    app.teardown_appcontext(close_session)


def get_session() -> Session:
    """Give the one session of this request, opened when it is first needed."""
    if "session" not in g:
        g.session = open_session()
    return g.session


def close_session(_: BaseException | None) -> None:
    """Give the connection of this request back, if it took one."""
    if "session" in g:
        g.pop("session").close()


def read_body(schema: Schema) -> dict[str, Any]:
    """Read a JSON body. Raises ValidationError, whatever keeps it from being one; RequestEntityTooLarge."""
    request.get_data()  # its size comes first, whatever it says that it is
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # a body of nothing but brackets
        body = None
    return schema.load(body)


def login_required(view: View) -> View:
    """Let the current user through, as `g.user`. Raises CredentialsError for everybody else."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        g.user = _find_current_user()
        return view(*args, **kwargs)

    return guarded


def _find_current_user() -> Any:
    sent = request.authorization
    if sent is None or sent.type != "bearer" or sent.token is None:
        raise CredentialsError
    user = find_user(get_session(), read_token(sent.token))
    if user is None:
        raise CredentialsError
    return user


def _make_link(name: str, before: str) -> Callable[[View], View]:
    """Make a decorator that adds one to what the link before has given, and gives it to the request."""

    def link(view: View) -> View:
        @wraps(view)
        def linked(*args: Any, **kwargs: Any) -> Any:
            setattr(g, name, add_link(g.get(before, 0)))
            return view(*args, **kwargs)

        return linked

    return link


link_1 = _make_link("link_1", before="")
link_2 = _make_link("link_2", before="link_1")
link_3 = _make_link("link_3", before="link_2")
link_4 = _make_link("link_4", before="link_3")
link_5 = _make_link("link_5", before="link_4")
