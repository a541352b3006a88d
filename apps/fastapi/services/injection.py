"""Decides what the chain of dependencies comes to."""

from services.hello import make_greeting


def add_link(depth: int) -> int:
    """Add one link to a chain of `depth` links."""
    return depth + 1


def describe_chain(depth: int) -> dict[str, str | int]:
    """Greet, and say how many links it took."""
    return {**make_greeting(), "depth": depth}
