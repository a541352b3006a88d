"""Keeps who has signed up."""

from core.security import CredentialsError, hash_password
from models.database import User
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session


class EmailTakenError(ValueError):
    """Somebody has signed up with this address before."""


def sign_up(session: Session, email: str, password: str) -> None:
    """Keep a new user. Raises EmailTakenError: of two who come at once, the database lets in one."""
    session.add(User(email=email.lower(), password_hash=hash_password(password)))
    try:
        session.commit()
    except IntegrityError:
        raise EmailTakenError from None


def find_user(session: Session, user_id: int) -> User:
    """Find the user whom a token names. Raises CredentialsError."""
    user = session.get(User, user_id)
    if user is None:
        raise CredentialsError
    return user
