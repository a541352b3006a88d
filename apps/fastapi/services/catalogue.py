"""Finds the catalogue."""

from typing import Any

from models.catalogue import CATALOGUE


def list_entries() -> dict[str, list[dict[str, Any]]]:
    """List every entry as it lies in memory: plain values, which need no response model."""
    return {"items": CATALOGUE}
