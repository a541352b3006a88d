"""The effect of the round: against a paired t-test and shifted rounds, and how often it is found by chance."""

import math

import numpy as np
import pytest
from scipy import stats

from harness.stats.rounds import round_effect


def made(logs: np.ndarray) -> dict[int, dict[int, float]]:
    return {
        block: {number: math.exp(value) for number, value in enumerate(values, 1)} for block, values in enumerate(logs)
    }


def test_of_two_rounds_it_is_the_paired_t_test() -> None:
    logs = np.random.default_rng(1).normal(0, 0.1, (9, 2))
    found = round_effect(made(logs))
    assert found is not None
    assert found.probability == pytest.approx(stats.ttest_rel(*logs.T).pvalue)
    effects = (logs - logs.mean(axis=1, keepdims=True)).mean(axis=0)
    assert found.logs == pytest.approx(dict(enumerate(effects, 1)))


def test_blocks_that_differ_are_no_effect_and_a_shift_of_one_round_is() -> None:
    random = np.random.default_rng(2)
    logs = random.normal(0, 0.02, (8, 5)) + random.normal(0, 0.5, (8, 1))
    quiet = round_effect(made(logs))
    assert quiet is not None
    assert quiet.probability > 0.01
    logs[:, 3] -= 0.1
    found = round_effect(made(logs))
    assert found is not None
    assert found.farthest == 4
    assert found.logs[4] == pytest.approx(-0.08, abs=0.02)
    assert found.probability < 1e-6


def test_rounds_keep_their_numbers_where_one_is_missing_everywhere() -> None:
    logs = np.random.default_rng(6).normal(0, 0.01, (6, 3))
    logs[:, 1] += 0.5
    found = round_effect({block: {2: slices[1], 3: slices[2], 5: slices[3]} for block, slices in made(logs).items()})
    assert found is not None
    assert (list(found.logs), found.farthest) == ([2, 3, 5], 3)


def test_by_chance_it_is_as_probable_as_it_says() -> None:
    random = np.random.default_rng(3)
    found = [round_effect(made(random.normal(0, 0.1, (8, 3)))) for _ in range(2000)]
    below = sum(one is not None and one.probability < 0.05 for one in found)
    assert 70 <= below <= 130


def test_a_block_without_all_its_slices_is_left_out() -> None:
    whole = made(np.random.default_rng(4).normal(0, 0.1, (4, 3)))
    assert round_effect({**whole, 9: {1: 5.0, 2: 90.0}}) == round_effect(whole)


@pytest.mark.parametrize("shape", [(1, 5), (5, 1)])
def test_one_block_or_one_round_says_nothing(shape: tuple[int, int]) -> None:
    assert round_effect(made(np.random.default_rng(5).normal(0, 0.1, shape))) is None


def test_slices_that_do_not_differ_say_nothing() -> None:
    assert round_effect(made(np.zeros((4, 4)))) is None
