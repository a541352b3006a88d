"""WebSockets: what simple-websocket has to be told, and how a conversation ends with its process."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from socket import SHUT_RDWR, SHUT_WR, socket
from threading import Event, Lock, Thread

from flask import Flask, Response, g, request
from services.echo import MAX_BYTES
from simple_websocket import Server

from core.lifespan import when_told_to_end

GOING_AWAY = 1001  # RFC 6455, section 7.4.1
LOOKS_UP_S = 1
PATIENCE_S = 1
PIECE_BYTES = 65_536
OPTIONS = {
    "max_message_size": MAX_BYTES,
    "thread_class": partial(Thread, daemon=True),  # a client that never leaves would keep the process from ending
}

_ending = Event()


class Connection:
    """What simple-websocket takes for a socket: one of its own, so that it does not close the server's.

    gunicorn closes that one itself, and counts it.
    """

    def __init__(self, served: socket) -> None:
        self._socket, self._sending = served.dup(), Lock()
        self.recv = self._socket.recv

    def send(self, frame: bytes) -> None:
        """Send all of a frame, which gevent's `send` may not, and no other between: pongs come from another thread."""
        with self._sending:
            self._socket.sendall(frame)

    def close(self) -> None:
        """Say that nothing follows, and wait for the client to leave: if it is cut off, it may not hear the reason."""
        with suppress(OSError), self._socket:
            self._socket.shutdown(SHUT_WR)
            while self._socket.recv(PIECE_BYTES):
                pass

    def cut(self) -> None:
        """Wait no longer for the client to leave."""
        with suppress(OSError):
            self._socket.shutdown(SHUT_RDWR)


def register_sockets(app: Flask) -> None:
    """Have WebSockets of `app` know their limits, and the end of the process."""
    app.config["SOCK_SERVER_OPTIONS"] = OPTIONS
    when_told_to_end(_ending.set)


def prepare_handshake() -> None:
    """Have simple-websocket use a socket of its own, and not compress, which it has no option for."""
    request.environ["gunicorn.socket"] = Connection(request.environ["gunicorn.socket"])
    request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)


def listen(connection: Server) -> Iterator[str | bytes]:
    """Hear what a client says until it leaves, or the process is told to end. Raises ConnectionClosed."""
    g.conversation = connection
    while not _ending.is_set():
        message = connection.receive(timeout=LOOKS_UP_S)
        if message is not None:
            yield message
    connection.close(GOING_AWAY)


def part(response: Response) -> Response:
    """Give a client time to leave after its last word. gunicorn would too, but keep all others waiting meanwhile."""
    if has_conversed():
        g.conversation.thread.join(PATIENCE_S)
        g.conversation.sock.cut()
    return response


def has_conversed() -> bool:
    """Whether this was a WebSocket: what Flask then takes for an answer goes nowhere."""
    return "conversation" in g
