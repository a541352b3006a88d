"""A slow service: answers GET /rate after 50 ms, at next to no cost, however many ask at once."""

import asyncio

DELAY_S = 0.05
HEAD_END = b"\r\n\r\n"
BODY = b'{"rate": 1.25}'


def _answer(status: bytes, body: bytes) -> bytes:
    head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d" % (status, len(body))
    return head + HEAD_END + body


RATE = _answer(b"200 OK", BODY)
NOTHING = _answer(b"404 Not Found", b"{}")


class Connection(asyncio.Protocol):
    """Answers each request when its time has come. All wait equally long, so answers come in order."""

    def __init__(self) -> None:
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        self._transport = transport
        self._loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        """Cut off every request that is there in full, and answer it later."""
        *heads, self._rest = (self._rest + data).split(HEAD_END)
        for head in heads:
            answer = RATE if head.startswith(b"GET /rate ") else NOTHING
            self._loop.call_later(DELAY_S, self._transport.write, answer)


async def listen(host: str) -> str:
    """Listen on a free port, and say where."""
    server = await asyncio.get_running_loop().create_server(Connection, host, 0, backlog=1024)
    return f"http://{host}:{server.sockets[0].getsockname()[1]}/rate"


def facts() -> dict[str, object]:
    """What it does."""
    return {"delay_s": DELAY_S}
