"""What goes over the wire, in and out: the response model of every answer that has one."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, EmailStr, Field
from pydantic.json_schema import SkipJsonSchema

from models.catalogue import CATEGORIES

PLAIN_EMAIL = re.compile(r"[!-;=?-~]{3,254}")
PASSWORD_BYTES = range(8, 73)  # bcrypt knows no more than 72

# Taken as text: the frameworks' parsers of whole numbers disagree over "1.0", "1_0", "+1" and other alphabets' digits.
ModelId = Annotated[str, Path(pattern=r"^[1-9][0-9]{0,17}$", description="A whole number from 1, in plain digits.")]
ItemId = Annotated[str, Path(pattern=r"^[1-9][0-9]{0,17}$", description="A whole number from 1, in plain digits.")]
Page = Annotated[str, Query(pattern=r"^[1-9][0-9]{0,3}$", description="A whole number from 1, in plain digits.")]
Category = Literal[CATEGORIES] | SkipJsonSchema[None]  # None: it was left out, and cannot be sent


def _is_plain(email: Any) -> Any:
    """Refuse names beside the address, blanks and other alphabets, over which the frameworks' validators disagree."""
    if isinstance(email, str) and not PLAIN_EMAIL.fullmatch(email):
        raise ValueError("an e-mail address is made of letters, digits and signs")
    return email


def _fits(password: str) -> str:
    if len(password.encode()) not in PASSWORD_BYTES:
        raise ValueError("a password is 8 to 72 bytes long")
    return password


# Limits that `_is_plain` and `_fits` hold, as the OpenAPI document says them: it counts letters, and we count bytes.
EMAIL_LIMITS = {"minLength": 3, "maxLength": 254}
PASSWORD_LIMITS = {
    "minLength": 2,
    "maxLength": 72,
    "description": "8 to 72 bytes of UTF-8, of which a letter takes 1 to 4.",
}

Email = Annotated[EmailStr, BeforeValidator(_is_plain), Field(json_schema_extra=EMAIL_LIMITS)]
Password = Annotated[str, AfterValidator(_fits), Field(json_schema_extra=PASSWORD_LIMITS)]


class GreetingSchema(BaseModel):
    """A greeting."""

    message: str


class TeamSchema(BaseModel):
    """Who an owner works with."""

    name: str
    city: str


class OwnerSchema(BaseModel):
    """Who answers for a model."""

    id: int
    name: str
    team: TeamSchema


class MetricSchema(BaseModel):
    """One measured quality of a release."""

    name: str
    value: float
    higher_is_better: bool


class ReleaseSchema(BaseModel):
    """A published version of a model."""

    version: str
    released: date
    metrics: list[MetricSchema]


class ModelSchema(BaseModel):
    """A machine-learning model."""

    id: int
    name: str
    task: str
    parameters: int
    public: bool
    tags: list[str]
    owner: OwnerSchema
    releases: list[ReleaseSchema]


class ItemSchema(BaseModel):
    """Something to buy."""

    id: int
    name: str
    category: str
    price_cents: int
    in_stock: bool
    description: str
    created_at: datetime


class ItemPageSchema(BaseModel):
    """Some of the items, and how many there are."""

    total: int
    page: int
    page_size: int
    items: list[ItemSchema]


class SizeSchema(BaseModel):
    """How much room something takes."""

    width_mm: int
    height_mm: int
    depth_mm: int


class EntrySchema(BaseModel):
    """Something to buy, as the catalogue has it."""

    id: int
    name: str
    category: str
    price_cents: int
    in_stock: bool
    rating: float
    tags: list[str]
    size: SizeSchema


class CatalogueSchema(BaseModel):
    """The whole catalogue."""

    items: list[EntrySchema]


class ChainSchema(BaseModel):
    """A greeting, and how many dependencies it took."""

    message: str
    depth: int


class CredentialsSchema(BaseModel):
    """Who somebody is, or wants to be."""

    email: Email
    password: Password


class TokenSchema(BaseModel):
    """What to send along from now on."""

    access_token: str
    token_type: str


class UserSchema(BaseModel):
    """Who is logged in."""

    id: int
    email: str
    last_login: datetime | None


class StatusSchema(BaseModel):
    """What becomes of what was asked for."""

    status: str


class FiguresSchema(BaseModel):
    """What there is of a category."""

    category: str
    items: int
    mean_price_cents: int


class TopSchema(BaseModel):
    """Figures of all categories."""

    categories: list[FiguresSchema]


class RateSchema(BaseModel):
    """What the other service says."""

    rate: Annotated[float, Field(strict=True, allow_inf_nan=False)]


class SleepSchema(BaseModel):
    """How long the database slept."""

    slept_ms: int


class GraphQuerySchema(BaseModel):
    """A query of the catalogue."""

    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815  # GraphQL's own name for it


class GraphPlaceSchema(BaseModel):
    """A place in a query."""

    line: int
    column: int


class GraphErrorSchema(BaseModel):
    """What was wrong with a query, and where."""

    message: str
    locations: list[GraphPlaceSchema] = Field(default_factory=list)
    path: list[str | int] = Field(default_factory=list)
    extensions: dict[str, Any] = Field(default_factory=dict)


class GraphAnswerSchema(BaseModel):
    """What a query found, and what was wrong with it."""

    data: dict[str, Any] | None
    errors: list[GraphErrorSchema] = Field(default_factory=list)


class UploadSchema(BaseModel):
    """What a body came to."""

    size_bytes: int
    crc32: int


class ErrorDetail(BaseModel):
    """What went wrong: a code for programs, a sentence for people."""

    code: str
    message: str


class ErrorSchema(BaseModel):
    """The one shape of every error."""

    error: ErrorDetail
