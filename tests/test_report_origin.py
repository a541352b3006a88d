from __future__ import annotations

from harness.model import Enforcement, Launched, Limits, ResultSet
from harness.report import origin
from tests import builders

GIB = 2**30


def launched(*, enforced: bool = True, cpus: tuple[int, ...] = (1,), memory_bytes: int | None = 4 * GIB) -> Launched:
    asked = Limits(cpus=cpus, memory_bytes=memory_bytes)
    enforcement = Enforcement(mechanism="cgroup v1", asked=asked, held={}, enforced=enforced)
    return builders.launched(builders.FLASK).model_copy(update={"enforcement": enforcement})


def run() -> ResultSet:
    return builders.result_set({builders.FLASK: 2500.0}, blocks=2, rounds=2, starts=1)


def limits(one: Launched | None) -> str:
    return origin.limits(builders.served(run(), builders.FLASK, launched=one))


def test_limits_that_the_kernel_reads_back_are_said_to_hold() -> None:
    assert limits(launched()) == "cgroup v1, CPU 1, 4 GiB: held"
    assert limits(launched(cpus=(1, 3), memory_bytes=None)) == "cgroup v1, CPUs 1, 3: held"


def test_limits_that_do_not_hold_are_called_not_enforced() -> None:
    assert limits(launched(enforced=False)) == "cgroup v1, CPU 1, 4 GiB: not enforced"


def test_each_different_finding_on_limits_is_said_once() -> None:
    made = builders.result_set({builders.FLASK: 2500.0, builders.FASTAPI: 4400.0}, blocks=2, rounds=2, starts=1)
    mixed = builders.served(made, builders.FLASK, launched=launched())
    mixed = builders.served(mixed, builders.FASTAPI, launched=launched(enforced=False))
    assert sorted(origin.limits(mixed).split("; ")) == [
        "cgroup v1, CPU 1, 4 GiB: held",
        "cgroup v1, CPU 1, 4 GiB: not enforced",
    ]


def test_a_run_that_launched_nothing_says_so() -> None:
    assert limits(None) == "nothing was launched"


def test_the_origin_names_limits_and_how_the_generator_waits() -> None:
    facts = dict(origin.facts(builders.served(run(), builders.FLASK, launched=launched())))
    assert facts["limits"] == "cgroup v1, CPU 1, 4 GiB: held"
    assert facts["waiting"] == "the generator spins"
    assert "generator sleeps" in origin.circumstances(builders.result_set(wait="sleep", blocks=1).head)
