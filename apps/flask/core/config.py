"""Decides what the service is told from outside: read from the environment once, when the process starts."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields


@dataclass(frozen=True, slots=True)
class Settings:
    """What may differ from one installation to the next. A service without an address fails where it is first needed.

    Whatever may hold a secret is kept out of `repr`, and so out of logs.
    """

    secret_key: str = field(default="signs-only-in-development-and-in-nothing-else", repr=False)
    database_url: str | None = field(default=None, repr=False)
    database_pool_size: int = 20
    database_max_overflow: int = 10
    database_pool_timeout_s: float = 30
    redis_url: str | None = field(default=None, repr=False)
    cache_ttl_s: float = 1
    mail_url: str | None = field(default=None, repr=False)
    mail_from: str = "shop@rematch.example"
    upstream_url: str | None = field(default=None, repr=False)
    log_level: str = "WARNING"
    prometheus_multiproc_dir: str | None = None


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read each setting from the variable of its name in capitals. Raises ValueError where a number is none."""
    given = {known: environment[known.name.upper()] for known in fields(Settings) if known.name.upper() in environment}
    numbers = (int, float)
    return Settings(
        **{known.name: known.type(text) if known.type in numbers else text for known, text in given.items()}
    )


settings = read_settings(os.environ)
