"""Rematch: gives published framework comparisons a rematch under fair rules."""
