"""Decides who gets a token."""

from core.security import CredentialsError, check_password, make_token
from models.database import User


def log_in(email: str, password: str) -> str:
    """Make a token for whoever knows the password. Raises CredentialsError."""
    user = User.objects.filter(email=email.lower()).first()
    if not check_password(password, user.password_hash if user else None):
        raise CredentialsError
    return make_token(user.id)
