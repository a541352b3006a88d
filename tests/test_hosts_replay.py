"""A stored run played back launches nothing and says what the run said, in its order."""

from pathlib import Path

import pytest

from harness.errors import HostError, LaunchError
from harness.hosts.replay import ReplayHost
from harness.model import (
    App,
    BlockOutcome,
    Contender,
    Deployment,
    Enforcement,
    Failure,
    Import,
    ImportsOutcome,
    Launched,
    Limits,
    MachineReading,
    Outcome,
    Request,
    ResultSet,
    ServerOutcome,
    StartOutcome,
    StartVariant,
    Usage,
)
from tests.builders import FLASK, SCENARIO, result_set

ASKED: Request = SCENARIO.requests[0]
LIMITS = Limits(cpus=(1,))
HOW = (Path("python"), ASKED, LIMITS, Path("log"), 1.0)


def contender(label: str = FLASK) -> Contender:
    app = App(name="flask", folder=Path("/nowhere"), title="", deployments={"one": Deployment(command=("x",))})
    return Contender(label=label, app=app, deployment_name="one")


def stored(*outcomes: Outcome) -> ReplayHost:
    return ReplayHost(ResultSet(head=result_set(blocks=8).head, outcomes=outcomes))


def block(server: ServerOutcome, began_s: float = 1.0) -> BlockOutcome:
    before, after = (MachineReading(monotonic_s=at, busy_s=0, steal_s=0, own_s=0) for at in (began_s, began_s + 1))
    times = {"block": 0, "attempt": 1, "started_at": 0.0, "ended_at": 1.0}
    return BlockOutcome.model_validate(
        {**times, "machine_before": before, "machine_after": after, "servers": {FLASK: server}}
    )


def server() -> ServerOutcome:
    enforcement = Enforcement(mechanism="affinity", asked=LIMITS, held={}, enforced=True)
    times = {"listening_s": 0.1, "ready_s": 0.2}
    facts = {"host": "127.0.0.1", "port": 8001, "pid": 9, "command": ("x",), "log": "l", "enforcement": enforcement}
    usages = [Usage(cpu_s=cpu_s, memory_bytes=None, processes=()) for cpu_s in (1.0, 2.0)]
    launched = Launched.model_validate({"contender": FLASK, **times, **facts})
    return ServerOutcome(launched=launched, warmed=usages[0], ended=usages[1])


def test_starts_and_blocks_come_back_in_the_order_of_the_run() -> None:
    start = StartOutcome(contender=FLASK, attempt=1, index=0, at=0.0, listening_s=0.2, ready_s=0.3)
    host = stored(start, block(server()))
    with host.launch(contender(), *HOW) as first:
        assert (first.launched.listening_s, first.launched.ready_s) == (0.2, 0.3)
        assert not first.launched.enforcement.enforced
    with host.launch(contender(), *HOW) as second:
        assert second.launched.port == 8001
        assert [second.usage().cpu_s, second.usage().cpu_s] == [1.0, 2.0]
        with pytest.raises(LaunchError, match="no further usage"):
            second.usage()


def test_imports_and_uncounted_starts_come_back_where_they_were() -> None:
    imports = (Import(module="json", self_s=0.1, cumulative_s=0.2),)
    told = ImportsOutcome(contender=FLASK, attempt=1, at=0.0, imports=imports)
    bare = {"contender": FLASK, "attempt": 1, "index": 0, "at": 0.0, "variant": StartVariant.NO_BYTECODE}
    host = stored(told, StartOutcome(**bare, counted=False, ready_s=9.0), StartOutcome(**bare, ready_s=1.0))
    with host.launch(contender(), *HOW) as first:
        assert first.imports() == imports
    for ready_s in (9.0, 1.0):
        with host.launch(contender(), *HOW, {"PYTHONDONTWRITEBYTECODE": "1"}) as server:
            assert server.launched.ready_s == ready_s
            assert server.imports() == ()


def test_readings_come_back_block_by_block_until_there_are_none() -> None:
    host = stored(block(server(), 1.0), block(server(), 5.0))
    assert [host.reading().monotonic_s for _ in range(4)] == [1.0, 2.0, 5.0, 6.0]
    with pytest.raises(HostError):
        host.reading()


def test_stored_failures_fail_again() -> None:
    failure = Failure(stage="launch", message="`x` did not answer.", hint="Look.")
    start = StartOutcome(contender=FLASK, attempt=1, index=0, at=0.0, failure=failure)
    host = stored(start, block(ServerOutcome(failure=failure)))
    for _ in range(2):
        with pytest.raises(LaunchError, match="did not answer") as caught, host.launch(contender(), *HOW):
            pass
        assert caught.value.hint == "Look."


def test_a_launch_that_the_run_does_not_hold_is_an_error() -> None:
    with stored() as host, pytest.raises(HostError, match="`django`"), host.launch(contender("django"), *HOW):
        pass


def test_machine_and_placement_are_the_runs() -> None:
    run = result_set(blocks=8)
    with ReplayHost(run) as host:
        assert host.placement == run.head.placement
        assert host.fingerprint() == run.head.fingerprint.model_dump()
