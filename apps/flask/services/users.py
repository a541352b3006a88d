"""Signs people up, and finds them."""

from core.security import hash_password
from models.database import User
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session


class EmailTakenError(ValueError):
    """Somebody has signed up with this e-mail address."""


def sign_up(session: Session, email: str, password: str) -> None:
    """Write a user down. Raises EmailTakenError: of two who come at once the database takes one."""
    session.add(User(email=email.lower(), password_hash=hash_password(password)))
    try:
        session.commit()
    except IntegrityError as error:
        raise EmailTakenError from error


def find_user(session: Session, user_id: int) -> User | None:
    """Find who has this id."""
    return session.get(User, user_id)
