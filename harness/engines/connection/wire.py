"""One connection to one contender, and how its user waits in gevent's loop. What is said over it is for others.

A watcher stays armed for a whole turn and switches straight to the waiting greenlet, so that a request costs one send,
one wake-up and one receive; gevent's own sockets would start and stop a watcher each time.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from gevent import get_hub, getcurrent, monkey

from harness.contract import masked
from harness.engines.connection.answers import Verdict
from harness.engines.connection.framing import CutOffError, FramingError, TooLongError
from harness.model import ErrorCause

READ, WRITE = 1, 2
PIECE_BYTES = 64 * 1024
NEVER_CONNECTED = (errno.ECONNREFUSED, errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL)
_CONNECTING = (0, errno.EINPROGRESS)

# The plain sockets, which never switch greenlets behind our back.
_Socket: type[socket.socket] = monkey.get_original("socket", "socket")


class Fault(Exception):  # noqa: N818  # an outcome of a request, not an error of the program
    """No correct answer, and why."""

    def __init__(self, cause: ErrorCause, text: str) -> None:
        super().__init__(text)
        self.cause = cause
        self.text = text

    @classmethod
    def of(cls, error: OSError | None) -> Fault:
        """What became of a connection that broke, or (None) ended, before there was an answer."""
        if error is None:
            return cls(ErrorCause.RESET, "the connection was closed without an answer")
        cause = ErrorCause.CONNECT if error.errno in NEVER_CONNECTED else ErrorCause.RESET
        return cls(cause, os.strerror(error.errno or 0))


@contextmanager
def faults(secrets: Iterable[str]) -> Iterator[None]:
    """What is wrong with the bytes that came, as a Fault."""
    try:
        yield
    except FramingError as error:
        raise Fault(ErrorCause.FRAMING, masked(str(error), secrets)) from error
    except TooLongError as error:
        raise Fault(ErrorCause.BODY, str(error)) from error
    except CutOffError as error:
        raise Fault(ErrorCause.RESET, masked(str(error), secrets)) from error


class Address:
    """A resolved address. Raises OSError when the name means nothing."""

    def __init__(self, host: str, port: int) -> None:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        self.family = found[0]
        self.sockaddr = found[4]


class Wire:
    """A connection, opened when first needed and again whenever it was closed. `reconnects` counts the latter.

    `asked_again` counts the requests that got no byte on a connection in use: the server may have lost them.

    Between `arm` and `disarm` it belongs to the greenlet that armed it, which may wait for nothing but its answers.
    """

    __slots__ = (
        "_address",
        "_armed",
        "_opened",
        "_socket",
        "_switch",
        "_wake",
        "_watcher",
        "asked_again",
        "reconnects",
    )

    def __init__(self, address: Address) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self._watcher: Any = None
        self._armed = False
        self._opened = False
        self._switch: Callable[[], None] = get_hub().switch
        self._wake: Callable[[], None] = getcurrent().switch
        self.asked_again = 0
        self.reconnects = 0

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    def get_ready(self) -> None:
        """Open what takes long to open. Raises Fault, as `ask` does."""

    def ask(self, question: Any) -> Verdict:
        """Send `question`, wait for the whole answer. Raises Fault, after which the connection must be closed."""
        raise NotImplementedError

    def leave(self) -> None:
        """A turn is over: close what may not outlive it. Raises Fault, as `ask` does."""

    def arm(self) -> None:
        """From here on, arriving bytes wake the calling greenlet."""
        self._wake = getcurrent().switch
        self._armed = True
        if self._watcher is not None:
            self._watcher.start(self._wake)

    def disarm(self) -> None:
        self._armed = False
        if self._watcher is not None:
            self._watcher.stop()

    def close(self) -> None:
        if self._socket is not None:
            self._watcher.stop()
            self._watcher.close()
            self._socket.close()
            self._socket = self._watcher = None

    def renew(self) -> None:
        """Close, and let the next opening be no reconnect: it was planned."""
        self.close()
        self._opened = False

    def _open(self) -> socket.socket:
        """Begin to connect; on loopback the connection is there at once, so the first send does not wait."""
        connection = self._socket = _Socket(self._address.family, socket.SOCK_STREAM)
        connection.setblocking(False)  # noqa: FBT003  # the method's name says what is meant
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._watcher = get_hub().loop.io(connection.fileno(), READ)
        self.reconnects += self._opened
        self._opened = True
        problem = connection.connect_ex(self._address.sockaddr)
        if problem not in _CONNECTING:
            raise Fault(ErrorCause.CONNECT, os.strerror(problem))
        if self._armed:
            self._watcher.start(self._wake)
        return connection

    def _next_piece(self) -> bytes:
        """What comes next; nothing, where the connection has ended."""
        assert self._socket is not None
        self._switch()
        try:
            return self._socket.recv(PIECE_BYTES)
        except OSError as error:
            raise Fault.of(error) from error

    def _await(self, connection: socket.socket, events: int) -> None:
        """The reading watcher rests meanwhile: a refused connection would fire both and wake the greenlet twice."""
        self._watcher.stop()
        watcher = get_hub().loop.io(connection.fileno(), events)
        watcher.start(self._wake)
        try:
            self._switch()
        finally:
            watcher.stop()
            watcher.close()
        self._watcher.start(self._wake)
