"""What a pilot says of noise and costs is what was put in, and what it promises of the next run is kept."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from typer import BadParameter, Context
from typer.main import get_command

from harness.catalog import ROOT
from harness.cli import app, piloting
from harness.errors import InputError
from harness.model import BlockOutcome, DuetOutcome, Outcome, ResultSet, TurnOutcome
from harness.pilot import EXPECTED, Pilot, pilot
from harness.report import page, piloted
from harness.stats import components, designs, estimates
from harness.stats.components import Noise
from harness.stats.designs import Costs
from tests.builders import CONTROL, CREATED_AT, FASTAPI, FLASK, NULL, THROUGHPUTS, altered, result_set

Draw = Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.float64]]
SHAPES: dict[str, Draw] = {
    "normal": lambda random, shape: random.normal(0, 1, shape),
    "heavy tails": lambda random, shape: random.standard_t(4, shape) / math.sqrt(2),
    "skewed": lambda random, shape: 1 - random.exponential(1, shape),
    "flicker": lambda random, shape: random.normal(0, 0.5, shape) - 4 * (random.random(shape) < 0.03),
}
COSTS = Costs(restart_s=7.0, window_s=1.9)


def simulated(random: np.random.Generator, shape: str, blocks: int, windows: int, between: float) -> list[list[float]]:
    """Windows of a standard deviation of 0.15 or so, in blocks whose own one is `between`."""
    found = random.normal(0, between, (blocks, 1)) + 0.15 * SHAPES[shape](random, (blocks, windows))
    return [list(row) for row in found]


def timed(run: ResultSet, rest_s: float, slice_s: float, duet_s: float) -> ResultSet:
    """`run` with the times of a block that takes so long for each slice, each duet, and all else."""
    outcomes: list[Outcome] = []
    at = CREATED_AT
    for outcome in run.outcomes:
        if isinstance(outcome, TurnOutcome) and outcome.recording and outcome.round:
            times = {"started_at": at + rest_s / 2, "duration_s": 0.9 * slice_s, "drain_s": 0.1 * slice_s}
            outcomes.append(outcome.model_copy(update={"recording": outcome.recording.model_copy(update=times)}))
            at += slice_s
        elif isinstance(outcome, DuetOutcome):
            outcomes.append(outcome.model_copy(update={"took_s": duet_s}))
            at += duet_s
        elif isinstance(outcome, BlockOutcome):
            slices = len(run.head.members) * run.head.plan.rounds
            duets = (len(run.head.members) - 2) * run.head.plan.duets
            began = at - slices * slice_s - duets * duet_s
            outcomes.append(outcome.model_copy(update={"started_at": began, "ended_at": at + rest_s}))
            at += rest_s
        else:
            outcomes.append(outcome)
    return run.model_copy(update={"outcomes": tuple(outcomes)})


def piloted_run(seed: int = 1, **changes: Any) -> ResultSet:
    fields = {"noise": 0.1, "block_noise": 0.02, "blocks": 8, "rounds": 10, "starts": 0, "seed": seed} | changes
    return timed(result_set(**fields), 7.0, 0.4, 1.6)


# Variance components -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_the_variance_of_a_blocks_trimmed_mean_is_that_of_simulated_blocks(shape: str) -> None:
    random = np.random.default_rng(1)
    noise = components.noise(simulated(random, shape, 2000, 10, 0.03))
    for windows in (5, 8, 10, 25):
        values = stats.trim_mean(simulated(random, shape, 10_000, windows, 0.0), 0.2, axis=1)
        assert noise.within(windows) == pytest.approx(np.var(values), rel=0.2), windows


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("between", [0.0, 0.04])
def test_the_variance_between_blocks_is_found_again_on_average(shape: str, between: float) -> None:
    random = np.random.default_rng(2)
    found = components.pooled([components.noise(simulated(random, shape, 8, 10, between)) for _ in range(200)])
    assert found.moment == pytest.approx(between**2, abs=0.15 * 0.04**2)
    assert found.window == pytest.approx(float(np.var(0.15 * SHAPES[shape](random, (100_000,)))), rel=0.1)


def test_without_trimming_it_is_the_analysis_of_variance() -> None:
    blocks = simulated(np.random.default_rng(3), "normal", 12, 4, 0.05)  # of four windows none is trimmed
    noise = components.noise(blocks)
    assert noise.trimmed == pytest.approx(noise.window)
    assert noise.moment == pytest.approx((stats.f_oneway(*blocks).statistic - 1) * noise.window / 4)


def test_the_variance_between_blocks_is_never_negative() -> None:
    random = np.random.default_rng(4)
    found = [components.noise(simulated(random, "normal", 8, 10, 0.0)) for _ in range(20)]
    assert min(one.moment for one in found) < 0
    assert min(one.between for one in found) == 0


def test_a_standard_deviation_of_few_blocks_is_known_as_well_as_simulation_says() -> None:
    seen = np.random.default_rng(5).normal(0, 1, (4000, 8)).std(axis=1, ddof=1)
    low, high = components.known_within(7)
    assert np.mean((low * seen <= 1) & (high * seen >= 1)) == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        ([], "0 blocks"),
        ([[0.1, 0.2]], "1 blocks"),
        ([[0.1, 0.2], [0.1]], "1 values"),
        ([[0.1, 0.2], [0.1, math.nan]], "not a finite number"),
        ([[0.1, 0.1], [0.2, 0.2]], "without spread"),
    ],
)
def test_variances_of_nothing_are_an_error(blocks: list[list[float]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        components.noise(blocks)


# Designs -------------------------------------------------------------------------------------------------------------


@cache
def known(between: float = 0.02, shape: str = "normal") -> Noise:
    """The noise of so many blocks that it is as good as known."""
    found = components.noise(simulated(np.random.default_rng(6), shape, 1000, 10, between))
    return replace(found, moment=between**2)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("between", [0.0, 0.05])
def test_the_half_width_that_the_cheapest_design_promises_is_met_in_simulation(shape: str, between: float) -> None:
    promised = designs.cheapest(known(between, shape), COSTS, 0.03)
    random = np.random.default_rng(7)
    runs = [simulated(random, shape, promised.blocks, promised.windows, between) for _ in range(150)]
    intervals = [estimates.t_interval([estimates.trimmed_mean(block) for block in run], 0.95) for run in runs]
    halves = [math.expm1((high - low) / 2) for low, high in intervals]
    assert np.mean(halves) == pytest.approx(promised.half_width, rel=0.1)
    assert promised.half_width <= 0.03


def test_the_cheapest_design_is_the_cheapest_of_all_that_suffice() -> None:
    noise = known()
    every = [designs.design(noise, COSTS, blocks, windows) for blocks in range(8, 60) for windows in range(5, 40)]
    enough = [one for one in every if one.half_width <= 0.03]
    assert designs.cheapest(noise, COSTS, 0.03).seconds == min(one.seconds for one in enough)


def test_the_best_design_is_the_narrowest_of_all_that_there_is_time_for() -> None:
    noise = known()
    every = [designs.design(noise, COSTS, blocks, windows) for blocks in range(8, 60) for windows in range(5, 40)]
    in_time = [one for one in every if one.seconds <= 300]
    found = designs.best(noise, COSTS, 300)
    assert found.half_width == min(one.half_width for one in in_time)
    assert found.seconds <= 300


def test_noisy_blocks_ask_for_more_blocks_and_dear_restarts_for_more_windows() -> None:
    quiet, noisy = (designs.cheapest(known(between), COSTS, 0.03) for between in (0.0, 0.06))
    assert noisy.windows < quiet.windows
    dear = designs.cheapest(known(), Costs(restart_s=70.0, window_s=1.9), 0.03)
    assert dear.windows > designs.cheapest(known(), COSTS, 0.03).windows


def test_windows_of_another_kind_are_planned_for_just_the_same() -> None:
    long_quiet = components.noise([[0.01, -0.01, 0.005], [0.02, 0.01, -0.005], [0.0, -0.02, 0.01]])
    found = designs.cheapest(long_quiet, Costs(restart_s=4.0, window_s=3.0), 0.01, designs.FEWEST_DUETS)
    assert found.half_width <= 0.01
    assert found.blocks >= 8
    assert designs.FEWEST_DUETS <= found.windows < designs.FEWEST_SLICES


def test_what_no_run_can_do_is_an_error_that_says_so() -> None:
    with pytest.raises(InputError, match="no 1000 blocks are enough"):
        designs.cheapest(known(), COSTS, 1e-5)
    with pytest.raises(InputError, match="no interval is claimed") as refused:
        designs.best(known(), COSTS, 60)
    assert refused.value.hint == "Those take 132 s."


# Runs ----------------------------------------------------------------------------------------------------------------


def test_the_noise_that_runs_were_made_with_is_found_again() -> None:
    found = pilot([piloted_run(seed, blocks=40, block_noise=0.05) for seed in range(2)]).slices
    assert [spread.contender for spread in found.spreads] == [FLASK, "django_rest@gthread"]
    for spread in (*found.spreads, found.together):
        assert spread.window_sd == pytest.approx(0.1 * math.sqrt(2), rel=0.1)
        assert spread.between_sd == pytest.approx(0.05 * math.sqrt(2), rel=0.2)
    assert found.spreads[0].ratio == pytest.approx(THROUGHPUTS[FLASK] / THROUGHPUTS[FASTAPI], rel=0.03)


def test_costs_are_those_by_the_clock() -> None:
    found = pilot([piloted_run(duets=3)])
    assert found.slices.costs.restart_s == pytest.approx(7.0)
    assert found.slices.costs.window_s == pytest.approx(5 * 0.4)
    assert found.slice_s == {label: pytest.approx(0.4) for label in THROUGHPUTS}
    assert found.slices.piloted.seconds == pytest.approx(8 * (7 + 10 * 2))
    assert found.duets is not None
    assert found.duets.costs.restart_s == pytest.approx(7.0)
    assert found.duets.costs.window_s == pytest.approx(3 * 1.6)
    assert found.duets.piloted.seconds == pytest.approx(8 * (7 + 3 * 3 * 1.6))


def test_the_noise_of_duets_is_found_again_too() -> None:
    found = pilot([piloted_run(seed, blocks=60, duets=3, block_noise=0.05) for seed in range(2)]).duets
    assert found is not None
    assert [spread.contender for spread in found.spreads] == [FLASK, "django_rest@gthread"]
    for spread in (*found.spreads, found.together):
        assert spread.window_sd == pytest.approx(0.1, rel=0.15), "only one of the two flickers"
        assert spread.between_sd == pytest.approx(0.05 * math.sqrt(2), rel=0.25)
    assert found.spreads[0].ratio == pytest.approx(THROUGHPUTS[FLASK] / THROUGHPUTS[FASTAPI], rel=0.03)


@pytest.mark.parametrize("duets", [0, 1])
def test_runs_without_two_duets_in_a_block_say_nothing_of_duets(duets: int) -> None:
    assert pilot([piloted_run(duets=duets)]).duets is None


def test_duets_of_older_runs_cost_what_they_were_under_load() -> None:
    found = pilot([altered(piloted_run(duets=2), "duet", took_s=None)]).duets
    assert found is not None
    assert found.costs.window_s == pytest.approx(3 * 1.51)


def test_what_differs_between_runs_is_not_taken_for_noise_between_blocks() -> None:
    fast = {**THROUGHPUTS, FLASK: 1.5 * THROUGHPUTS[FLASK]}
    apart = pilot([piloted_run(1), piloted_run(2, throughputs=fast)])
    alike = pilot([piloted_run(1), piloted_run(2)])
    assert apart.slices.spreads[0].between_sd == pytest.approx(alike.slices.spreads[0].between_sd, abs=1e-3)


def test_the_yardsticks_are_compared_only_where_nothing_else_is() -> None:
    alone = {label: THROUGHPUTS[label] for label in (FASTAPI, NULL, CONTROL)}
    assert [spread.contender for spread in pilot([piloted_run(throughputs=alone)]).slices.spreads] == [CONTROL]


def test_time_is_asked_for_or_not() -> None:
    assert pilot([piloted_run()]).slices.in_time is None
    found = pilot([piloted_run(duets=2)], seconds=400)
    assert found.duets is not None
    for one in (found.slices.in_time, found.duets.in_time):
        assert one is not None
        assert one.seconds <= 400


def test_runs_that_were_planned_differently_are_refused() -> None:
    with pytest.raises(InputError, match="not planned alike: connections"):
        pilot([piloted_run(), piloted_run(connections=10)])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"blocks": 3}, "3 blocks with two pairs of slices, and a pilot needs 4"),
        ({"rounds": 1}, "0 blocks with two pairs"),
        ({"noise": 0.0, "block_noise": 0.0}, "without spread"),
        ({"throughputs": {FASTAPI: 4400.0, NULL: 50_000.0}}, "compares nothing"),
    ],
)
def test_a_run_that_teaches_nothing_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        pilot([piloted_run(**changes)])


def test_times_that_cannot_be_are_refused() -> None:
    with pytest.raises(InputError, match="cannot be told from the times"):
        pilot([altered(piloted_run(), "block", ended_at=CREATED_AT - 1e6)])


# Pages ---------------------------------------------------------------------------------------------------------------


def test_the_page_says_how_to_cut_the_next_run() -> None:
    found = pilot([piloted_run(duets=2)], EXPECTED, 400)
    text = page.markdown(piloted.page(found))
    assert found.duets is not None
    assert f"--blocks {found.slices.wanted.blocks} --rounds {found.slices.wanted.windows}" in text
    assert f"--blocks {found.duets.wanted.blocks} --duets {found.duets.wanted.windows}" in text
    assert f"| `{FLASK}` |" in text
    assert "narrowest in the time" in text
    assert Pilot.model_validate(json.loads(found.model_dump_json())) == found


def test_a_stored_run_can_be_a_pilot(tmp_path: Path) -> None:
    fair = ROOT / "results" / "reference" / "fair"
    done = subprocess.run(
        [sys.executable, "-m", "harness", "pilot", str(fair), "--minutes", "5", "--out", str(tmp_path), "--json"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found = Pilot.model_validate_json(done.stdout)
    assert found == Pilot.model_validate_json((tmp_path / "pilot.json").read_text())
    assert (found.slices.piloted.blocks, found.slices.piloted.windows) == (24, 10)
    assert found.slices.wanted.half_width <= EXPECTED
    assert "flask@gthread" in (tmp_path / "pilot.md").read_text()


def test_a_run_and_whom_to_measure_cannot_both_be_given() -> None:
    with pytest.raises(BadParameter, match="runs have their contenders"):
        piloting.pilot(Context(get_command(app)), [Path("run")], contenders=["flask"])
