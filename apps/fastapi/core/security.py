"""Decides whether a password or a token is to be believed. Hashing takes a CPU for tens of milliseconds."""

import re
from datetime import UTC, datetime, timedelta

import bcrypt
import jwt

from core.config import settings

ROUNDS = 10
ALGORITHM = "HS256"
LIFETIME = timedelta(minutes=30)
USER_ID = re.compile(r"[1-9][0-9]{0,17}")

# What an unknown user's password is compared with, so that the time of an answer does not tell who has signed up.
NOBODYS_HASH = "$2b$10$jC.7W/GPFZmqURIewQJDgukwnAsKLTxvhPkjb1YPiGs3bP4OU3Xtm"


class CredentialsError(Exception):
    """Nobody can be told from this password or token."""


def hash_password(password: str) -> str:
    """Hash a password of 72 bytes at most."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(ROUNDS)).decode()


def check_password(password: str, password_hash: str | None) -> bool:
    """Say whether a password is the one that was hashed; without a hash it is not, but takes as long to say."""
    matches = bcrypt.checkpw(password.encode(), (password_hash or NOBODYS_HASH).encode())
    return matches and password_hash is not None


def make_token(user_id: int) -> str:
    """Make a token that says who its bearer is."""
    now = datetime.now(UTC)
    claims = {"sub": str(user_id), "iat": now, "exp": now + LIFETIME}
    return jwt.encode(claims, settings.secret_key.get_secret_value(), ALGORITHM)


def read_token(token: str) -> int:
    """Read who the bearer of a token is. Raises CredentialsError if it is forged, expired or none of ours."""
    key, required = settings.secret_key.get_secret_value(), {"require": ["sub", "exp"]}
    try:
        subject = jwt.decode(token, key, algorithms=[ALGORITHM], options=required)["sub"]
    except jwt.InvalidTokenError:
        raise CredentialsError from None
    if not USER_ID.fullmatch(subject):
        raise CredentialsError
    return int(subject)
