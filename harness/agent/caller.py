"""Decides when the harness is gone: its end of the pipe closed, its process dead, or a signal to end.

Every wait of the agent goes through `Caller.wait`, so that no wait outlives the harness.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from collections.abc import Iterator
from typing import Any

_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class CallerGone(Exception):  # noqa: N818  # not an error: the agent's normal end
    """Nobody waits for an answer any more."""


class Caller:
    """The harness, at the other end of two file descriptors.

    `owner` is its process id, if it runs on this machine. Its end of the pipe may be held open by a child that it
    forked, so its death is watched for as well, where the kernel can tell. From elsewhere it sends at least an empty
    line every so often: a network that is cut closes no pipe, so that long `silence_s` means that it is gone.
    """

    def __init__(self, source: int, sink: int, owner: int | None = None, silence_s: float | None = None) -> None:
        self._source = source
        self._sink = sink
        self._unread = b""
        self._silence_s = silence_s
        self._heard_s = time.monotonic()
        self._poll = select.poll()
        self._poll.register(source, select.POLLIN)
        self._poll.register(_signals(), select.POLLIN)
        if owner is not None and hasattr(os, "pidfd_open"):
            self._poll.register(_life_of(owner), select.POLLIN)

    def requests(self) -> Iterator[dict[str, Any]]:
        """Yield what is asked, line by line. Raises CallerGone at the end."""
        while True:
            while b"\n" not in self._unread:
                self.wait(3600)
            line, _, self._unread = self._unread.partition(b"\n")
            if line:
                yield json.loads(line)

    def answer(self, reply: dict[str, Any]) -> None:
        """Send one reply. Raises CallerGone if nobody reads it."""
        unsent = json.dumps(reply).encode() + b"\n"
        try:
            while unsent:
                unsent = unsent[os.write(self._sink, unsent) :]
        except OSError as error:
            raise CallerGone from error

    def wait(self, seconds: float, fileno: int | None = None, events: int = select.POLLIN) -> None:
        """Sleep, at most until `events` on `fileno`. Raises CallerGone as soon as the harness is gone."""
        if fileno is not None:
            self._poll.register(fileno, events)
        try:
            ready = self._poll.poll(min(seconds, self._silence_s or seconds) * 1000)
        finally:
            if fileno is not None:
                self._poll.unregister(fileno)
        for number, _ in ready:
            if number != fileno:
                self._listen(number)
        if self._silence_s and time.monotonic() - self._heard_s > self._silence_s:
            raise CallerGone

    def _listen(self, number: int) -> None:
        received = os.read(number, 65536) if number == self._source else b""
        if not received:
            raise CallerGone
        self._unread += received
        self._heard_s = time.monotonic()


def _signals() -> int:
    """A descriptor that is readable once the agent was told to end; the handlers themselves do nothing."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    for number in _ENDING:
        signal.signal(number, lambda _number, _frame: None)
    return readable


def _life_of(pid: int) -> int:
    """A descriptor that is readable once that process has ended. Raises CallerGone if it has ended already."""
    with contextlib.suppress(ProcessLookupError):
        return os.pidfd_open(pid)
    raise CallerGone
