"""Drops the page cache of the whole machine, where that may be done: on Linux, as root (kernel: sysctl/vm.rst)."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import HostError

_SWITCH = Path("/proc/sys/vm/drop_caches")
_PAGES_AND_NAMES = b"3\n"


def can_drop(switch: Path = _SWITCH) -> bool:
    """Whether `drop` would work: opening is enough to know, and drops nothing."""
    try:
        os.close(os.open(switch, os.O_WRONLY))
    except OSError:
        return False
    return True


def drop(switch: Path = _SWITCH) -> None:
    """Write out what is unwritten, for only clean pages can be dropped; then drop. Raises HostError.

    What some process has mapped stays, such as the interpreter that the agent itself runs on.
    """
    os.sync()
    try:
        switch.write_bytes(_PAGES_AND_NAMES)
    except OSError as error:
        raise HostError(
            f"The page cache cannot be dropped: {switch}: {error.strerror}.",
            "Only root may, on Linux. Go on as root, or start a run without --dropped-starts.",
        ) from error
