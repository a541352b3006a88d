"""The tables of the shop, and the pool of connections to them. The tables are there already: nobody makes them here."""

from datetime import datetime
from functools import cache

from core.config import settings
from core.lifespan import closing
from sqlalchemy import URL, BigInteger, DateTime, Identity, MetaData, func, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# asyncpg gives every time in UTC; psycopg gives it in the time zone of the connection.
CONNECT_ARGS = {"psycopg": {"options": "-c timezone=UTC"}, "asyncpg": {}}


class Table(DeclarativeBase):
    """What all tables have in common."""

    metadata = MetaData()
    type_annotation_map = {datetime: DateTime(timezone=True)}  # noqa: RUF012  # SQLAlchemy's own name for it


class Item(Table):
    """Something to buy."""

    __tablename__ = "items"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str]
    category: Mapped[str]
    price_cents: Mapped[int]
    in_stock: Mapped[bool]
    description: Mapped[str]
    created_at: Mapped[datetime]


class User(Table):
    """Somebody who has signed up."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    last_login: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


@cache
def sessions() -> async_sessionmaker[AsyncSession]:
    """Make sessions over this process's one pool."""
    return async_sessionmaker(_open_engine(), expire_on_commit=False)  # what was read stays readable after a commit


def _open_engine() -> AsyncEngine:
    engine = create_async_engine(
        _database(),
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_max_overflow,
        pool_timeout=settings.database_pool_timeout_s,
        connect_args=CONNECT_ARGS[settings.database_driver],
        hide_parameters=True,  # else an error's text, and so the log, holds addresses and hashes
    )
    closing.push_async_callback(engine.dispose)
    return engine


def _database() -> URL:
    if settings.database_url is None:
        raise RuntimeError("DATABASE_URL is not set")
    return make_url(settings.database_url).set(drivername=f"postgresql+{settings.database_driver}")
