"""A ledger keeps every started trial whatever cuts it off, and the rates taken from it are exact."""

import math
from collections.abc import Iterator
from itertools import chain, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from harness import ledger
from harness.calibration import Calibration, Rates, Share, Tally, calibration
from harness.errors import StoreError
from harness.ledger import Ended, Judged, Kind, Ledger, Started
from harness.model import Call, Estimate, Plan, Verdict
from harness.report import calibrated, page
from harness.stats import calls, rates

NEW, OLD = "new code", "old code"
SETTLED = {"a": Verdict.SERVER_BOUND, "b": Verdict.SERVER_BOUND}
LOGS = (0.013, -0.02, 0.11, 0.004, 0.051, -0.037, 0.029, 0.018)


def started(name: str, kind: Kind = "same", measuring: str = NEW, who: str = "flask@gthread", **more: Any) -> Started:
    pair = (f"a={who}", f"b={who}") if kind == "same" else ("control@plain", f"control@burn{kind[6:]}")
    plan = Plan(scenario="json", lineup=kind, contenders=(*pair, "null"), reference="a")
    digests = {"measuring": measuring, "deriving": "x", "trials": "t"}
    fields = {"id": name, "kind": kind, "at": 1.0, "contenders": pair, "plan": plan, "digests": digests}
    return Started(**fields | {"machine": "m", "cpu_model": "Synthetic CPU", "command": "./bench calibrate"} | more)


def judged(call: Call = Call.SAME, low: float = 0.98, high: float = 1.02, *, settled: bool = True) -> Judged:
    ratio = Estimate(value=math.sqrt(low * high), low=low, high=high, n=8)
    return Judged(ratio=ratio, low99=low, high99=high, call=call, logs=LOGS, settled=settled)


def ended(name: str, call: Call = Call.SAME, low: float = 0.98, high: float = 1.02, **more: Any) -> Ended:
    fields = {"id": name, "at": 2.0, "seconds": 80.0, "how": "finished", "duet": judged(call, low, high)}
    return Ended(**fields | {"verdicts": SETTLED} | more)


def written(path: Path, *lines: Started | Ended) -> Path:
    for line in lines:
        ledger.append(path, line)
    return path


def counted(path: Path, *lines: Started | Ended) -> Calibration:
    return calibration(ledger.read(written(path, *lines)))


def each(*trials: tuple[Started, Ended]) -> Iterator[Started | Ended]:
    return chain.from_iterable(trials)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results" / "ledger.jsonl"


# Lines ---------------------------------------------------------------------------------------------------------------


def test_no_ledger_is_an_empty_one(path: Path) -> None:
    assert ledger.read(path) == Ledger()


def test_lines_come_back_as_they_were_written(path: Path) -> None:
    (trial,) = ledger.read(written(path, started("1"), ended("1"))).trials
    assert (trial.started, trial.ended) == (started("1"), ended("1"))


def test_a_start_without_an_end_is_an_aborted_trial(path: Path) -> None:
    first, second = ledger.read(written(path, started("1"), started("2"), ended("2"))).trials
    assert (first.how, second.how) == ("aborted", "finished")


def test_a_ledger_cut_off_at_any_byte_is_read_and_goes_on(path: Path) -> None:
    whole = written(path, started("1"), ended("1"), started("2")).read_bytes()
    starts = {"1": whole.index(b"\n"), "2": len(whole) - 1}
    for cut in (*range(0, len(whole), 7), *starts.values(), len(whole)):
        path.write_bytes(whole[:cut])
        left = ledger.read(path)
        assert [trial.started.id for trial in left.trials] == [name for name, end in starts.items() if cut >= end]
        ledger.append(path, started("3"))
        again = ledger.read(path)
        assert path.read_bytes().startswith(whole[:cut]), "a ledger only grows"
        assert (again.trials[:-1], again.torn) == (left.trials, left.torn)
        assert again.trials[-1].started.id == "3"


def test_a_cut_off_end_leaves_the_trial_aborted_and_is_told(path: Path) -> None:
    written(path, started("1"), ended("1"))
    path.write_bytes(path.read_bytes()[:-20])
    found = counted(path, started("2"), ended("2"))
    assert (found.tallies[0].aborted, found.tallies[0].finished, found.torn) == (1, 1, 1)
    assert "1 lines were cut off" in page.markdown(calibrated.page(found))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([started("1"), started("1")], 'line 2 .*: the trial "1" cannot have started here'),
        ([started("1"), ended("1"), ended("1")], 'line 3 .*: the trial "1" cannot have ended here'),
        ([ended("1")], 'line 1 .*: the trial "1" cannot have ended here'),
    ],
)
def test_no_trial_starts_or_ends_twice_or_ends_before_it_starts(
    path: Path, lines: list[Started | Ended], said: str
) -> None:
    with pytest.raises(StoreError, match=said):
        ledger.read(written(path, *lines))


def test_a_line_that_says_something_else_is_an_error_with_its_number(path: Path) -> None:
    written(path, started("1"))
    path.write_bytes(path.read_bytes() + b'{"line": "ended", "id": "1"}\n')
    with pytest.raises(StoreError, match="line 2 of"):
        ledger.read(path)


def test_a_ledger_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        ledger.append(tmp_path, started("1"))


# Rates ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "of"), [(0, 20), (1, 60), (20, 20), (7, 31)])
def test_the_upper_bound_is_the_rate_at_which_so_few_would_be_seen_once_in_20_times(count: int, of: int) -> None:
    bound = rates.at_most(count, of)
    assert stats.binom.cdf(count, of, bound) == pytest.approx(1.0 if count == of else 0.05, abs=1e-9)


def test_the_exact_interval_is_the_one_in_the_tables() -> None:
    assert rates.between(2, 10) == pytest.approx((0.0252, 0.5561), abs=1e-4)
    assert rates.between(0, 10) == pytest.approx((0.0, 0.3085), abs=1e-4)


def test_flipped_signs_are_called_as_the_rule_itself_would_call_them() -> None:
    logs = (0.05, 0.06, 0.055, 0.04, 0.052, 0.061, 0.049, 0.002)
    found = calls.calls({signs: np.multiply(signs, logs) for signs in product((-1, 1), repeat=8)})
    made = [call for signs, call in found.items() if call in {Call.FASTER, Call.SLOWER}]
    alone = [signs for signs in product((-1, 1), repeat=8) if _is_called(np.multiply(signs, logs))]
    assert rates.flipped(logs) == len(alone) / 256 > 0
    assert len(made) <= len(alone), "a family is corrected, one comparison is not"


def _is_called(logs: Any) -> bool:
    return calls.calls({"b": logs})["b"] in {Call.FASTER, Call.SLOWER}


def test_flips_of_normal_noise_are_called_at_the_rate_that_is_promised() -> None:
    trials = np.random.default_rng(8).normal(0, 0.02, (150, 12))
    shares = [share for logs in trials if (share := rates.flipped(logs)) is not None]
    assert np.mean(shares) == pytest.approx(calls.SIGNIFICANCE, abs=0.003)


def test_many_blocks_are_flipped_at_random_and_the_same_each_time() -> None:
    logs = np.random.default_rng(9).normal(0, 0.02, 24)
    assert rates.flipped(logs) == rates.flipped(logs) == pytest.approx(0.01, abs=0.005)


def test_no_rate_comes_of_too_few_blocks_or_none_that_differ() -> None:
    assert rates.flipped(LOGS[:7]) is None
    assert rates.flipped([0.5] * 8) is None


# Tallies -------------------------------------------------------------------------------------------------------------


def only(found: Calibration) -> Tally:
    (tally,) = found.tallies
    return tally


def by_duet(found: Calibration) -> Rates:
    return only(found).rates[0]


def test_of_the_same_app_every_difference_called_is_wrong(path: Path) -> None:
    made = [Call.SAME, Call.FASTER, Call.SLOWER, Call.UNDECIDED, Call.SAME]
    tally = by_duet(counted(path, *each(*((started(str(n)), ended(str(n), call)) for n, call in enumerate(made)))))
    assert (tally.wrong.count, tally.wrong.of) == (2, 5)
    assert tally.wrong.high == rates.at_most(2, 5)
    assert (tally.called[Call.SAME], tally.called[Call.UNDECIDED]) == (2, 1)
    assert tally.found is None
    assert tally.flipped == rates.flipped(LOGS)


def test_of_a_slower_control_slower_is_found_and_only_faster_is_wrong(path: Path) -> None:
    made = [Call.SLOWER, Call.SLOWER, Call.UNDECIDED, Call.FASTER]
    pairs = [(started(str(n), "slower5"), ended(str(n), call)) for n, call in enumerate(made)]
    tally = by_duet(counted(path, *each(*pairs)))
    assert tally.found == Share.between(2, 4)
    assert tally.wrong == Share.at_most(1, 4)
    assert (tally.covered, tally.flipped) == (None, None)


def test_intervals_that_contain_one_are_counted_ends_included(path: Path) -> None:
    bounds = [(0.9, 1.0), (1.0, 1.1), (0.9, 0.999), (1.001, 1.1)]
    pairs = [(started(str(n)), ended(str(n), low=low, high=high)) for n, (low, high) in enumerate(bounds)]
    assert by_duet(counted(path, *each(*pairs))).covered == Share.between(2, 4)


def test_aborted_and_failed_trials_are_counted_and_are_in_no_rate(path: Path) -> None:
    failed = Ended(id="2", at=2.0, seconds=3.0, how="failed", message="the generator died")
    cut = Ended(id="3", at=2.0, seconds=3.0, how="aborted", message="SystemExit")
    three = started("1"), started("2"), failed, started("3"), cut
    tally = only(counted(path, *three, started("4"), ended("4", Call.FASTER)))
    assert (tally.trials, tally.finished, tally.aborted, tally.failed) == (4, 1, 2, 1)
    assert (tally.rates[0].wrong.count, tally.rates[0].wrong.of) == (1, 1)


def test_only_settled_trials_are_in_the_settled_rate(path: Path) -> None:
    doubted = ended("1", duet=judged(Call.FASTER, settled=False))
    tally = by_duet(counted(path, started("1"), doubted, started("2"), ended("2")))
    assert (tally.settled, tally.wrong.count, tally.wrong_settled.count, tally.wrong_settled.of) == (1, 1, 0, 1)


def test_only_trials_of_the_newest_code_count_and_the_older_are_listed(path: Path) -> None:
    old = started("1", measuring=OLD), ended("1", Call.FASTER), started("2", measuring=OLD)
    found = counted(path, *old, started("3"), ended("3"))
    assert (found.code, only(found).trials, by_duet(found).wrong.count) == (f"{NEW} t", 1, 0)
    (older,) = found.older
    assert (older.code, older.trials, older.finished) == (f"{OLD} t", 2, 1)
    assert "2 trials (1 finished) of the older code old code t" in page.markdown(calibrated.page(found))


def test_code_that_plans_trials_otherwise_makes_other_trials(path: Path) -> None:
    digests = {**started("1").digests, "trials": "other"}
    found = counted(path, started("1"), ended("1"), started("2", digests=digests), ended("2"))
    assert (only(found).trials, found.older[0].trials) == (1, 1)


def test_duets_and_the_slices_beside_them_are_judged_apart(path: Path) -> None:
    both = ended("1", Call.SLOWER, slices=judged(Call.UNDECIDED, low=0.9, high=1.1))
    found = counted(path, started("1", "slower5"), both, started("2", "slower5"), ended("2", Call.SLOWER))
    duet, slices = only(found).rates
    assert (duet.by, duet.judged, duet.found) == ("duet", 2, Share.between(2, 2))
    assert (slices.by, slices.judged, slices.found) == ("slices", 1, Share.between(0, 1))
    assert slices.half_width == pytest.approx(math.sqrt(1.1 / 0.9) - 1)
    text = page.markdown(calibrated.page(found))
    assert "| slower5 | `control@burn5, control@plain` | duet | 2 of" not in text
    assert "| slower5 | `control@burn5, control@plain` | slices | 1 | 1 | 0.995x | ± 10.6 % |" in text


def test_each_comparison_of_a_kind_is_counted_by_itself_and_then_all_together(path: Path) -> None:
    lines = started("1"), ended("1"), started("2", who="control@plain"), ended("2", Call.SLOWER)
    found = counted(path, *lines)
    assert [(one.compared, one.rates[0].wrong.count, one.rates[0].wrong.of) for one in found.tallies] == [
        ("control@plain", 1, 1),
        ("flask@gthread", 0, 1),
        (None, 1, 2),
    ]


def test_labels_and_order_do_not_make_another_comparison(path: Path) -> None:
    turned = started("2").model_copy(update={"contenders": ("b=flask@gthread", "a=flask@gthread")})
    assert only(counted(path, started("1"), turned)).compared == "flask@gthread"


def test_trials_that_never_finished_still_make_a_page(path: Path) -> None:
    text = page.markdown(calibrated.page(counted(path, started("1"), started("2", "slower10"))))
    assert "| same | `flask@gthread` | 1 | 0 | 1 | 0 |" in text
    assert "0 of 0" in text


def test_the_page_of_nothing_says_how_to_begin(path: Path) -> None:
    assert "./bench calibrate" in page.markdown(calibrated.page(counted(path)))
