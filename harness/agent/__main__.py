"""The agent: answers requests, one JSON line each, until the harness is gone; then nothing of it stays behind.

`{"call": NAME, "args": {...}}` gets `{"ok": ...}` or `{"error": {"message", "hint", "by_host"}}`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

from .caller import Caller, CallerGone
from .ending import adopt_orphans
from .errors import AgentError, HostError
from .fingerprint import fingerprint, siblings
from .launch import Launcher
from .lock import hold_machine
from .logs import read
from .pagecache import drop
from .server import Order
from .usage import cpu_s, reading, usage

_GRACE_ALONE_S = 1.0


class Agent:
    """The calls, by name."""

    def __init__(self, launcher: Launcher, owner: int | None) -> None:
        self._launcher = launcher
        self._roots = {owner or os.getpid(), os.getpid()}  # over SSH this process is no child of its owner
        self._available = _available_cpus()
        self._lock: Any = None
        self._listener = contextlib.ExitStack()

    def calls(self) -> dict[str, Callable[..., Any]]:
        """What can be asked for."""
        return {
            "pin": self.pin,
            "exclude": self.exclude,
            "topology": lambda: {"cpus": self._available, "siblings": siblings(self._available)},
            "fingerprint": lambda: fingerprint(self._available),
            "reading": lambda: reading(self._roots),
            "launch": lambda **order: self._launcher.launch(Order.from_json(order)),
            "cpu": lambda pid: {"cpu_s": cpu_s(self._launcher.family(pid))},
            "usage": lambda pid: usage(self._launcher.family(pid)),
            "imports": self._launcher.imports,
            "drop_page_cache": drop,
            "stop": self._launcher.stop,
            "read": read,
            "listen": self.listen,
            "listen_no_more": self.listen_no_more,
        }

    def pin(self, cpus: list[int]) -> None:
        """Keep the agent itself on these CPUs, where that can be had. Servers get their own."""
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cpus)

    def listen(self, host: str) -> int:
        """The port of that address at which connections are taken, and left alone: whether they get through is told."""
        return int(self._listener.enter_context(socket.create_server((host, 0))).getsockname()[1])

    def listen_no_more(self) -> None:
        """Take no more."""
        self._listener.close()

    def exclude(self, name: str) -> None:
        """Hold the machine's lock of that name until this agent ends. Raises AgentError if another run holds it."""
        self._lock = hold_machine(name)


def main() -> None:
    """Serve until the harness is gone."""
    arguments = _parser().parse_args()
    caller = Caller(sys.stdin.fileno(), sys.stdout.fileno(), arguments.owner, arguments.silence)
    adopt_orphans()
    launcher = Launcher(caller, arguments.grace)
    calls = Agent(launcher, arguments.owner).calls()
    try:
        for request in caller.requests():
            caller.answer(_reply(calls, request))
    except CallerGone:
        pass
    finally:
        launcher.close(_GRACE_ALONE_S)


def _reply(calls: dict[str, Callable[..., Any]], request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"ok": calls[request["call"]](**request.get("args", {}))}
    except AgentError as error:
        return _no(error)
    except CallerGone:
        raise
    except Exception as error:  # noqa: BLE001  # whatever it is, the harness must hear of it
        return _no(HostError(f"The agent failed: {error!r}.", "This is a defect of the agent."))


def _no(error: AgentError) -> dict[str, Any]:
    return {"error": {"message": error.message, "hint": error.hint, "by_host": isinstance(error, HostError)}}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="agent", description=__doc__)
    parser.add_argument("--owner", type=int, help="process id of the harness, if it runs on this machine")
    parser.add_argument("--silence", type=float, help="seconds of hearing nothing after which the harness is gone")
    parser.add_argument("--grace", type=float, default=5.0, help="seconds between SIGTERM and SIGKILL")
    return parser


def _available_cpus() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


if __name__ == "__main__":
    main()
