"""The tables of the shop, and the pool of connections to them. The tables are there already: nobody makes them here."""

from datetime import datetime
from typing import ClassVar

from core.config import settings
from core.lifespan import closing, once
from sqlalchemy import URL, BigInteger, DateTime, Engine, Identity, create_engine, func, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker


class Table(DeclarativeBase):
    """What all tables have in common."""

    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True)}


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


@once
def sessions() -> sessionmaker[Session]:
    """Make sessions over this process's one pool."""
    return sessionmaker(_open_engine(), expire_on_commit=False)  # what was read stays readable after a commit


def _open_engine() -> Engine:
    engine = create_engine(
        _database(),
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_max_overflow,
        pool_timeout=settings.database_pool_timeout_s,
        connect_args={"options": "-c timezone=UTC"},  # psycopg gives times in the time zone of the connection
        hide_parameters=True,  # else an error's text, and so the log, holds addresses and hashes
    )
    closing.callback(engine.dispose)
    return engine


def _database() -> URL:
    if settings.database_url is None:
        raise RuntimeError("DATABASE_URL is not set")
    return make_url(settings.database_url).set(drivername="postgresql+psycopg")
