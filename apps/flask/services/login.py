"""Decides who may have a token."""

from core.security import CredentialsError, check_password, make_token
from models.database import User
from sqlalchemy import select
from sqlalchemy.orm import Session


def log_in(session: Session, email: str, password: str) -> str:
    """Make a token for whoever knows the password. Raises CredentialsError."""
    user = session.scalar(select(User).where(User.email == email.lower()))
    if not check_password(password, user and user.password_hash) or user is None:
        raise CredentialsError
    return make_token(user.id)
