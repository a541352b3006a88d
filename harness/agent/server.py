"""One server process: what is ordered, how it is spawned, and how to speak of its end."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from .asked import Limits
from .coldstart import Question
from .ending import Family, die_with
from .errors import AgentError, HostError
from .limits import Mechanism, open_many_files

_LINE_BYTES = 300
_MOMENT_BYTES = 8


@dataclass(frozen=True)
class Order:
    """What to launch. `command` may hold {host} and {port}, which are found here, and any name of `words`.

    The server gets `environment` and nothing else. Its log is appended to.
    """

    name: str
    command: tuple[str, ...]
    words: Mapping[str, str]
    environment: Mapping[str, str]
    folder: str
    log: str
    host: str
    question: Question
    limits: Limits
    timeout_s: float

    @classmethod
    def from_json(cls, order: Mapping[str, Any]) -> Order:
        """Raises TypeError or KeyError when a part is missing or unknown."""
        limits = Limits(**{**order["limits"], "cpus": tuple(order["limits"]["cpus"])})
        parts = {"command": tuple(order["command"]), "question": Question(**order["question"]), "limits": limits}
        return cls(**{**order, **parts})


@dataclass(frozen=True)
class Server:
    """A spawned order. What it wrote stands in its log from byte `log_from` on."""

    order: Order
    family: Family
    command: tuple[str, ...]
    port: int
    log_from: int
    spawned_ns: int

    @property
    def pid(self) -> int:
        return self.family.leader.pid

    @property
    def address(self) -> tuple[str, int]:
        return self.order.host, self.port

    def end_in_words(self) -> str | None:
        """How its first process ended; None while it lives."""
        code = self.family.exit_code()
        if code is None:
            return None
        return f"exit code {code}" if code >= 0 else f"signal {-code}, {signal.Signals(-code).name}"

    def hint(self) -> str:
        """Where to look: its log, and the log's last line."""
        line = self._last_line()
        told = f"last line: {line}" if line else "it wrote nothing"
        limit = self.order.limits.memory_bytes
        if limit is not None and self.family.exit_code() == -signal.SIGKILL:
            told += f". The kernel kills a process so when the memory limit ({limit} bytes) is exceeded"
        return f"Its log is {self.order.log}; {told}."

    def told(self) -> str:
        """All that it wrote."""
        with Path(self.order.log).open("rb") as log:
            log.seek(self.log_from)
            return log.read().decode(errors="replace")

    def _last_line(self) -> str:
        with contextlib.suppress(OSError), Path(self.order.log).open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(self.log_from, size - 4096))
            lines = log.read().decode(errors="replace").split("\n")
            return next((line.strip()[:_LINE_BYTES] for line in reversed(lines) if line.strip()), "")
        return ""


def spawn(order: Order, mechanism: Mechanism) -> Server:
    """Start it, on a port that is free now, under the limits. Raises AgentError; HostError if its log cannot be had."""
    port = _free_port(order.host)
    command = _rendered(order, port)
    with _opened(Path(order.log)) as log:
        log_from = log.tell()
        try:
            leader, spawned_ns = _spawned(order, command, log.fileno(), mechanism)
        except (OSError, subprocess.SubprocessError) as error:
            shown = " ".join(command)
            raise AgentError(f"`{order.name}` could not be started: {error}.", f"Its command is: {shown}") from error
        except ValueError as error:
            raise AgentError(
                f"`{order.name}` has a command that no system can start: {error}.",
                f"No word of {list(command)!r} may hold a NUL, and no name in its environment a `=`.",
            ) from error
    return Server(order, Family(leader), command, port, log_from, spawned_ns)


def port_is_taken(address: tuple[str, int]) -> bool:
    """Whether someone listens there, so that no server can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError:
            return True
    return False


def _opened(log: Path) -> BinaryIO:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("ab")
    except OSError as error:
        raise HostError(f"The log {log} cannot be written: {error.strerror}.", "Free some space there.") from error


def _spawned(
    order: Order, command: tuple[str, ...], log: int, mechanism: Mechanism
) -> tuple[subprocess.Popen[bytes], int]:
    """The process, and when it was about to become the server.

    It notes that moment itself, once it is under the limits: joining a control group may make it wait for the kernel
    for milliseconds to tens of them (an RCU grace period), and that wait is ours.
    """
    reading, writing = os.pipe()
    try:
        leader = _popen(order, command, log, mechanism, writing)
        return leader, int.from_bytes(os.read(reading, _MOMENT_BYTES), "big")
    finally:
        os.close(reading)
        os.close(writing)


def _popen(
    order: Order, command: tuple[str, ...], log: int, mechanism: Mechanism, clock: int
) -> subprocess.Popen[bytes]:
    agent = os.getpid()

    def become_server() -> None:
        open_many_files()
        mechanism.join()
        die_with(agent)
        os.write(clock, time.monotonic_ns().to_bytes(_MOMENT_BYTES, "big"))

    return subprocess.Popen(
        command,
        cwd=order.folder,
        env=dict(order.environment),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        preexec_fn=become_server,  # noqa: PLW1509  # safe: the agent has one thread only
    )


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _rendered(order: Order, port: int) -> tuple[str, ...]:
    """In one pass: a folder may itself be called {port}. Names that nobody knows stay as they are."""
    words = {**order.words, "host": order.host, "port": str(port)}
    return tuple(re.sub(r"\{(\w+)\}", lambda found: words.get(found[1], found[0]), part) for part in order.command)
