"""What the service is told by its environment, read once, and what it says of itself in its OpenAPI document."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

TITLE = "Shop"
VERSION = "1.0.0"


class Settings(BaseSettings):
    """The settings, each named like its environment variable. A service without address is missed when it is needed.

    Whatever may hold a secret is kept out of `repr`, and so out of logs.
    """

    model_config = SettingsConfigDict(frozen=True)

    database_url: str | None = Field(None, repr=False)
    database_driver: Literal["psycopg", "asyncpg"] = "psycopg"
    database_pool_size: int = 20
    database_max_overflow: int = 10
    database_pool_timeout_s: float = 30
    redis_url: str | None = Field(None, repr=False)
    cache_ttl_s: float = 1
    mail_url: str | None = Field(None, repr=False)
    mail_from: str = "shop@rematch.example"
    upstream_url: str | None = Field(None, repr=False)
    prometheus_multiproc_dir: str | None = None
    secret_key: SecretStr = SecretStr("signs-only-in-development-and-in-nothing-else")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "WARNING"


settings = Settings()
