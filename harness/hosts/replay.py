"""A host that launches nothing: it plays back what a stored run says of its servers, in the same order."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self

from harness.errors import HostError, LaunchError
from harness.hosts.base import NOTHING_MORE, Environments
from harness.model import (
    BlockOutcome,
    Contender,
    DuetOutcome,
    Enforcement,
    Failure,
    Import,
    ImportsOutcome,
    Launched,
    Limits,
    MachineReading,
    Outcome,
    Placement,
    Request,
    ResultSet,
    ServerOutcome,
    StartOutcome,
    Usage,
)


class ReplayServer:
    """A server as it was: usage after the warm-up, then after the last slice, then before and after each duet."""

    def __init__(
        self, launched: Launched, usages: tuple[Usage | None, ...], imports: tuple[Import, ...] | None = None
    ) -> None:
        self.launched = launched
        self._usages = deque(usages)
        self._imports = imports

    def door(self) -> tuple[str, int]:
        return self.launched.host, self.launched.port

    def usage(self) -> Usage:
        usage = self._usages.popleft() if self._usages else None
        if usage is None:
            raise LaunchError(f"`{self.launched.contender}` has no further usage in the stored run.")
        return usage

    def cpu_s(self) -> float:
        return self.usage().cpu_s

    def imports(self) -> tuple[Import, ...]:
        return self._imports or ()


class ReplayHost:
    """Facts of `result_set`, label by label, in the order in which they were written; failures fail again."""

    def __init__(self, result_set: ResultSet) -> None:
        self._head = result_set.head
        self._launches: dict[str, deque[Callable[[Limits], ReplayServer]]] = defaultdict(deque)
        self._readings: deque[MachineReading] = deque()
        self._duets: list[DuetOutcome] = []
        for outcome in result_set.outcomes:
            self._take(outcome)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing runs."""

    @property
    def environments(self) -> Environments:
        """None: nothing is installed."""
        raise HostError("A stored run has no environments.", "What was installed for it stands in its run.json.")

    @property
    def placement(self) -> Placement:
        return self._head.placement

    def fingerprint(self) -> Mapping[str, Any]:
        return self._head.fingerprint.model_dump()

    def reading(self) -> MachineReading:
        if not self._readings:
            raise HostError("The stored run has no further reading of its machine.")
        return self._readings.popleft()

    def drop_page_cache(self) -> None:
        """There is none: what a start with a dropped one took is stored."""

    @contextmanager
    def launch(
        self,
        contender: Contender,
        python: Path,  # noqa: ARG002  # the seam's signature
        first: Request,  # noqa: ARG002  # the seam's signature
        limits: Limits,
        log: Path,  # noqa: ARG002  # the seam's signature
        timeout_s: float,  # noqa: ARG002  # the seam's signature
        environment: Mapping[str, str] = NOTHING_MORE,  # noqa: ARG002  # the seam's signature
    ) -> Iterator[ReplayServer]:
        stored = self._launches[contender.label]
        if not stored:
            raise HostError(f"The stored run has no further launch of `{contender.label}`.")
        yield stored.popleft()(limits)

    def _take(self, outcome: Outcome) -> None:
        if isinstance(outcome, StartOutcome):
            self._launches[outcome.contender].append(partial(_started, outcome))
        elif isinstance(outcome, DuetOutcome):
            self._duets.append(outcome)
        elif isinstance(outcome, ImportsOutcome):
            self._launches[outcome.contender].append(partial(_told, outcome))
        elif isinstance(outcome, BlockOutcome):
            self._readings += (outcome.machine_before, outcome.machine_after)
            for label, server in outcome.servers.items():
                duets = [duet for duet in self._duets if duet.block == outcome.block and label in duet.parts]
                self._launches[label].append(partial(_served, label, server, duets))


def _started(outcome: StartOutcome, limits: Limits) -> ReplayServer:
    if outcome.failure:
        raise _failed(outcome.failure)
    return ReplayServer(_made_up(outcome.contender, limits, outcome.listening_s, outcome.ready_s), ())


def _told(outcome: ImportsOutcome, limits: Limits) -> ReplayServer:
    if outcome.failure:
        raise _failed(outcome.failure)
    return ReplayServer(_made_up(outcome.contender, limits, None, None), (), outcome.imports)


def _served(label: str, server: ServerOutcome, duets: Sequence[DuetOutcome], limits: Limits) -> ReplayServer:
    if server.launched is None and server.failure:
        raise _failed(server.failure)
    usages = (server.warmed, server.ended, *_in_duets(label, server.ended, duets))
    return ReplayServer(server.launched or _made_up(label, limits, None, None), usages)


def _in_duets(label: str, ended: Usage | None, duets: Sequence[DuetOutcome]) -> Iterator[Usage | None]:
    """Usage before and after each duet: it differs by what the duet took."""
    for duet in duets:
        yield ended
        ended = ended and ended.model_copy(update={"cpu_s": ended.cpu_s + duet.parts[label].cpu_s})
        yield ended


def _made_up(label: str, limits: Limits, listening_s: float | None, ready_s: float | None) -> Launched:
    """A cold start kept its times only: all else is a stand-in, and is not called enforced."""
    return Launched(
        contender=label,
        host="127.0.0.1",
        port=0,
        pid=0,
        listening_s=listening_s or 0.0,
        ready_s=ready_s or 0.0,
        command=(),
        log="",
        enforcement=Enforcement(mechanism="replay", asked=limits, held={}, enforced=False),
    )


def _failed(failure: Failure) -> LaunchError:
    return LaunchError(failure.message, failure.hint)
