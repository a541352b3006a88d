"""WebSockets: what simple-websocket has to be told, and how a conversation ends with its process."""

from collections.abc import Iterator
from functools import partial
from socket import socket
from threading import Event, Lock, Thread

from flask import Flask, g, request
from services.echo import MAX_BYTES
from simple_websocket import Server

from core.lifespan import when_told_to_end

GOING_AWAY = 1001  # RFC 6455, section 7.4.1
LOOKS_UP_S = 1
OPTIONS = {
    "max_message_size": MAX_BYTES,
    "thread_class": partial(Thread, daemon=True),  # a client that never leaves would keep the process from ending
}

_ending = Event()


class Connection:
    """What simple-websocket takes for a socket: one of its own, which it may close, and which sends all of a frame.

    The server closes its own socket itself, and counts that. gevent's `send` may send less than it is given.
    """

    def __init__(self, served: socket) -> None:
        self._socket, self._sending = served.dup(), Lock()
        self.recv, self.close = self._socket.recv, self._socket.close

    def send(self, frame: bytes) -> None:
        """Send a frame whole: an answer to a ping may go out from another thread."""
        with self._sending:
            self._socket.sendall(frame)


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
    g.has_conversed = True
    while not _ending.is_set():
        message = connection.receive(timeout=LOOKS_UP_S)
        if message is not None:
            yield message
    connection.close(GOING_AWAY)


def has_conversed() -> bool:
    """Whether this was a WebSocket: what Flask then takes for an answer goes nowhere."""
    return "has_conversed" in g
