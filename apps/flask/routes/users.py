"""Who has signed up."""

from typing import Any

from core.background import run_later
from core.dependencies import login_required, open_session, read_body
from core.documents import BEARER, body, describe
from flask import Blueprint, g
from models.described import status_schema
from models.schemas import credentials_schema, user_schema
from services.mail import send_welcome
from services.users import sign_up

blueprint = Blueprint("users", __name__)


@blueprint.post("/users")
@describe(status_schema, 409, 413, 422, 503, status=202, takes=body(credentials_schema))
def create_user() -> tuple[dict[str, str], int]:
    """Take a sign-up, and send the welcome mail in the background."""
    credentials = read_body(credentials_schema)
    sign_up(open_session(), credentials["email"], credentials["password"])
    run_later(send_welcome, credentials["email"])
    return {"status": "processing"}, 202


@blueprint.get("/me")
@describe(user_schema, 401, 503, takes=BEARER)
@login_required
def read_me() -> dict[str, Any]:
    """Answer who is logged in."""
    return user_schema.dump(g.caller)
