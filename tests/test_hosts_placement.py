"""Who runs where, for every shape of machine."""

from typing import Any

import pytest

from harness.hosts.placement import cores_of, place, place_apart
from harness.model import Placement


@pytest.mark.parametrize(
    ("cpus", "siblings", "server", "generator", "owns_core"),
    [
        pytest.param([3], [[3]], (3,), (3,), False, id="one CPU is shared"),
        pytest.param([0, 1], [[0], [1]], (1,), (0,), True, id="two cores: one each"),
        pytest.param([0, 1], [[0, 1]], (1,), (0,), False, id="two threads of one core own none"),
        pytest.param([0, 1], None, (1,), (0,), True, id="unknown topology: cores are taken for granted"),
        pytest.param([0, 1, 2], [[0], [1], [2]], (1, 2), (0,), True, id="three: two for the servers"),
        pytest.param([0, 1, 2], [[0, 1], [2]], (0, 1), (2,), True, id="three with a pair: the pair"),
        pytest.param([0, 1, 2, 3], [[0, 1], [2, 3]], (2, 3), (0, 1), True, id="neighbours are siblings"),
        pytest.param([0, 1, 2, 3], [[0, 2], [1, 3]], (1, 3), (0, 2), True, id="halves are siblings"),
        pytest.param([0, 1, 2, 3], [[0], [1], [2], [3]], (2, 3), (0, 1), True, id="four cores of one thread"),
        pytest.param([0, 1, 2, 3], [[0, 1, 2, 3]], (2, 3), (0, 1), False, id="four threads of one core"),
        pytest.param(list(range(8)), [[0, 1, 2, 3], [4, 5, 6, 7]], (6, 7), (0, 1, 2, 3), True, id="siblings lie idle"),
        pytest.param([0, 1, 2, 5], [[0, 4], [1, 5], [2, 6]], (1, 5), (0, 2), True, id="some CPUs are not ours"),
    ],
)
def test_a_machine_is_divided(
    cpus: list[int],
    siblings: list[list[int]] | None,
    server: tuple[int, ...],
    generator: tuple[int, ...],
    *,
    owns_core: bool,
) -> None:
    placement = place(cpus, siblings)
    assert (placement.server_cpus, placement.generator_cpus) == (server, generator)
    assert placement.owns_core == owns_core


@pytest.mark.parametrize(
    ("cpus", "siblings", "server"),
    [((0, 1), None, (0, 1)), ((0,), None, (0,)), ((0, 1, 2, 3), [(0, 2), (1, 3)], (1, 3)), (range(8), None, (6, 7))],
)
def test_on_a_machine_of_their_own_servers_get_two_cpus(cpus: Any, siblings: Any, server: tuple[int, ...]) -> None:
    found = place_apart([(0,), (1,)], cpus, siblings)
    assert found == Placement(server_cpus=server, generator_cpus=(0, 1), owns_core=True)


@pytest.mark.parametrize(
    ("cpus", "siblings", "generator"),
    [
        pytest.param([0], [[0]], (), id="one CPU is for all on that machine, but for no server"),
        pytest.param([0, 1], [[0, 1]], (), id="so are two threads of one core"),
        pytest.param([1, 0], [[0], [1]], (0, 1), id="two cores"),
        pytest.param([0, 1], None, (0, 1), id="unknown topology: cores are taken for granted"),
        pytest.param([0, 1, 2, 3], [[0, 2], [1, 3]], (0, 1), id="no two generators spin on one core"),
        pytest.param([1, 2, 3], [[0, 2], [1, 3]], (1, 2), id="some CPUs are not ours"),
    ],
)
def test_on_a_machine_of_their_own_generators_share_no_core_and_spin_on_one_thread_of_each(
    cpus: list[int], siblings: list[list[int]] | None, generator: tuple[int, ...]
) -> None:
    found = place_apart(cores_of(cpus, siblings), (0, 1), None)
    assert (found.generator_cpus, found.owns_core) == (generator, True)
