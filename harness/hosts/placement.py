"""Decides who runs where: which CPUs the server side gets, and which the generator (METHOD.md 8)."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model import Placement

_SERVER_CPUS = 2


def place(cpus: Sequence[int], siblings: Sequence[Sequence[int]] | None) -> Placement:
    """Divide `cpus` (at least one). `siblings` are the threads of each core; None: unknown, so no core is shared.

    One CPU: all share it. Two: one each. From three on the server side gets two, as the t3.medium has, threads of one
    core where the topology shows such; the generator gets the rest, but no sibling of the servers' while there are
    others. The server side gets the last CPUs: the first one serves most interrupts.
    """
    cpus = sorted(cpus)
    cores = [set(core) & set(cpus) for core in siblings or ()]
    if len(cpus) == 1:
        return Placement(server_cpus=tuple(cpus), generator_cpus=tuple(cpus), owns_core=False)
    server = _server_cpus(cpus, cores)
    rest = [cpu for cpu in cpus if cpu not in server]
    apart = [cpu for cpu in rest if not any(cpu in core and core & set(server) for core in cores)]
    return Placement(server_cpus=tuple(server), generator_cpus=tuple(apart or rest), owns_core=bool(apart))


def place_apart(here: Placement, cpus: Sequence[int], siblings: Sequence[Sequence[int]] | None) -> Placement:
    """As `place`, where the generator is on this machine and the servers on one of their own, with these `cpus`.

    The server side gets two again, and both if there are no more. `here` is how this machine would be divided: the
    generator gets all of it, and shares no core with the servers; it owns one if this machine has two.
    """
    cores = [set(core) & set(cpus) for core in siblings or ()]
    server = sorted(cpus) if len(cpus) <= _SERVER_CPUS else _server_cpus(sorted(cpus), cores)
    all_here = sorted({*here.server_cpus, *here.generator_cpus})
    return Placement(server_cpus=tuple(server), generator_cpus=tuple(all_here), owns_core=len(all_here) > 1)


def _server_cpus(cpus: list[int], cores: list[set[int]]) -> list[int]:
    if len(cpus) <= _SERVER_CPUS:
        return cpus[-1:]
    pairs = [sorted(core)[-_SERVER_CPUS:] for core in cores if len(core) >= _SERVER_CPUS]
    return max(pairs, default=cpus[-_SERVER_CPUS:])
