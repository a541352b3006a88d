"""The tables as objects, and the way to them: an engine for the process, a session for each request."""

from datetime import datetime

from core.config import settings
from core.process import Once
from sqlalchemy import DateTime, Engine, create_engine, func, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    """Whatever has a table. The tables are made by whoever runs the database."""


class Item(Base):
    """Something that the shop sells."""

    __tablename__ = "items"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    category: Mapped[str]
    price_cents: Mapped[int]
    in_stock: Mapped[bool]
    description: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class User(Base):
    """Who has signed up."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    last_login: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


def open_session() -> Session:
    """Open a session; it takes a connection from the pool with its first statement."""
    return Session(get_engine())


def _make_engine() -> Engine:
    if settings.database_url is None:
        raise RuntimeError("DATABASE_URL is not set")
    return create_engine(
        make_url(settings.database_url).set(drivername="postgresql+psycopg"),
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_max_overflow,
        pool_timeout=settings.database_pool_timeout_s,
        hide_parameters=True,  # an error that quotes its statement would log e-mail addresses and password hashes
    )


get_engine = Once(_make_engine, Engine.dispose)
