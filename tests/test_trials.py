"""A trial stands in the ledger before it starts and when it ends, however it ends."""

import dataclasses
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from harness import environments, ledger, prepare, store, trials
from harness.block import Field
from harness.catalog import ROOT
from harness.cli import calibrating
from harness.costs import Spent
from harness.engines.replay import ReplayEngine
from harness.errors import InputError, StoreError
from harness.hosts.local import LocalHost
from harness.hosts.replay import ReplayHost
from harness.ledger import Ended, Ledger, Trial
from harness.model import Call, ErrorCause, Limits
from harness.summary import summarize
from tests.builders import FASTAPI, FLASK, NULL, THROUGHPUTS, altered, duet_part, launched, result_set, served
from tests.fakes import PLACEMENT, RIGHT, SCENARIO, contender, http_server
from tests.test_ledger import ended, started

LOCK = f"rematch-test-{os.getpid()}"
PAIR = ("control@plain", "control@burn5")
THREE = (FASTAPI, FLASK, NULL)
STORED = result_set({label: THROUGHPUTS[label] for label in THREE}, blocks=8, rounds=2, duets=2, starts=0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.jsonl"


class WatchingHost(ReplayHost):
    """Plays back, and notes what stands in the ledger whenever something is launched."""

    def __init__(self, stored, path):
        super().__init__(stored)
        self.path = path
        self.seen = []

    def launch(self, *how):
        self.seen.append(ledger.read(self.path).trials)
        return super().launch(*how)


class Stage:
    """A trial about to be played: a stored run is played back over servers that answer as they should."""

    def __init__(self, tmp_path, path, port, stored):
        for label in THREE:
            stored = served(stored, label, launched=launched(label).model_copy(update={"port": port}))
        self.path = path
        self.host = WatchingHost(stored, path)
        self.folder = store.new_folder(tmp_path, "same", 0.0)
        self.head = STORED.head.model_copy(update={"scenario": SCENARIO})
        self.field = Field(
            plan=self.head.plan,
            scenario=SCENARIO,
            scenarios=dict.fromkeys(THREE, SCENARIO),
            contenders={label: contender(label) for label in THREE},
            pythons=dict.fromkeys(THREE, Path("python")),
            placement=PLACEMENT,
            limits=Limits(cpus=(1,)),
            logs=self.folder / "logs",
            host=self.host,
            engine=ReplayEngine(stored),
        )

    def play(self, tell=lambda _: None):
        begun = trials.started("same", self.head, "./bench calibrate")
        return trials.play(begun, self.head, self.field, self.folder, self.path, tell)


@pytest.fixture
def stage(tmp_path, path):
    with http_server(RIGHT) as port:
        yield lambda stored=STORED, path=path: Stage(tmp_path, path, port, stored)


def only(path):
    (trial,) = ledger.read(path).trials
    return trial


def test_a_trial_is_in_the_ledger_before_anything_is_launched_and_has_its_end_only_at_the_end(stage, path):
    ours = stage()
    ours.play()
    assert len(ours.host.seen) == 8 * 3
    assert {(len(trials), trials[0].ended) for trials in ours.host.seen} == {(1, None)}
    assert only(path).how == "finished"


def test_nothing_is_launched_for_a_trial_that_no_ledger_takes(stage, tmp_path):
    ours = stage(path=tmp_path)  # a folder
    with pytest.raises(StoreError):
        ours.play()
    assert ours.host.seen == []


def test_the_end_says_what_the_report_of_the_run_says(stage, path):
    ours = stage()
    found = ours.play()
    row = next(row for row in summarize(store.read(ours.folder)).rows if row.member.label == FLASK)
    assert only(path).ended == found
    for judged, comparison in ((found.duet, row.duet.comparison), (found.slices, row.comparison)):
        assert judged.ratio == comparison.ratio
        assert (judged.low99, judged.high99, judged.call) == (comparison.low99, comparison.high99, Call.SLOWER)
        assert math.exp(np.mean(judged.logs)) == pytest.approx(judged.ratio.value)
        assert len(judged.logs) == 8
    assert found.duet.ratio != found.slices.ratio
    assert found.duet.settled == row.duet.kept
    assert found.verdicts.keys() == {FASTAPI, FLASK}


def test_the_start_says_what_is_measured_where_and_with_what(stage, path):
    ours = stage()
    ours.play()
    begun = only(path).started
    assert (begun.contenders, begun.plan) == ((FASTAPI, FLASK), ours.head.plan)
    assert (begun.cpu_model, begun.digests) == ("Synthetic CPU", trials.digests(ours.head.digests))
    assert len(begun.machine) == 16


def test_an_interrupted_trial_is_an_aborted_one_and_the_interruption_goes_on(stage, path):
    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stage().play(interrupt)
    assert (only(path).how, only(path).ended.message) == ("aborted", "KeyboardInterrupt")


def test_a_trial_that_takes_too_long_is_aborted_in_the_midst_of_what_it_does(stage, path, monkeypatch):
    monkeypatch.setattr(trials, "LONGEST_S", trials._ENDING_S + 0.2)
    before = time.monotonic()
    found = stage().play(lambda _: time.sleep(30))
    assert time.monotonic() - before < 10
    assert found == only(path).ended
    assert (found.how, found.duet) == ("aborted", None)
    assert found.message.startswith("it would have taken longer than 3")
    assert found.spent is None, "no block was finished"
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_trial_whose_generator_fails_is_a_failed_one_with_the_message(stage, path):
    ours = stage()
    ours.field = dataclasses.replace(ours.field, engine=ReplayEngine(STORED.model_copy(update={"outcomes": ()})))
    found = ours.play()
    assert (found.how, found.duet) == ("failed", None)
    assert "to be replayed" in only(path).ended.message


def test_a_trial_without_a_duet_is_a_failed_one_that_says_why(stage):
    parts = {FASTAPI: duet_part(THROUGHPUTS[FASTAPI]), FLASK: duet_part(THROUGHPUTS[FLASK], answered=0)}
    silent = altered(STORED, "duet", FLASK, parts=parts)
    found = stage(altered(silent, "recording", FLASK, counted=0.0, counted_s=0.0, errors={ErrorCause.BODY: 3})).play()
    assert (found.how, found.duet, found.slices) == ("failed", None, None)
    assert found.message.startswith(f"{FLASK}, right answers: ")
    assert found.verdicts[FLASK] == "INVALID"


# Which trials --------------------------------------------------------------------------------------------------------


def had(*kinds, measuring="new code", spent=None):
    pairs = [(started(str(n), kind, measuring), ended(str(n), spent=spent)) for n, kind in enumerate(kinds)]
    return Ledger(tuple(Trial(*pair) for pair in pairs))


CODE = ledger.code(started("1", measuring="new code").digests)
WANTED = {kind: trials.contenders(kind, "flask@gthread") for kind in ("same", "slower5")}


def test_the_trials_that_are_lacking_are_due_in_turn():
    assert trials.due(Ledger(), CODE, WANTED, 2) == ("same", "slower5", "same", "slower5")
    assert trials.due(had("same", "same", "slower5"), CODE, WANTED, 3) == ("slower5", "same", "slower5")
    assert trials.due(had("same", "slower5"), CODE, WANTED, 1) == ()


def test_trials_of_other_code_or_another_contender_and_unfinished_ones_do_not_count():
    assert trials.due(had("same", measuring="old code"), CODE, {"same": WANTED["same"]}, 1) == ("same",)
    assert trials.due(had("same"), CODE, {"same": ("a=control", "b=control")}, 1) == ("same",)
    unfinished = Ledger((Trial(started("1")), Trial(started("2"), Ended(id="2", at=0, seconds=0, how="failed"))))
    assert trials.due(unfinished, CODE, {"same": WANTED["same"]}, 1) == ("same",)


def test_each_label_of_the_same_app_is_named_first_about_half_of_the_time():
    asked = [trials.asked(Ledger(), CODE, "same", WANTED["same"]) for _ in range(60)]
    first = [one.contenders[0] for one in asked]
    assert 12 <= first.count("a=flask@gthread") <= 48
    assert {one.reference for one in asked} == {"a"}
    assert len({one.plan["seed"] for one in asked}) == 60


def test_a_trial_has_eight_blocks_and_null_and_nobody_else_beside_its_two():
    for kind, who in [("same", "flask@gthread"), ("same", "control"), ("slower5", ""), ("slower10", "")]:
        asked = trials.asked(Ledger(), "x", kind, trials.contenders(kind, who))
        entry = prepare.enter(asked)
        assert [one.label for one in entry.contenders][2:] == ["null"]
        assert entry.reference in {"a", "control"}
        assert (asked.plan["blocks"], asked.plan["starts"]) == (8, 0)
        assert asked.plan["duets"] > 0


def test_finished_trials_tell_how_many_duets_the_next_has_time_for():
    spent = Spent(restart_s=4.0, slices_s=0.8, duets_s=1.6)
    plan = trials.asked(had("slower5", spent=spent), CODE, "slower5", PAIR).plan
    block_s = spent.restart_s + plan["rounds"] * spent.slices_s
    assert 8 * (block_s + plan["duets"] * spent.duets_s) <= trials.LONGEST_S
    assert 8 * (block_s + (plan["duets"] + 1) * spent.duets_s) > 0.9 * trials.LONGEST_S
    cut = Ended(id="1", at=2.0, seconds=90.0, how="aborted", spent=spent)
    aborted = Ledger((Trial(started("1", "slower5", "new code"), cut),))
    assert trials.asked(aborted, CODE, "slower5", PAIR).plan["duets"] == plan["duets"]
    endless = Spent(restart_s=400.0, slices_s=8.0, duets_s=1.6)
    assert trials.asked(had("slower5", spent=endless), CODE, "slower5", PAIR).plan["duets"] == 1


# The real thing ------------------------------------------------------------------------------------------------------


def test_a_real_trial_of_two_blocks_finishes_and_leaves_nothing_but_its_lines(tmp_path, path):
    asked = trials.asked(Ledger(), "x", "slower10", trials.contenders("slower10", ""))
    short = {"blocks": 2, "rounds": 1, "duets": 1, "duet_s": 1.0, "warm_s": 0.1, "connections": 5}
    asked = dataclasses.replace(asked, plan={**asked.plan, **short})
    entry = prepare.enter(asked)
    for app in environments.missing(entry.apps, prepare.ENVIRONMENTS):
        environments.make(app, prepare.ENVIRONMENTS)
    with LocalHost(exclusive=True, lock=LOCK) as host:
        plan = prepare.plan(entry, asked, host.placement)
        folder = store.new_folder(tmp_path, "slower10", time.time())
        head = prepare.head(entry, plan, host, folder.name, time.time())
        field = prepare.field_of(entry, plan, host, folder / "logs")
        found = trials.play(trials.started("slower10", head, "a test"), head, field, folder, path, lambda _: None)
    assert len(store.read(folder).blocks) == 2
    assert found.verdicts.keys() == {"control", "control@burn10"}
    assert found.how == "finished", found.message
    assert len(found.duet.logs) == 2
    assert found.spent.duets_s >= 1.0
    assert only(path).started.digests["measuring"] == head.digests["measuring"]


def bench(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "harness", "calibrate", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "REMATCH_LOCK": LOCK},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_report_measures_nothing_and_is_a_document_and_a_page(tmp_path, path):
    for line in (started("1"), ended("1"), started("2")):
        ledger.append(path, line)
    before = path.read_bytes()
    done = bench("--report", "--ledger", str(path), "--out", str(tmp_path / "page"), "--json")
    assert done.returncode == 0, done.stderr
    assert [tally["trials"] for tally in json.loads(done.stdout)["tallies"]] == [2]
    assert "has changed since" in done.stderr
    assert "`flask@gthread`" in (tmp_path / "page" / "ledger.md").read_text()
    assert path.read_bytes() == before


def test_a_contender_that_there_is_not_is_refused_before_a_line_is_written(path):
    refused = bench("--ledger", str(path), "--contender", "flsk")
    assert refused.returncode == 2
    assert 'Did you mean "flask"?' in refused.stderr
    assert not path.exists()


def test_a_kind_of_trial_that_there_is_not_is_refused():
    with pytest.raises(InputError, match='no kind of trial "smae"'):
        calibrating.calibrate(kind=["smae"])
