"""Who has signed up."""

from core.dependencies import Caller, Session
from core.documents import describe_errors
from core.limits import LimitedRoute
from fastapi import APIRouter, BackgroundTasks
from models.database import User
from models.schemas import CredentialsSchema, StatusSchema, UserSchema
from services.mail import send_welcome
from services.users import sign_up

router = APIRouter(route_class=LimitedRoute)


@router.post(
    "/users",
    status_code=202,
    response_model=StatusSchema,
    responses=describe_errors(409, 413, 422, 503),
)
async def create_user(body: CredentialsSchema, session: Session, background: BackgroundTasks) -> dict[str, str]:
    """Take a sign-up, and send the welcome mail in the background."""
    await sign_up(session, body.email, body.password)
    background.add_task(send_welcome, body.email)
    return {"status": "processing"}


@router.get("/me", response_model=UserSchema, responses=describe_errors(401, 503))
async def read_me(caller: Caller) -> User:
    """Answer who is logged in."""
    return caller
