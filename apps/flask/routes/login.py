"""Tokens for passwords."""

from core.dependencies import open_session, read_body
from core.documents import body, describe
from flask import Blueprint
from models.schemas import credentials_schema, token_schema
from services.login import log_in

blueprint = Blueprint("login", __name__)


@blueprint.post("/login")
@describe(token_schema, 401, 413, 422, 503, takes=body(credentials_schema))
def create_token() -> dict[str, str]:
    """Check a password, and answer a token."""
    credentials = read_body(credentials_schema)
    token = log_in(open_session(), credentials["email"], credentials["password"])
    return token_schema.dump({"access_token": token, "token_type": "bearer"})
