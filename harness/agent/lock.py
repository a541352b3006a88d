"""One measuring run per machine: a lock that the kernel lifts when its holder ends, however it ends."""

from __future__ import annotations

import socket
import struct
import sys
import tempfile
from pathlib import Path
from typing import IO

from .errors import AgentError


def hold_machine(name: str) -> socket.socket | IO[str]:
    """Take the lock of that name, for as long as the returned object lives. Raises AgentError if another run has it."""
    return _hold_name(name) if sys.platform == "linux" else _hold_file(name)


def _hold_name(name: str) -> socket.socket:
    """A name in the abstract namespace: no file, no owner, any user."""
    lock = socket.socket(socket.AF_UNIX)
    try:
        lock.bind(f"\0{name}")
    except OSError as error:
        lock.close()
        raise _busy(_listener(name)) from error
    lock.listen()
    return lock


def _listener(name: str) -> str:
    """The pid of who listens there (unix(7), SO_PEERCRED), if it can be had."""
    with socket.socket(socket.AF_UNIX) as visitor:
        try:
            visitor.connect(f"\0{name}")
            pid, _, _ = struct.unpack("3i", visitor.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        except OSError:
            return ""
    return str(pid) if pid else ""


def _hold_file(name: str) -> IO[str]:
    import fcntl  # noqa: PLC0415  # only where it is needed

    lock = (Path(tempfile.gettempdir()) / f"{name}.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise _busy("") from error
    return lock


def _busy(pid: str) -> AgentError:
    known = f" (its agent is process {pid})" if pid else ""
    return AgentError(f"Another run is measuring on this machine{known}.", "Wait until it has ended, or end it.")
