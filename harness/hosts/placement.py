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


def cores_of(cpus: Sequence[int], siblings: Sequence[Sequence[int]] | None) -> tuple[tuple[int, ...], ...]:
    """CPUs core by core. `siblings` as in `place`."""
    cores = [found for core in siblings or () if (found := tuple(sorted(set(core) & set(cpus))))]
    alone = set(cpus).difference(*cores)
    return tuple(sorted([*cores, *((cpu,) for cpu in alone)]))


def place_apart(
    generator_cores: Sequence[Sequence[int]], cpus: Sequence[int], siblings: Sequence[Sequence[int]] | None
) -> Placement:
    """As `place`, where the generator is on another machine, of `generator_cores`, than the servers.

    The server side gets two again, and both if there are no more. No core is shared. The generators' CPUs are one
    thread of each core: on these they may spin. Where there is one core, all else on that machine needs it too: it is
    nobody's, so they run anywhere there, and never spin.
    """
    cores = [set(core) & set(cpus) for core in siblings or ()]
    server = sorted(cpus) if len(cpus) <= _SERVER_CPUS else _server_cpus(sorted(cpus), cores)
    first = tuple(min(core) for core in generator_cores) if len(generator_cores) > 1 else ()
    return Placement(server_cpus=tuple(server), generator_cpus=first, owns_core=True)


def _server_cpus(cpus: list[int], cores: list[set[int]]) -> list[int]:
    if len(cpus) <= _SERVER_CPUS:
        return cpus[-1:]
    pairs = [sorted(core)[-_SERVER_CPUS:] for core in cores if len(core) >= _SERVER_CPUS]
    return max(pairs, default=cpus[-_SERVER_CPUS:])
