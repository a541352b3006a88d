"""Dropping the page cache: what is written where, on a file that stands for the kernel's switch."""

from pathlib import Path

import pytest

from harness.agent import pagecache
from harness.agent.errors import HostError
from harness.agent.fingerprint import fingerprint
from tests.launching import CPUS


def test_pages_and_names_are_dropped_by_writing_3(tmp_path: Path) -> None:
    switch = tmp_path / "drop_caches"
    switch.touch()
    assert pagecache.can_drop(switch)
    assert switch.read_bytes() == b"", "asking drops nothing"
    pagecache.drop(switch)
    assert switch.read_bytes() == b"3\n"


def test_where_it_cannot_be_written_one_clear_error_says_who_may(tmp_path: Path) -> None:
    switch = tmp_path / "nowhere" / "drop_caches"
    assert not pagecache.can_drop(switch)
    with pytest.raises(HostError, match="cannot be dropped") as caught:
        pagecache.drop(switch)
    assert "root" in caught.value.hint


def test_the_fingerprint_tells_whether_it_can_be_dropped_here() -> None:
    assert fingerprint(CPUS)["moment"]["drops_page_cache"] is pagecache.can_drop()
