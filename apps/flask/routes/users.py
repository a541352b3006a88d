"""Who has signed up."""

from typing import Any

from core.dependencies import get_session, login_required, read_body
from core.process import get_background
from flask import Blueprint, g
from models.schemas import credentials_schema, user_schema
from services.mail import send_welcome
from services.users import sign_up

blueprint = Blueprint("users", __name__)


@blueprint.post("/users")
def create_user() -> tuple[dict[str, str], int]:
    """Take a sign-up, and send the welcome mail in the background."""
    body = read_body(credentials_schema)
    sign_up(get_session(), body["email"], body["password"])
    get_background().submit(send_welcome, body["email"])
    return {"status": "processing"}, 202


@blueprint.get("/me")
@login_required
def read_me() -> dict[str, Any]:
    """Answer who is logged in."""
    return user_schema.dump(g.user)
