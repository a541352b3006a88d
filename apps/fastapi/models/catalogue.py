"""The catalogue of the shop in memory: a hundred entries, so that the writing of an answer is felt."""

from typing import Any

KNOWN = 100
CATEGORIES = ("books", "clocks", "cups", "dice", "games", "lamps", "music", "paper", "pens", "tools")


def _make_entry(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"item-{number}",
        "category": CATEGORIES[number % len(CATEGORIES)],
        "price_cents": 100 + number * 7919 % 90000,
        "in_stock": number % 3 != 0,
        "rating": number % 40 / 8,
        "tags": [f"series-{number % 10}", f"grade-{number % 5}", f"batch-{number % 7}"],
        "size": {"width_mm": 10 + number, "height_mm": 20 + number, "depth_mm": 30 + number},
    }


CATALOGUE = [_make_entry(number) for number in range(1, KNOWN + 1)]
