"""Closes on shutdown what was opened on the way: whoever opens a pool or a client says here how it is closed."""

from contextlib import ExitStack

closing = ExitStack()
