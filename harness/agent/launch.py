"""Spawns servers, waits until they answer correctly, and stops them: whatever happens, none stays behind."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from .asked import Limits
from .caller import Caller
from .coldstart import Wait, first_answer
from .ending import Family, end_strays, strays
from .errors import AgentError
from .imports import parse
from .limits import Mechanism, best, evidence
from .processes import Process, table
from .server import Order, Server, port_is_taken, spawn

_PORTS_TRIED = 3
_LOOKS = 10
_LOOK_S = 0.01
_SETTLE_S = 0.05


class _PortLost(Exception):  # noqa: N818  # no error: the launch begins anew
    """Someone else took the port between our look and the server's."""


class Launcher:
    """All servers of one agent, under one set of limits. `close` ends every one."""

    def __init__(self, caller: Caller, grace_s: float) -> None:
        self._caller = caller
        self._grace_s = grace_s
        self._servers: dict[int, Server] = {}
        self._mechanism: Mechanism | None = None
        self._limits: Limits | None = None

    def launch(self, order: Order) -> dict[str, Any]:
        """Spawn, and wait for the first correct answer. Raises AgentError, and CallerGone."""
        mechanism = self._limited(order.limits)
        for _ in range(_PORTS_TRIED):
            with contextlib.suppress(_PortLost):
                return self._launch(order, mechanism)
        raise AgentError(f"`{order.name}` lost its port to another program {_PORTS_TRIED} times.", "Start it again.")

    def family(self, pid: int) -> Family:
        """The processes of a server. Raises AgentError when its first one has ended."""
        server = self._servers[pid]
        if end := server.end_in_words():
            self._refuse_background(server)
            raise AgentError(f"`{server.order.name}` ended ({end}) before it was asked to.", server.hint())
        return server.family

    def imports(self, pid: int) -> list[dict[str, Any]]:
        """What a server has told of its imports so far; nothing, if it was not started to tell."""
        return parse(self._servers[pid].told())

    def stop(self, pid: int) -> dict[str, Any]:
        """End a server. Says whether SIGKILL was needed, and how its first process ended (negative: the signal)."""
        server = self._servers[pid]
        killed = server.family.end(self._grace_s)
        del self._servers[pid]
        if not self._servers:
            end_strays(())
        return {"killed": killed, "exit_code": server.family.leader.returncode}

    def close(self, grace_s: float) -> None:
        """End everything and lift the limits."""
        for server in self._servers.values():
            with contextlib.suppress(AgentError):  # nobody is there to hear it: go on with the others
                server.family.end(grace_s)
        self._servers.clear()
        end_strays(())
        if self._mechanism:
            self._mechanism.remove()

    def _limited(self, limits: Limits) -> Mechanism:
        if self._mechanism is None:
            self._mechanism = best(limits)
        elif limits != self._limits:
            self._mechanism.ask(limits)
        self._limits = limits
        return self._mechanism

    def _launch(self, order: Order, mechanism: Mechanism) -> dict[str, Any]:
        known = {stray.pid for stray in self._strays()}
        server = spawn(order, mechanism)
        self._servers[server.pid] = server
        try:
            return self._await(server, mechanism)
        except AgentError:
            self._find_escaped(server, known)
            self._give_up(server)
            raise

    def _await(self, server: Server, mechanism: Mechanism) -> dict[str, Any]:
        order = server.order
        try:
            moments = first_answer(server.address, order.question, self._patience(server))
        except AgentError as error:
            raise AgentError(f"`{order.name}` {error.message}.", server.hint()) from error
        self._caller.wait(_SETTLE_S)  # a child may answer a moment before its parent leaves it alone
        if end := server.end_in_words():
            raise AgentError(f"`{order.name}` ended ({end}) when it had answered.", server.hint())
        members = [process.pid for process in server.family.members(table())]
        return {
            "host": order.host,
            "port": server.port,
            "pid": server.pid,
            "listening_s": (moments.listening_ns - server.spawned_ns) / 1e9,
            "ready_s": (moments.ready_ns - server.spawned_ns) / 1e9,
            "command": server.command,
            "log": order.log,
            "enforcement": evidence(mechanism, order.limits, members),
        }

    def _patience(self, server: Server) -> Wait:
        """A wait that ends, with an AgentError, as soon as there is nothing left to wait for."""
        order = server.order
        deadline_ns = server.spawned_ns + int(order.timeout_s * 1e9)

        def wait(seconds: float, fileno: int | None, events: int) -> None:
            left_s = (deadline_ns - time.monotonic_ns()) / 1e9
            if left_s <= 0:
                raise AgentError(f"did not answer on {order.host}:{server.port} within {order.timeout_s:g} s")
            self._caller.wait(min(seconds, left_s), fileno, events)
            if end := server.end_in_words():
                raise AgentError(f"ended ({end}) before it answered")

        return wait

    def _find_escaped(self, server: Server, known: set[int]) -> None:
        """Who has just lost its parents and is new must be of this server. A daemon forks for some milliseconds."""
        for _ in range(_LOOKS):
            server.family.admit(stray for stray in self._strays() if stray.pid not in known)
            time.sleep(_LOOK_S)

    def _give_up(self, server: Server) -> None:
        """End what is left of a failed launch. Raises what explains the failure better, if anything does."""
        ended = server.end_in_words()
        try:
            self._refuse_background(server)
        finally:
            self.stop(server.pid)
        if ended and port_is_taken(server.address):
            raise _PortLost

    def _refuse_background(self, server: Server) -> None:
        """Raise AgentError if its first process has ended well and others of it live on."""
        alive = [process.pid for process in server.family.members(table())]
        if server.family.exit_code() == 0 and alive:
            raise AgentError(
                f"`{server.order.name}` went into the background: it ended, process {alive[0]} lived on.",
                "Its command must stay in the foreground (no daemon, no `&`). Nothing of it is left running.",
            )

    def _strays(self) -> list[Process]:
        return strays(server.family for server in self._servers.values())
