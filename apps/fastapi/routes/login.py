"""Tokens for passwords."""

from core.dependencies import Session
from core.documents import describe_errors
from core.limits import LimitedRoute
from fastapi import APIRouter
from models.schemas import CredentialsSchema, TokenSchema
from services.login import log_in

router = APIRouter(route_class=LimitedRoute)


@router.post(
    "/login",
    response_model=TokenSchema,
    responses=describe_errors(401, 413, 422, 503),
)
async def create_token(body: CredentialsSchema, session: Session) -> dict[str, str]:
    """Check a password, and answer a token."""
    return {"access_token": await log_in(session, body.email, body.password), "token_type": "bearer"}
