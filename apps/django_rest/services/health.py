"""Decides whether the service can do its work."""


def check_health() -> dict[str, str]:
    """Say how the service is; it depends on nothing that could fail on its own."""
    return {"status": "ok"}
