"""One connection by OpenSSH's client, which verifies host keys as its user has it; all else goes through it."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from harness.errors import HostError, InputError
from harness.hosts import refusals

GREETING = b"rematch is here"
"""The line after which a command's own output begins: a login may print whatever it likes before."""

_TARGET = re.compile(
    r"ssh://(?:(?P<user>[^@/:\s-][^@/:\s]*)@)?(?P<name>[A-Za-z0-9_.][A-Za-z0-9_.-]*)(?::(?P<port>\d+))?/?"
)
_CONNECT_WITHIN_S = 30.0
_END_WITHIN_S = 5.0
_PORTS_TRIED = 5
_LOOPBACK = "127.0.0.1"
_SOCKET = "s"
_OPTIONS = {
    "BatchMode": "yes",  # no question is ever asked, no password ever sent
    "PasswordAuthentication": "no",
    "KbdInteractiveAuthentication": "no",
    "StrictHostKeyChecking": "yes",
    "NoHostAuthenticationForLocalhost": "no",
    "VerifyHostKeyDNS": "no",
    "UpdateHostKeys": "no",
    "AddressFamily": "inet",  # the servers are asked by IPv4
    "ConnectTimeout": "10",
    "ServerAliveInterval": "5",
    "ServerAliveCountMax": "3",
    "ControlPersist": "no",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "PermitLocalCommand": "no",
    "RemoteCommand": "none",
    "RequestTTY": "no",
    "Compression": "no",
    "LogLevel": "ERROR",
}


@dataclass(frozen=True)
class SshAddress:
    """Whom to ask for, and how to know that it is they. None: as the user's own ssh has it."""

    name: str
    user: str | None = None
    port: int | None = None
    key: Path | None = None
    known_hosts: Path | None = None

    @classmethod
    def parse(cls, text: str, known_hosts: Path | None = None) -> SshAddress:
        """Of `ssh://[user@]host[:port]`. Raises InputError."""
        found = _TARGET.fullmatch(text)
        port = int(found["port"]) if found and found["port"] else None
        if found is None or not (port is None or 1 <= port <= 65535):  # noqa: PLR2004  # as TCP has them
            raise InputError(f'"{text}" names no host', "Write it like ssh://user@host or ssh://user@host:2222")
        return cls(found["name"], found["user"], port, known_hosts=known_hosts)

    def options(self) -> list[str]:
        """What the client is told beside whom to call."""
        chosen = dict(_OPTIONS)
        if self.known_hosts:
            path = str(self.known_hosts.absolute()).replace("%", "%%")
            chosen |= {"UserKnownHostsFile": f'"{path}"', "GlobalKnownHostsFile": "/dev/null"}
            # Known to clients since 8.5. The user's own IgnoreUnknown counts no more, and macOS needs one.
            chosen |= {"IgnoreUnknown": "KnownHostsCommand,UseKeychain", "KnownHostsCommand": "none"}
        words = [word for name, value in chosen.items() for word in ("-o", f"{name}={value}")]
        words += ["-p", str(self.port)] if self.port else []
        words += ["-l", self.user] if self.user else []
        return [*words, *(["-o", "IdentitiesOnly=yes", "-i", str(self.key)] if self.key else [])]


class Connection:
    """A context manager. Inside it commands run there; after it nothing is left of it here, nor of them there."""

    def __init__(self, to: SshAddress) -> None:
        self.name = to.name
        self._to = to
        self._folder = Path()
        self._client: subprocess.Popen[bytes] | None = None
        self._complaints: IO[bytes] | None = None

    def __enter__(self) -> Self:
        """Log in. Raises HostError with the cause."""
        self._folder = Path(tempfile.mkdtemp(prefix="rematch-ssh-"))
        self._complaints = tempfile.TemporaryFile()  # lives as long as the connection
        try:
            self._client = self._logged_in(self._complaints)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def log_in_again(self) -> None:
        """After a loss; what `words` gave before leads there again. Raises HostError with the cause."""
        assert self._client
        assert self._complaints
        _end(self._client)
        (self._folder / _SOCKET).unlink(missing_ok=True)  # a client that was killed has left it
        self._complaints.seek(0)
        self._complaints.truncate()
        self._client = self._logged_in(self._complaints)

    @property
    def is_open(self) -> bool:
        """Whether the client still holds it, and takes commands: one that is ending refuses these first."""
        if self._client is None or self._client.poll() is not None:
            return False
        with socket.socket(socket.AF_UNIX) as knock:
            return knock.connect_ex(str(self._folder / _SOCKET)) == 0

    def words(self, command: str) -> list[str]:
        """A command of this machine that runs one of the host's shell there, its output after GREETING."""
        return [*self._base("ControlMaster=no"), _greeted(command)]

    def plain_words(self) -> list[str]:
        """Words to which a command of the host's shell is added, for who needs no greeting."""
        return self._base("ControlMaster=no")

    def run(self, command: str, *, given: bytes = b"", within_s: float = 60.0, what: str = "") -> str:
        """What a command of the host's shell writes. Raises HostError; LostError if there is no connection."""
        try:
            asked = subprocess.run(
                self.words(command),
                input=given,
                capture_output=True,
                check=False,
                timeout=within_s,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired as error:
            said = f"It was: {what or command}"
            raise HostError(f"`{self.name}` did not finish within {within_s:g} s.", said) from error
        if asked.returncode:
            raise self._failure(what or command, asked.stderr.decode(errors="replace"))
        return asked.stdout.partition(GREETING + b"\n")[2].decode(errors="replace")

    def _failure(self, what: str, said: str) -> HostError:
        if self.is_open:
            return refusals.failure(self.name, f"`{what}`", said)
        return refusals.lost(self.name, self._said() or said)

    @contextmanager
    def forwarded(self, host: str, port: int) -> Iterator[tuple[str, int]]:
        """An address here that leads to one there: for what is not timed."""
        for _ in range(_PORTS_TRIED):
            near = _free_port()
            route = f"{_LOOPBACK}:{near}:{host}:{port}"
            if self._control("forward", route):
                break
            if not self.is_open:
                raise refusals.lost(self.name, self._said())
        else:
            raise HostError(f"No way to {host}:{port} of `{self.name}` could be opened.", "Does its sshd forbid it?")
        try:
            yield _LOOPBACK, near
        finally:
            with contextlib.suppress(HostError):  # it ends with the connection at the latest
                self._control("cancel", route)

    def close(self) -> None:
        """End the connection, and with it all that runs over it."""
        if self._client:
            _end(self._client)
        if self._complaints:
            self._complaints.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _logged_in(self, complaints: IO[bytes]) -> subprocess.Popen[bytes]:
        """`cat` there ends with this pipe, and so with this process, however that ends; then the client does."""
        client = _popen([*self._base("ControlMaster=yes"), _greeted("exec cat >/dev/null")], complaints)
        greeted = False
        try:
            greeted = await_greeting(client, _CONNECT_WITHIN_S)
        finally:
            if not greeted:
                _end(client)
        if not greeted:
            raise refusals.refusal(self.name, self._said())
        return client

    def _base(self, *options: str) -> list[str]:
        chosen = [f"ControlPath={self._folder / _SOCKET}", *options]
        more = [word for option in chosen for word in ("-o", option)]
        return ["ssh", "-T", *more, *self._to.options(), self._to.name]

    def _control(self, what: str, route: str) -> bool:
        """Whether the client has done it. Raises HostError if it does not say."""
        command = [*self._base("ControlMaster=no")[:-1], "-O", what, "-L", route, self._to.name]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_CONNECT_WITHIN_S
            )
        except subprocess.TimeoutExpired as error:
            raise HostError(
                f"The client of the connection to `{self.name}` did not answer within {_CONNECT_WITHIN_S:g} s.",
                "Is the network cut, or this machine very busy? Try again.",
            ) from error
        return done.returncode == 0

    def _said(self) -> str:
        if self._complaints is None or self._complaints.closed:  # a connection that was left has nothing to say
            return ""
        if self._client:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._client.wait(1.0)  # its last words come as it ends
        self._complaints.seek(0)
        return self._complaints.read().decode(errors="replace")


def shell(words: Sequence[str], environment: Mapping[str, str] | None = None, folder: str | None = None) -> str:
    """Words as a shell reads them: in an environment of just these variables, in a folder."""
    clean = (
        ["env", "-i", *(f"{name}={value}" for name, value in environment.items())] if environment is not None else []
    )
    there = f"cd {shlex.quote(folder)} && " if folder else ""
    return f"{there}exec {shlex.join([*clean, *words])}"


def await_greeting(process: subprocess.Popen[bytes], within_s: float) -> bool:
    """Read up to GREETING, and not a byte more. False if it ends or says nothing."""
    assert process.stdout
    deadline, seen = time.monotonic() + within_s, b""
    while not seen.endswith(GREETING + b"\n"):
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        sign = os.read(process.stdout.fileno(), 1) if ready else b""
        if not sign:
            return False
        seen += sign
    return True


def _greeted(command: str) -> str:
    """For a shell of any kind: the user's login shell need not be a POSIX one."""
    return shlex.join(["sh", "-c", f"echo; echo {GREETING.decode()}; {command}"])


def _popen(command: Sequence[str], complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, bufsize=0, start_new_session=True
        )
    except OSError as error:
        raise HostError(f"OpenSSH's client could not be started: {error}.", "apt install openssh-client") from error


def _end(client: subprocess.Popen[bytes]) -> None:
    assert client.stdin
    assert client.stdout
    with contextlib.suppress(OSError):
        client.stdin.close()
    for step in (client.terminate, client.kill):
        try:
            client.wait(_END_WITHIN_S)
            break
        except subprocess.TimeoutExpired:
            step()
    client.wait()
    client.stdout.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])
