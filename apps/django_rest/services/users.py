"""Keeps who has signed up."""

from core.security import CredentialsError, hash_password
from django.db import IntegrityError
from models.database import User


class EmailTakenError(ValueError):
    """Somebody has signed up with this address before."""


def sign_up(email: str, password: str) -> None:
    """Keep a new user. Raises EmailTakenError: of two who come at once, the database lets in one."""
    try:
        User.objects.create(email=email.lower(), password_hash=hash_password(password))
    except IntegrityError:
        raise EmailTakenError from None


def find_user(user_id: int) -> User:
    """Find the user whom a token names. Raises CredentialsError."""
    try:
        return User.objects.get(pk=user_id)
    except User.DoesNotExist:
        raise CredentialsError from None
