"""What views ask for: a session, a body, who is calling, whether they may, and a chain of five links."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial, wraps
from itertools import islice
from typing import Any

from flask import Flask, g, request
from gunicorn.http.errors import ParseException
from marshmallow import Schema
from models.database import sessions
from models.schemas import client_schema
from services.expensive import take_turn
from services.injection import add_link
from services.users import find_user
from sqlalchemy.orm import Session
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from core.security import CredentialsError, read_token

MAX_BODY_BYTES = 65_536
DRAINED_BYTES = 4_194_304
PIECE_BYTES = 65_536

View = Callable[..., Any]


def register_dependencies(app: Flask) -> None:
    """Have `app` close what a request has opened, and read so much of a body and no more."""
    # One byte more than is taken: Flask cuts a body of no stated length off here, where it might refuse it.
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES + 1
    app.teardown_appcontext(close_session)


def open_session() -> Session:
    """Open the one session of this request. It takes a connection from the pool when it first needs one."""
    if "session" not in g:
        g.session = sessions()()
    return g.session


def close_session(_: BaseException | None) -> None:
    """Close the session of this request, if it has one."""
    if "session" in g:
        g.session.close()


def read_body(schema: Schema) -> dict[str, Any]:
    """Read a JSON body. Raises ValidationError if it is anything else, and as `measure_body` does."""
    measure_body()  # before it is asked what it says that it is
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # brackets in brackets in brackets
        body = None
    return schema.load(body)


def measure_body() -> None:
    """Read the whole of a body. Raises RequestEntityTooLarge, ClientDisconnected."""
    try:
        size_bytes = len(request.get_data())
    except RequestEntityTooLarge:  # by what it says of its own size
        size_bytes = MAX_BODY_BYTES + 1
    if size_bytes > MAX_BODY_BYTES:
        drain_body()
        raise RequestEntityTooLarge
    check_end(size_bytes)


def check_end(size_bytes: int) -> None:
    """Refuse a body that has broken off, which gunicorn takes for its end. Raises ClientDisconnected."""
    if request.content_length not in {None, size_bytes}:
        raise ClientDisconnected


def drain_body() -> None:
    """Read away what is left of a body: gunicorn ends a connection, and says so to nobody, where it was over 64 KiB."""
    pieces = iter(partial(request.input_stream.read, PIECE_BYTES), b"")
    with suppress(OSError, ParseException):
        deque(islice(pieces, DRAINED_BYTES // PIECE_BYTES), maxlen=0)


def login_required(view: View) -> View:
    """Let only those in whose token says who they are: `g.caller`."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        token = request.authorization
        if token is None or token.type != "bearer" or token.token is None:
            raise CredentialsError
        g.caller = find_user(open_session(), read_token(token.token))
        return view(*args, **kwargs)

    return guarded


def limit_rate(view: View) -> View:
    """Let a client through five times a minute."""

    @wraps(view)
    def limited(*args: Any, **kwargs: Any) -> Any:
        client = client_schema.load({"X-Api-Key": request.headers.get("X-Api-Key")})
        take_turn(client["key"])
        return view(*args, **kwargs)

    return limited


def link_1(view: View) -> View:
    """Begin the chain."""
    return _link(view, "link_1", lambda: add_link(0))


def link_2(view: View) -> View:
    """Add the second link."""
    return _link(view, "link_2", lambda: add_link(g.link_1))


def link_3(view: View) -> View:
    """Add the third link."""
    return _link(view, "link_3", lambda: add_link(g.link_2))


def link_4(view: View) -> View:
    """Add the fourth link."""
    return _link(view, "link_4", lambda: add_link(g.link_3))


def link_5(view: View) -> View:
    """End the chain."""
    return _link(view, "link_5", lambda: add_link(g.link_4))


def _link(view: View, name: str, make: Callable[[], int]) -> View:
    @wraps(view)
    def linked(*args: Any, **kwargs: Any) -> Any:
        setattr(g, name, make())
        return view(*args, **kwargs)

    return linked
