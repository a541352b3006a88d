"""The comparison of designs: what its trials say, and that each design is made of what the harness measures."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from benchmarks import designs, trials
from benchmarks.designs import Setting
from benchmarks.trials import Trial
from harness.model import Plan, Recording, Turn
from tests.builders import recording
from tests.fakes import RIGHT, WRONG, RecordingEngine, RecordingHost, field_of, http_server
from tests.test_campaign import head_of


def trial(design: str, repetition: int, log_ratio: float, **changes: Any) -> Trial:
    fields = {"contender": "a", "design": design, "repetition": repetition, "at": 0.0, "wall_s": 150.0, "n": 5}
    return Trial.model_validate({**fields, "log_ratio": log_ratio, "low": None, "high": None, **changes})


# What trials say -----------------------------------------------------------------------------------------------------


def test_the_root_mean_square_is_around_0_and_has_its_chi_square_interval() -> None:
    value, low, high = trials.rms([0.03, -0.04])
    assert value == pytest.approx(math.sqrt(0.00125))
    assert low == pytest.approx(value * math.sqrt(2 / 7.377759))  # chi-square quantiles for two degrees of freedom
    assert high == pytest.approx(value * math.sqrt(2 / 0.050636), rel=1e-4)


def test_the_intervals_of_errors_and_of_their_ratio_cover_95_times_in_100() -> None:
    random = np.random.default_rng(1)
    pairs = random.normal(0, 1, (400, 2, 12)) * np.array([[0.01], [0.04]])
    errors = [trials.rms(ours) for ours, _ in pairs.tolist()]
    ratios = [trials.over(ours, theirs) for ours, theirs in pairs.tolist()]
    assert 0.92 <= np.mean([low <= 0.01 <= high for _, low, high in errors]) <= 0.98
    assert 0.92 <= np.mean([low <= 0.25 <= high for _, low, high in ratios]) <= 0.98


def test_a_line_stands_for_the_trials_of_a_contender_and_a_design() -> None:
    kept = [trial("customary", one, log) for one, log in enumerate((0.02, -0.02))]
    kept += [trial("blocks", 0, 0.01, low=-0.01, high=0.03), trial("blocks", 1, -0.01, low=-0.02, high=-0.001)]
    kept.append(trial("blocks", 0, 0.01, contender="b"))
    first, second, alone = trials.lines(kept)
    assert (first.design, first.rms, first.over_customary, first.intervals) == ("customary", 0.02, None, 0)
    assert second.rms == pytest.approx(0.01)
    assert second.over_customary == pytest.approx(0.5)
    assert (second.trials, second.intervals, second.covering) == (2, 2, 1)
    assert (alone.contender, alone.over_customary) == ("b", None)
    said = trials.table((first, second))
    assert "0.50 (" in said
    assert "1 of 2" in said


# Which trials are made -----------------------------------------------------------------------------------------------


def test_trials_are_interleaved_and_each_repetition_begins_with_another_design() -> None:
    order = list(designs.missing([], ["a", "b"], 2))
    assert len(order) == 2 * 2 * len(designs.DESIGNS)
    assert [one[:2] for one in order[:2]] == [("a", "customary"), ("a", "blocks")]
    assert {one[2] for one in order[: len(order) // 2]} == {0}
    assert order[len(order) // 2][1] == list(designs.DESIGNS)[1]


def test_trials_that_are_kept_are_not_made_again() -> None:
    kept = [trial("customary", 0, 0.1), trial("blocks", 1, 0.1)]
    assert set(designs.missing(kept, ["a"], 2)) == set(designs.missing([], ["a"], 2)) - {
        (one.contender, one.design, one.repetition) for one in kept
    }


# The designs ---------------------------------------------------------------------------------------------------------


@dataclass
class NoisyEngine(RecordingEngine):
    """Every turn finds a throughput of its own, twice as much at the label "one"."""

    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(2))
    plans: list[Plan] = field(default_factory=list)

    def _recorded(self, label: str, turn: Turn, plan: Plan) -> Recording:
        self.plans.append(plan)
        level = {"one": 2000.0, "two": 1000.0}[label]
        per_s = level * float(np.exp(self.random.normal(0, 0.01)))
        return recording(label, turn.round, per_s, answered=round(per_s * 5), duration_s=5.0)


@pytest.fixture
def host() -> Iterator[RecordingHost]:
    with http_server(RIGHT) as port:
        yield RecordingHost(dict.fromkeys(designs.LABELS, port))


@pytest.fixture
def engine(host: RecordingHost) -> NoisyEngine:
    return NoisyEngine(host.events)


@pytest.fixture
def setting(host: RecordingHost, engine: NoisyEngine) -> Setting:
    fields = field_of(host, engine, blocks=9, rounds=4)
    return Setting(head_of(fields), fields, visit_s=15.0)


def test_the_customary_design_launches_once_and_visits_by_turns(
    setting: Setting, host: RecordingHost, engine: NoisyEngine
) -> None:
    found = designs.customary(setting)
    assert found.log_ratio == pytest.approx(math.log(2), abs=0.03)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.log_ratio < found.high
    assert [one for one in host.events if one.startswith("launch")] == ["launch one", "launch two"]
    assert [one for one in host.events if one.startswith("turn")] == [
        f"turn {number} {label}" for number in range(6) for label in designs.LABELS
    ]
    assert {(plan.slice_min_s, plan.slice_max_s) for plan in engine.plans} == {(15.0, 15.0)}


def test_blocks_are_launched_afresh_and_counted(setting: Setting, host: RecordingHost) -> None:
    found = designs.blocks(setting)
    assert found.log_ratio == pytest.approx(math.log(2), abs=0.03)
    assert found.n == 9
    assert found.low is not None
    assert host.events.count("launch one") == 9


def test_duets_are_compared_by_answers_per_cpu_second_block_by_block(setting: Setting, host: RecordingHost) -> None:
    found = designs.duet(Setting(setting.head, setting.field, visit_s=-1e3))
    assert found.log_ratio == pytest.approx(math.log(2), abs=0.03)
    assert found.n == 1
    assert [one for one in host.events if one.startswith("duet")] == [
        f"duet {number} one two" for number in range(1, 9)
    ]


def test_no_block_begins_that_would_not_end_in_time(setting: Setting) -> None:
    hurried = Setting(setting.head, setting.field, visit_s=-1e3)
    assert hurried.wall_s < 0
    assert designs.blocks(hurried).n == 1
    assert designs.blocks(hurried).low is None, "one block has no interval"


def test_a_design_may_take_what_the_customary_one_takes(setting: Setting) -> None:
    assert setting.wall_s == pytest.approx(2 * (5 * 15 + 0.8 + 0.6))


@pytest.mark.parametrize(("answers", "failing"), [(RIGHT, {"two"}), (WRONG, set())])
def test_a_trial_with_a_failed_turn_or_server_is_not_kept(answers: Any, failing: set[str]) -> None:
    with http_server(answers) as port:
        host = RecordingHost(dict.fromkeys(designs.LABELS, port))
        fields = field_of(host, RecordingEngine(host.events, failing=frozenset(failing)), blocks=2, rounds=2)
        with pytest.raises(SystemExit, match=r"this trial is not kept: .*(refused|404)"):
            designs.blocks(Setting(head_of(fields), fields, 15.0))
