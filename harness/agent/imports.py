"""Reads from a server's log what its imports took, if it was started with PYTHONPROFILEIMPORTTIME."""

from __future__ import annotations

import re
from typing import Any

_LINE = re.compile(r"^import time:\s*(\d+) \|\s*(\d+) \|\s*(\S+)\s*$", re.MULTILINE)


def parse(log: str) -> list[dict[str, Any]]:
    """Each module once, in the order in which they were first told of; times in seconds.

    Processes of a server import the same modules at different cost, and whoever waits for the first answer may wait
    for the slowest: of a module that several have imported, the largest times count.
    """
    found: dict[str, tuple[int, int]] = {}
    for self_us, cumulative_us, module in _LINE.findall(log):
        most_self_us, most_us = found.get(module, (0, 0))
        found[module] = max(most_self_us, int(self_us)), max(most_us, int(cumulative_us))
    return [
        {"module": module, "self_s": self_us / 1e6, "cumulative_s": cumulative_us / 1e6}
        for module, (self_us, cumulative_us) in found.items()
    ]
