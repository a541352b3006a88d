"""Decides what to say to the world."""


def make_greeting() -> dict[str, str]:
    """Make the greeting anew."""
    return {"message": "Hello, World!"}
