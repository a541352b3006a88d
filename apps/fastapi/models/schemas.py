"""What goes over the wire, in and out: the response model of every answer that has one."""

from datetime import date
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel

# Taken as text: the frameworks' parsers of whole numbers disagree over "1.0", "1_0", "+1" and other alphabets' digits.
ModelId = Annotated[str, Path(pattern=r"^[1-9][0-9]{0,17}$", description="A whole number from 1, in plain digits.")]


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


class ErrorDetail(BaseModel):
    """What went wrong: a code for programs, a sentence for people."""

    code: str
    message: str


class ErrorSchema(BaseModel):
    """The one shape of every error."""

    error: ErrorDetail
