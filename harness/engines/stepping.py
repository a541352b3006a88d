"""An engine whose load comes from processes of its own: starts them for one drive, and decides how long turns last."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness.engines.base import turn_duration_s
from harness.engines.job import Job, Portion
from harness.engines.process import GeneratorProcess, Spot, here, refuse_too_few_files, started
from harness.engines.team import Team, Teammate
from harness.errors import EngineError
from harness.model import Placement, Plan, Recording, Scenario, Target, Turn

_MARGIN_S = 30.0
_WARM_UP = 0


class SteppedEngine:
    """An Engine of generator processes that step through turns together. `module` is what such a process runs.

    At each of `spots` (none: on this machine) there are `plan.load_processes` of them. They are given up when a turn
    takes `margin_s` longer than the longest that is possible; the first also pays their start.
    """

    module: str

    def __init__(self, spots: Sequence[Spot] = (), *, margin_s: float = _MARGIN_S) -> None:
        self._spots = spots
        self._margin_s = margin_s

    def drive(
        self,
        targets: Mapping[str, Target],
        plan: Plan,
        turns: Sequence[Turn],
        placement: Placement,
        log: Path,
    ) -> Generator[Recording, None, None]:
        """See `engines.base.Engine`. With `plan.samples` raw latencies go to `samples/<log's name>/` beside logs/.

        From the second process on, logs have a number: `engine-2.log`.
        """
        warm: dict[str, tuple[float, float]] = {}
        with self._team(targets, plan, turns, placement, log) as team:
            for turn in turns:
                recordings = team.take(turn, _duration_s(plan, turn, warm))
                if turn.round == _WARM_UP:
                    warm |= {one.contender: _speed(one, targets[one.contender].scenario) for one in recordings}
                yield from recordings

    @contextmanager
    def _team(
        self, targets: Mapping[str, Target], plan: Plan, turns: Sequence[Turn], placement: Placement, log: Path
    ) -> Iterator[Team]:
        places = _places(self._spots or (here(),), plan, placement)
        jobs = [
            Job(
                targets=targets,
                plan=plan,
                turns=tuple(turns),
                cpus=cpus,
                samples=_samples(_log(log, index)) if plan.samples else None,
                portion=Portion(index=index, of=len(places)),
            )
            for index, (_, cpus) in enumerate(places)
        ]
        with ExitStack() as stack:
            processes = [
                stack.enter_context(_generator(spot, self.module, job, _log(log, job.portion.index)))
                for (spot, _), job in zip(places, jobs, strict=True)
            ]
            for process, job in zip(processes, jobs, strict=True):
                process.tell(job.model_dump_json().encode())
            mates = [Teammate(process, job.connections) for process, job in zip(processes, jobs, strict=True)]
            yield Team(mates, plan, plan.request_timeout_s + self._margin_s)


def share_of_cpus(cores: Sequence[Sequence[int]], index: int, of: int) -> tuple[int, ...]:
    """Those of the `index`-th of so many processes: whole cores, as long as there are enough; else threads of them.

    Where there are fewer of these than processes, some share one.
    """
    parts = cores if len(cores) >= of else [(cpu,) for core in cores for cpu in core]
    if len(parts) < of:
        return tuple(parts[index % len(parts)]) if parts else ()
    return tuple(cpu for part in parts[index * len(parts) // of : (index + 1) * len(parts) // of] for cpu in part)


def _places(spots: Sequence[Spot], plan: Plan, placement: Placement) -> list[tuple[Spot, tuple[int, ...]]]:
    """Where each process is started, and the CPUs that it gets there. Raises EngineError for more than connections."""
    each = plan.load_processes
    if plan.connections < each * len(spots):
        raise EngineError(
            f"{each * len(spots)} load generators cannot share {plan.connections} connections",
            "Choose more connections, or fewer generators.",
        )
    ours = [(cpu,) for cpu in placement.generator_cpus]
    return [
        (spot, share_of_cpus(ours if spot.cores is None else spot.cores, index, each))
        for spot in spots
        for index in range(each)
    ]


@contextmanager
def _generator(spot: Spot, module: str, job: Job, log: Path) -> Iterator[GeneratorProcess]:
    if spot.host is None:
        refuse_too_few_files(job)
    with started(spot, (module, *spot.further()), log) as process:
        yield process


def _log(log: Path, index: int) -> Path:
    return log.with_stem(f"{log.stem}-{index + 1}") if index else log


def _samples(log: Path) -> Path:
    return log.absolute().parent.parent / "samples" / log.stem


def _duration_s(plan: Plan, turn: Turn, warm: Mapping[str, tuple[float, float]]) -> float:
    """How long a turn is to last; a slice by what its contender's warm-up was like."""
    if turn.round == _WARM_UP:
        return turn.lead_s + plan.warm_s
    if turn.rate_per_s:
        return plan.open_s
    if turn.beside:
        return plan.duet_s
    return turn.lead_s + turn_duration_s(plan, *warm.get(turn.contender, (0.0, 0.0)))


def _speed(warm_up: Recording, scenario: Scenario) -> tuple[float, float]:
    """Served requests per second and the longest latency, as far as they were counted: nothing, after too short a one.

    What the first turnovers take is not counted in slices either, and so makes none of them longer.
    """
    return warm_up.served_per_s(scenario.refusals) or 0.0, warm_up.latency.max_s or 0.0
