"""What the service knows of machine-learning models, in memory: nested objects as a database mapper hands them out."""

from dataclasses import dataclass
from datetime import date

KNOWN = 100
TASKS = ("classification", "translation", "summarisation")
OWNERS = ("Ada", "Grace", "Edsger", "Barbara", "Niklaus")
CITIES = ("London", "Zurich")


@dataclass(frozen=True, slots=True)
class Team:
    """Who an owner works with."""

    name: str
    city: str


@dataclass(frozen=True, slots=True)
class Owner:
    """Who answers for a model."""

    id: int
    name: str
    team: Team


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured quality of a release."""

    name: str
    value: float
    higher_is_better: bool


@dataclass(frozen=True, slots=True)
class Release:
    """A published version of a model."""

    version: str
    released: date
    metrics: tuple[Metric, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A machine-learning model."""

    id: int
    name: str
    task: str
    parameters: int
    public: bool
    tags: tuple[str, ...]
    owner: Owner
    releases: tuple[Release, ...]


def _make_model(number: int) -> Model:
    return Model(
        id=number,
        name=f"model-{number}",
        task=TASKS[number % len(TASKS)],
        parameters=1_000_000 * number,
        public=number % 2 == 0,
        tags=("text", f"series-{number % 10}"),
        owner=_make_owner(number % len(OWNERS)),
        releases=(_make_release(number, 1), _make_release(number, 2)),
    )


def _make_owner(index: int) -> Owner:
    return Owner(id=index + 1, name=OWNERS[index], team=Team(name=f"team-{index}", city=CITIES[index % len(CITIES)]))


def _make_release(number: int, major: int) -> Release:
    accuracy = Metric(name="accuracy", value=0.25 * major + number / 256, higher_is_better=True)
    latency = Metric(name="latency_ms", value=number / 8 + major, higher_is_better=False)
    return Release(
        version=f"{major}.0.{number % 10}",
        released=date(2024 + major, number % 12 + 1, number % 28 + 1),
        metrics=(accuracy, latency),
    )


MODELS = {number: _make_model(number) for number in range(1, KNOWN + 1)}
