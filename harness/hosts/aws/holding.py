"""Holds signals back while something short is done that must not be left half done."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


@contextmanager
def held_back() -> Iterator[None]:
    """Nothing inside is interrupted by Ctrl-C or a signal to end; the first that came is heard of at the end.

    For the main thread, and for what ends by itself soon. (A mask of signals would not do: with several threads the
    kernel gives the signal to another one, and Python then interrupts this one all the same.)
    """
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in _ENDING}
    heard = [number for number, handler in before.items() if handler not in (signal.SIG_IGN, None)]
    try:
        for number in heard:
            signal.signal(number, lambda number, _frame: came.append(number))
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])
        if came:
            signal.raise_signal(came[0])
