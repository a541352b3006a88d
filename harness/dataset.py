"""The one data set of all scenarios, by formulas: items, users, and what the apps must answer about them. Pure.

The services load `items` and `users` into a database; what requests are made of, and answers compared with, are rows.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from harness.model import RowKind

Row = Mapping[str, Any]

ITEMS = 10_000
USERS = 1_000
PAGE_SIZE = 20
CATALOGUE = 100
CATEGORIES = ("books", "clocks", "cups", "dice", "games", "lamps", "music", "paper", "pens", "tools")

# All seeded users share one password: what is measured is the check, and a thousand hashes would take a minute to make.
PASSWORD = "correct horse battery staple"  # noqa: S105  # of users that exist in a benchmark's database only
PASSWORD_HASH = "$2b$10$DxT.Jy10NCKXPYTYjrsAHey5eGSeEJf0EoPJ/j0bgCR3tyhyp11Aa"  # noqa: S105  # bcrypt of it, cost 10
SECRET_KEY = "a benchmark signs its own tokens, so this is no secret"  # noqa: S105  # see there
_ANOTHER_KEY = "whoever forges a token has another key than the service"
_ISSUED = datetime(2026, 1, 1, tzinfo=UTC)
_NEVER = datetime(2100, 1, 1, tzinfo=UTC)
_EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
_NOBODY = 999_999_999


def items() -> list[Row]:
    """Every item, by id from 1 on."""
    return [item(number) for number in range(1, ITEMS + 1)]


def item(number: int) -> Row:
    """One item as the apps answer it."""
    return {
        "id": number,
        "name": f"item-{number}",
        "category": CATEGORIES[number % len(CATEGORIES)],
        "price_cents": _price_cents(number),
        "in_stock": number % 3 != 0,
        "description": f"Item {number} of the shop: a plain thing of good make, made to be used for years.",
        "created_at": _time(number),
    }


def users() -> list[Row]:
    """Every user as the database holds it, by id from 1 on."""
    return [
        {
            "id": number,
            "email": _email(number),
            "password_hash": PASSWORD_HASH,
            "last_login": _time(number),
        }
        for number in range(1, USERS + 1)
    ]


def row(kind: RowKind, number: int, purpose: str) -> Row:
    """The row of that number, from 0 on, of what requests are made of. What must be fresh is so for each `purpose`."""
    return _ROWS[kind](number, purpose)


def size(kind: RowKind) -> int | None:
    """How many different rows there are; None: as many as are asked for."""
    return _SIZES.get(kind)


def _item(number: int, _: str) -> Row:
    return item(number + 1)


def _page(number: int, _: str) -> Row:
    category, index = CATEGORIES[number % len(CATEGORIES)], number // len(CATEGORIES)
    found = _by_category()[category]
    shown = found[index * PAGE_SIZE : (index + 1) * PAGE_SIZE]
    body = {"total": len(found), "page": index + 1, "page_size": PAGE_SIZE, "items": shown}
    return {"category": category, "number": index + 1, "body": body}


def _user(number: int, _: str) -> Row:
    known = number + 1
    return {
        "id": known,
        "email": _email(known),
        "password": PASSWORD,
        "last_login": _time(known),
        "token": _token(known, SECRET_KEY, _NEVER),
        "expired_token": _token(known, SECRET_KEY, _ISSUED + timedelta(minutes=30)),
        "forged_token": _token(known, _ANOTHER_KEY, _NEVER),
        "unsigned_token": jwt.encode(_claims(known, _NEVER), "", algorithm="none"),
        "nobodys_token": _token(_NOBODY, SECRET_KEY, _NEVER),
    }


def _newcomer(number: int, purpose: str) -> Row:
    return {"email": f"{purpose}-{number}@example.com", "password": f"a password for {number}"}


def _client(number: int, purpose: str) -> Row:
    return {"key": f"{purpose}-{number}"}


def _catalogue(_: int, __: str) -> Row:
    return {"items": [_entry(number) for number in range(1, CATALOGUE + 1)]}


def _entries(_: int, __: str) -> Row:
    """What GraphQL is asked for: the first of the catalogue, as many as a page has, under names as they are there."""
    return {"first": PAGE_SIZE, "found": [_in_graph(_entry(number)) for number in range(1, PAGE_SIZE + 1)]}


def _top(_: int, __: str) -> Row:
    prices = {name: [one["price_cents"] for one in found] for name, found in sorted(_by_category().items())}
    return {
        "categories": [
            {"category": name, "items": len(each), "mean_price_cents": sum(each) // len(each)}
            for name, each in prices.items()
        ]
    }


_ROWS: Mapping[RowKind, Callable[[int, str], Row]] = {
    "item": _item,
    "page": _page,
    "user": _user,
    "newcomer": _newcomer,
    "client": _client,
    "catalogue": _catalogue,
    "entries": _entries,
    "top": _top,
}
_SIZES: Mapping[RowKind, int] = {
    "item": ITEMS,
    "page": ITEMS // PAGE_SIZE,
    "user": USERS,
    "catalogue": 1,
    "entries": 1,
    "top": 1,
}


def _entry(number: int) -> Row:
    return {
        "id": number,
        "name": f"item-{number}",
        "category": CATEGORIES[number % len(CATEGORIES)],
        "price_cents": _price_cents(number),
        "in_stock": number % 3 != 0,
        "rating": number % 40 / 8,
        "tags": [f"series-{number % 10}", f"grade-{number % 5}", f"batch-{number % 7}"],
        "size": {"width_mm": 10 + number, "height_mm": 20 + number, "depth_mm": 30 + number},
    }


def _in_graph(value: Any) -> Any:
    """The same value with keys in camelCase."""
    if not isinstance(value, Mapping):
        return value
    return {re.sub("_(.)", lambda found: found[1].upper(), key): _in_graph(one) for key, one in value.items()}


@functools.cache
def _by_category() -> Mapping[str, Sequence[Row]]:
    """The items of each category, the cheapest first."""
    found: dict[str, list[Row]] = defaultdict(list)
    for one in sorted(items(), key=lambda one: (one["price_cents"], one["id"])):
        found[one["category"]].append(one)
    return found


def _price_cents(number: int) -> int:
    return 100 + number * 7919 % 90_000


def _email(number: int) -> str:
    return f"user{number}@example.com"


def _time(number: int) -> str:
    """A minute later for each number."""
    return f"{_EPOCH + timedelta(minutes=number):%Y-%m-%dT%H:%M:%SZ}"


def _token(user: int, key: str, expires: datetime) -> str:
    return jwt.encode(_claims(user, expires), key, algorithm="HS256")


def _claims(user: int, expires: datetime) -> dict[str, Any]:
    return {"sub": str(user), "iat": _ISSUED, "exp": expires}
