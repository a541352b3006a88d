"""Cold starts: which are made, in which order, and how each finds its files; and once per contender, its imports."""

from __future__ import annotations

import time
from collections.abc import Iterator

from harness import block, schedule
from harness.block import Field
from harness.errors import LaunchError
from harness.model import (
    Failure,
    ImportsOutcome,
    ResultSet,
    RunHead,
    Start,
    StartOutcome,
    StartVariant,
)
from harness.services import Services

# Python looks for bytecode in a folder that cannot exist, finds none and can leave none; what lies elsewhere stays.
_WITHOUT_BYTECODE = {"PYTHONPYCACHEPREFIX": "/dev/null", "PYTHONDONTWRITEBYTECODE": "1"}
_TELLING_IMPORTS = {"PYTHONPROFILEIMPORTTIME": "1"}


def steps(head: RunHead) -> int:
    """How many outcomes the cold starts of a whole run have."""
    imports = len(_starting(head)) if head.plan.times_imports else 0
    return imports + sum(1 for _ in schedule.filled(_planned(head)))


def play(field: Field, done: ResultSet, attempt: int) -> Iterator[ImportsOutcome | StartOutcome]:
    """Time the imports and the starts that a run lacks. Every contender has been started before, warm."""
    told = {one.contender for one in done.imports}
    untold = [label for label in _starting(done.head) if done.head.plan.times_imports and label not in told]
    had = {(start.contender, start.variant, start.index) for start in done.starts}
    lacking = [one for one in _planned(done.head) if (one.contender, one.variant, one.index) not in had]
    if untold or lacking:
        with block.open_services(field, "start-services.log") as beside:
            yield from (_imports(field, label, attempt, beside) for label in untold)
            yield from (_start(field, start, attempt, beside) for start in schedule.filled(lacking))


def said_of(outcome: ImportsOutcome | StartOutcome) -> str:
    """An outcome in a few words, for progress."""
    if isinstance(outcome, ImportsOutcome):
        return f"imports of {outcome.contender}"
    if not outcome.counted:
        return f"filled the page cache for {outcome.contender}, {outcome.variant.in_words}"
    further = "" if outcome.variant is StartVariant.WARM else f", {outcome.variant.in_words}"
    return f"cold start {outcome.index + 1} of {outcome.contender}{further}"


def _starting(head: RunHead) -> tuple[str, ...]:
    """Whose cold start is timed: not that of the yardsticks."""
    return tuple(member.label for member in head.members if not member.is_yardstick)


def _planned(head: RunHead) -> tuple[Start, ...]:
    """The starts of the plan that can be made on its host."""
    starts = schedule.starts(head.plan, _starting(head))
    return tuple(one for one in starts if head.drops_page_cache or one.variant is not StartVariant.DROPPED)


def _start(field: Field, start: Start, attempt: int, beside: Services) -> StartOutcome:
    more = _WITHOUT_BYTECODE if start.variant is StartVariant.NO_BYTECODE else {}
    environment = {**beside.environment(start.contender), **more}
    if start.variant is StartVariant.DROPPED:
        field.host.drop_page_cache()
    at = time.time()
    listening_s, ready_s, failure = None, None, None
    try:
        with block.launch(field, start.contender, f"start-{start.contender}.log", environment) as server:
            listening_s, ready_s = server.launched.listening_s, server.launched.ready_s
    except LaunchError as error:
        failure = _failed(error)
    facts = {"attempt": attempt, "at": at, "listening_s": listening_s, "ready_s": ready_s, "failure": failure}
    return StartOutcome(**start.model_dump(), **facts)


def _imports(field: Field, label: str, attempt: int, beside: Services) -> ImportsOutcome:
    """Its own start: telling takes time, so none that is timed does it."""
    environment = {**beside.environment(label), **_TELLING_IMPORTS}
    at = time.time()
    imports, failure = None, None
    try:
        with block.launch(field, label, f"imports-{label}.log", environment) as server:
            imports = server.imports() or None
    except LaunchError as error:
        failure = _failed(error)
    return ImportsOutcome(contender=label, attempt=attempt, at=at, imports=imports, failure=failure)


def _failed(error: LaunchError) -> Failure:
    return Failure(stage="launch", message=error.message, hint=error.hint)
