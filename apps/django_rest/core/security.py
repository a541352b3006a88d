"""Decides whether a password or a token is to be believed. Hashing takes a CPU for tens of milliseconds."""

import re
from datetime import UTC, datetime, timedelta

import jwt
from django.conf import settings
from django.contrib.auth import hashers

ALGORITHM = "HS256"
LIFETIME = timedelta(minutes=30)
USER_ID = re.compile(r"[1-9][0-9]{0,17}")


class CredentialsError(Exception):
    """Nobody can be told from this password or token."""


class BcryptHasher(hashers.BCryptPasswordHasher):
    """Plain bcrypt at the cost that all three contenders pay; Django's would be 12."""

    rounds = 10


# Django puts the name of the algorithm before a hash; the table of users holds what bcrypt itself makes.
PREFIX = f"{BcryptHasher.algorithm}$"


def hash_password(password: str) -> str:
    """Hash a password of 72 bytes at most."""
    return hashers.make_password(password).removeprefix(PREFIX)


def check_password(password: str, password_hash: str | None) -> bool:
    """Say whether a password is the one that was hashed; without a hash it is not, but takes as long to say."""
    if password_hash is None:
        hashers.make_password(password)
        return False
    return hashers.check_password(password, PREFIX + password_hash)


def make_token(user_id: int) -> str:
    """Make a token that says who its bearer is."""
    now = datetime.now(UTC)
    return jwt.encode({"sub": str(user_id), "iat": now, "exp": now + LIFETIME}, settings.SECRET_KEY, ALGORITHM)


def read_token(token: str) -> int:
    """Read who the bearer of a token is. Raises CredentialsError if it is forged, expired or none of ours."""
    required = {"require": ["sub", "exp"]}
    try:
        subject = jwt.decode(token, settings.SECRET_KEY, algorithms=[ALGORITHM], options=required)["sub"]
    except jwt.InvalidTokenError:
        raise CredentialsError from None
    if not USER_ID.fullmatch(subject):
        raise CredentialsError
    return int(subject)
