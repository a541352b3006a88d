"""The keeper: starts what a scenario needs beside its apps, says where it is, and ends it.

Usage: main.py HOST PORT. It answers over HTTP: GET / says that it is there; POST /open starts services (see `Order`)
and answers the environment of each label; GET /facts and GET /counts tell of them.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field

import cache
import database
import mails
import upstream
from ending import Place, take_place
from refusal import Refusal

BODY_BYTES = 1 << 26
HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Order:
    """What to start: a database, a Valkey number, a sender of mails and a folder for metrics for each of `labels`.

    `tables`: CSV texts by table. `own`: addresses of the user's own servers by service, in place of ours.
    """

    services: Sequence[str]
    labels: Sequence[str]
    max_connections: int = 100
    tables: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)


class Keeper:
    """All services of one order."""

    def __init__(self, place: Place, host: str) -> None:
        self._place = place
        self._host = host
        self._closing = ExitStack()
        self._facts: dict[str, Callable[[], object]] = {}
        self._counts: dict[str, Callable[[], object]] = {}

    async def open(self, order: Order) -> dict[str, dict[str, str]]:
        """Start them, and say what each label is to have in its environment. Raises Refusal."""
        opening = {
            "postgres": self._postgres,
            "valkey": self._valkey,
            "mail": self._mail,
            "upstream": self._upstream,
            "metrics": self._metrics,
        }
        found: dict[str, dict[str, str]] = {label: {} for label in order.labels}
        for name in order.services:
            for label, words in (await opening[name](order)).items():
                found[label] |= words
        return found

    def facts(self) -> dict[str, object]:
        """What each service says of itself."""
        return {name: say() for name, say in self._facts.items()}

    def counts(self) -> dict[str, object]:
        """What each service has counted, now."""
        return {name: count() for name, count in self._counts.items()}

    def close(self) -> None:
        """End them all, the last one first."""
        self._closing.close()

    async def _postgres(self, order: Order) -> dict[str, dict[str, str]]:
        url = order.own.get("postgres")
        if url is None:
            server = database.Server(self._place, self._host, order.max_connections)
            self._closing.callback(server.close)
        databases = database.Databases(url or server.url, embedded=url is None)
        self._closing.callback(databases.close)
        databases.make(order.labels, order.tables, order.max_connections)
        in_memory = self._place.is_in_memory if url is None else None
        self._facts["postgres"] = lambda: {**databases.facts(), "in_memory": in_memory}
        self._counts["connections"] = databases.connections
        return {label: {"DATABASE_URL": databases.url(label)} for label in order.labels}

    async def _valkey(self, order: Order) -> dict[str, dict[str, str]]:
        url = order.own.get("valkey")
        if url is None:
            server = cache.Server(self._place, self._host, len(order.labels))
            self._closing.callback(server.close)
        numbers = cache.Numbers(url or server.url, order.labels, embedded=url is None)
        self._closing.callback(numbers.close)
        self._facts["valkey"] = numbers.facts
        self._counts["cache"] = numbers.counters
        return {label: {"REDIS_URL": numbers.url(label)} for label in order.labels}

    async def _mail(self, order: Order) -> dict[str, dict[str, str]]:
        sink = mails.Sink()
        url = await sink.listen(self._host)
        self._facts["mail"] = sink.facts
        senders = mails.senders(order.labels)
        self._counts["mails"] = lambda: {label: sink.received[sender] for label, sender in senders.items()}
        return {label: {"MAIL_URL": url, "MAIL_FROM": sender} for label, sender in senders.items()}

    async def _upstream(self, order: Order) -> dict[str, dict[str, str]]:
        url = await upstream.listen(self._host)
        self._facts["upstream"] = upstream.facts
        return {label: {"UPSTREAM_URL": url} for label in order.labels}

    async def _metrics(self, order: Order) -> dict[str, dict[str, str]]:
        """Where the processes of a contender count together; prometheus_client wants it empty at their start."""
        folders = {label: self._place.make_folder(f"metrics-{n}") for n, label in enumerate(order.labels, 1)}
        self._facts["metrics"] = lambda: {"in_memory": self._place.is_in_memory}
        return {label: {"PROMETHEUS_MULTIPROC_DIR": str(folder)} for label, folder in folders.items()}


async def _replied(keeper: Keeper, what: str, body: bytes) -> tuple[int, object]:
    match what:
        case "GET /":
            return 200, {"status": "ok"}
        case "POST /open":
            return await _opened(keeper, Order(**json.loads(body)))
        case "GET /facts":
            return 200, keeper.facts()
        case "GET /counts":
            return 200, keeper.counts()
    return 404, {"message": f"There is no {what}.", "hint": "See infra/services/main.py."}


async def _opened(keeper: Keeper, order: Order) -> tuple[int, object]:
    try:
        return 200, await keeper.open(order)
    except Refusal as refusal:
        return 409, {"message": refusal.message, "hint": refusal.hint}


async def _answer(keeper: Keeper, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One request of one connection; nobody may have come to ask."""
    with closing(writer), suppress(asyncio.IncompleteReadError):
        head = (await reader.readuntil(HEAD_END)).decode("latin-1").lower()
        method, path, *_ = head.split(" ")
        lengths = [line.partition(":")[2] for line in head.split("\r\n") if line.startswith("content-length:")]
        body = await reader.readexactly(int(lengths[0]) if lengths else 0)
        writer.write(_rendered(*await _replied(keeper, f"{method.upper()} {path}", body)))


def _rendered(status: int, value: object) -> bytes:
    body = json.dumps(value).encode()
    lines = f"HTTP/1.1 {status} .\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close"
    return lines.encode() + HEAD_END + body


async def _serve(keeper: Keeper, host: str, port: int) -> None:
    """Until told to end."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await asyncio.start_server(lambda reader, writer: _answer(keeper, reader, writer), host, port, limit=BODY_BYTES)
    await told.wait()


def main() -> None:
    """Keep services until told to end, then leave nothing of them."""
    host, port = sys.argv[1], int(sys.argv[2])
    place = take_place()
    keeper = Keeper(place, host)
    try:
        asyncio.run(_serve(keeper, host, port))
    finally:
        keeper.close()
        place.leave()


if __name__ == "__main__":
    main()
