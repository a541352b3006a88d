"""The way to an agent: one JSON line there, one back. Says when it is out of step, and ends the agent for good."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from harness.errors import HostError, RematchError

_END_WITHIN_S = 10.0
_GREETED_WITHIN_S = 30.0


class Link:
    """A running agent. `in_step` turns false, for good, when a request got no whole answer (Ctrl-C, a dead agent).

    Over a network: `greeting` is the line after which it listens; `beat_s` how often it hears that somebody is here
    still; `losing` what is raised when it does not answer any more.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        greeting: bytes | None = None,
        beat_s: float | None = None,
        losing: type[HostError] = HostError,
    ) -> None:
        """Start `command`, in a session of its own: Ctrl-C at the terminal is for the harness. Raises HostError."""
        self.in_step = True
        self.lost = False
        self._losing = losing
        self._unread = b""
        self._sending = threading.Lock()
        self._ending = threading.Event()
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the agent
        try:
            self._agent = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            self._complaints.close()
            raise HostError(f"The agent could not be started: {error}.", f"Its command is: {command[0]}") from error
        try:
            self._await(greeting)
        except BaseException:
            self.close()
            raise
        if beat_s:
            threading.Thread(target=self._beat, args=(beat_s,), daemon=True).start()

    @property
    def pid(self) -> int:
        """The agent's process id."""
        return self._agent.pid

    def ask(self, call: str, within_s: float, failing: type[RematchError] = HostError, **args: Any) -> Any:
        """The agent's answer to one call. Raises `failing` if it says no, HostError if no server is to blame."""
        if not self.in_step:
            raise self._losing("The agent is not listening any more.", "An earlier request to it was cut off.")
        self.in_step = False
        self._send({"call": call, "args": args})
        reply = json.loads(self._receive(call, within_s))
        self.in_step = True
        if "error" in reply:
            kind = HostError if reply["error"].get("by_host") else failing
            raise kind(reply["error"]["message"], reply["error"]["hint"])
        return reply["ok"]

    def close(self) -> None:
        """End the agent, which ends its servers; without hearing it, if need be."""
        assert self._agent.stdin
        assert self._agent.stdout
        self.in_step = False
        self._ending.set()
        with contextlib.suppress(OSError), self._sending:
            self._agent.stdin.close()
        try:
            _end(self._agent)
        finally:
            self._agent.stdout.close()
            self._complaints.close()

    def _await(self, greeting: bytes | None) -> None:
        """Whatever a host says to everybody who comes is not the agent's."""
        while greeting and self._receive("greeting", _GREETED_WITHIN_S) != greeting:
            pass

    def _beat(self, every_s: float) -> None:
        """Until the end, or until nobody hears it: then the next request says so."""
        with contextlib.suppress(OSError, ValueError):
            while not self._ending.wait(every_s):
                self._write(b"\n")

    def _send(self, request: Mapping[str, Any]) -> None:
        try:
            self._write(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise self._lost("has ended") from error

    def _write(self, unsent: bytes) -> None:
        assert self._agent.stdin
        with self._sending:
            while unsent:
                unsent = unsent[self._agent.stdin.write(unsent) or 0 :]

    def _receive(self, call: str, within_s: float) -> bytes:
        assert self._agent.stdout
        deadline = time.monotonic() + within_s
        while b"\n" not in self._unread:
            ready, _, _ = select.select([self._agent.stdout], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise self._lost(f"did not answer `{call}` within {within_s:g} s")
            received = os.read(self._agent.stdout.fileno(), 1 << 16)
            if not received:
                raise self._lost(f"ended when asked for `{call}`")
            self._unread += received
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _lost(self, how: str) -> HostError:

        self.lost = True
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "")
        return self._losing(f"The agent {how}.", f"Its last words: {last}" if last else "It said nothing.")


def _end(agent: subprocess.Popen[bytes]) -> None:
    """It ends by itself once its input is closed; then the steps that are left. Its servers hear of its death."""
    for step in (agent.terminate, agent.kill):
        try:
            agent.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            step()
        else:
            return
    agent.wait()
