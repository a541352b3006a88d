"""The benchmark in which every guard fires under a real disturbance: it leaves no guard out, and tells a finding."""

from pathlib import Path

import pytest

from benchmarks.guards_fire import APPS, CASES, CLEAN, WITHOUT_CASE, Seen, lines
from harness import campaign, catalog, guards, prepare
from harness.hosts.local import LocalHost
from harness.model import Doubt, Verdict

OF_SERVICES = {guard for each in guards.WITH_SERVICES.values() for guard in each}
GUARDS = {*guards.OF_A_CONTENDER, *guards.OF_THE_RUN, *OF_SERVICES}
CASE = {case.name: case for case in CASES}


def seen(
    case: str, *, gives: Verdict | None = None, checked: bool = True, trouble: str = "", known: bool = False
) -> Seen:
    doubts = [
        Doubt(guard=guard, contender=None, checked=checked, gives=gives, evidence="So it was.") for guard in GUARDS
    ]
    return Seen(CASE[case], () if trouble else tuple(doubts), trouble, known)


def test_every_guard_has_a_run_in_which_it_must_fire_or_a_reason_why_it_has_none() -> None:
    assert {guard for case in CASES for guard in case.fires} | set(WITHOUT_CASE) == GUARDS
    assert not {guard for case in CASES for guard in case.fires} & set(WITHOUT_CASE)


def test_every_run_has_a_name_of_its_own_and_only_the_clean_one_must_be_silent() -> None:
    assert len(CASE) == len(CASES)
    assert [case.name for case in CASES if not case.fires] == [CLEAN]


def test_every_run_is_described() -> None:
    text = (APPS.parent / "README.md").read_text(encoding="utf-8")
    assert [name for name in CASE if f"`{name}`" not in text] == []


def test_every_misbehaving_deployment_is_measured() -> None:
    app = catalog.read_app(APPS / "misbehaving" / "app.toml")
    assert {case.served for case in CASES} == set(app.deployments)


def test_a_server_that_behaves_keeps_the_contract(tmp_path: Path) -> None:
    asked = prepare.Asked(contenders=[f"{APPS}:misbehaving@well"])
    entry = prepare.enter(asked)
    with LocalHost() as host:
        field = prepare.field_of(entry, prepare.plan(entry, asked, host.placement), host, tmp_path)
        assert {label: broken for label, broken in campaign.rehearse(field) if broken} == {}


@pytest.mark.parametrize(
    ("run", "fired", "finding"),
    [
        (seen("fails", gives=Verdict.INVALID), "yes", False),
        (seen("fails"), "NO", True),
        (seen("fails", checked=False), "NOT CHECKED", True),
        (seen("fails", trouble="It did not start."), "NOT RUN", True),
        (seen("fails", trouble="There is no control group.", known=True), "-", False),
        (seen(CLEAN), "no", False),
        (seen(CLEAN, gives=Verdict.INVALID), "YES", True),
        (seen(CLEAN, checked=False), "not checked", False),
        (seen(CLEAN, trouble="It did not start."), "NOT RUN", True),
    ],
)
def test_what_a_guard_did_is_a_finding_unless_it_is_what_it_must(run: Seen, fired: str, finding: bool) -> None:  # noqa: FBT001
    (line,) = lines("right answers", [run])
    assert (line.fired, line.finding) == (fired, finding)
