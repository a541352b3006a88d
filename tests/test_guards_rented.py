"""The guards of a rented machine: each fires, and does not where it must not; there are none on one's own."""

import pytest

from harness import guards
from harness.model import BlockOutcome, Credits, Verdict
from tests.builders import result_set

IN_ALL = {"bw_in": 3, "pps": 0}


def rented(after=IN_ALL, *, before=IN_ALL, had=(None, None)):
    """A run on a machine of AWS; in its last block the counters went from `before` to `after`."""
    run = result_set()
    identity = {**run.head.fingerprint.identity, "hypervisor": "Amazon EC2"}
    head = run.head.model_copy(update={"fingerprint": run.head.fingerprint.model_copy(update={"identity": identity})})
    last = run.blocks[-1].block

    def changed(outcome):
        if not isinstance(outcome, BlockOutcome):
            return outcome
        is_last = outcome.block == last
        edges = {
            "machine_before": (before if is_last else IN_ALL, had[0]),
            "machine_after": (after if is_last else IN_ALL, had[1]),
        }
        readings = {
            name: getattr(outcome, name).model_copy(update={"exceeded": counts, "credits": balance})
            for name, (counts, balance) in edges.items()
        }
        return outcome.model_copy(update=readings)

    return run.model_copy(update={"head": head, "outcomes": tuple(map(changed, run.outcomes))})


def found(run, guard):
    (doubt,) = (one for one in guards.doubts(run) if one.guard == guard)
    return doubt


def test_a_machine_of_ones_own_is_not_asked_for_allowances():
    assert {one.guard for one in guards.doubts(result_set())}.isdisjoint(guards.OF_RENTED)


def test_an_allowance_exceeded_in_one_block_makes_the_run_invalid():
    doubt = found(rented(IN_ALL | {"pps": 40}), "network allowances")
    assert doubt.gives is Verdict.INVALID
    assert "40 for pps" in doubt.evidence


def test_counters_that_stand_still_are_no_reason_to_doubt():
    doubt = found(rented(), "network allowances")
    assert (doubt.gives, doubt.checked) == (None, True)


@pytest.mark.parametrize("edges", [{"after": None}, {"before": None}])
def test_allowances_that_were_not_read_are_not_checked(edges):
    assert not found(rented(**edges), "network allowances").checked


def test_credits_are_said_and_not_judged():
    doubt = found(rented(had=(Credits(balance=12, surplus=0), Credits(balance=0, surplus=7))), "CPU credits")
    assert (doubt.gives, doubt.checked) == (None, True)
    assert "from 12 to 0; borrowed were 7" in doubt.evidence
    assert not found(rented(), "CPU credits").checked


def test_allowances_of_a_rented_load_host_count_where_the_measured_machine_is_ones_own():
    run = rented({**IN_ALL, "bw_in of load host 1": 4}, before={**IN_ALL, "bw_in of load host 1": 1})
    identity = {**run.head.fingerprint.identity, "hypervisor": None, "load_hosts": [{"hypervisor": "Amazon EC2"}]}
    head = run.head.model_copy(update={"fingerprint": run.head.fingerprint.model_copy(update={"identity": identity})})
    doubt = found(run.model_copy(update={"head": head}), "network allowances")
    assert (doubt.gives, "3 for bw_in of load host 1" in doubt.evidence) == (Verdict.INVALID, True)
