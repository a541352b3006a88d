"""Keeps a connection to the database busy."""

from django.db import connection

DURATION_MS = 50


def sleep() -> int:
    """Sleep in the database, and say for how many milliseconds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [DURATION_MS / 1000])
    return DURATION_MS
