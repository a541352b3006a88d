"""Leaves nothing behind: what is started here dies with the keeper, and a janitor removes the folder after all of it.

That holds for a keeper that is killed outright as well.
"""

import contextlib
import ctypes
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
IPC_RMID = 0
NOBODY = 65534
PREFIX = "rematch-services-"
LOCK = "held"
POSTGRES = "postgres"
MEMORY = Path("/dev/shm")  # noqa: S108  # what is made there is made for us alone, and not if it is there already
ROOM_BYTES = 1 << 30
_libc = ctypes.CDLL(None)


@dataclass(frozen=True)
class Place:
    """A temporary folder. It is there for as long as anybody holds the descriptor `held`; `janitor` removes it then.

    `data` may lie elsewhere: in memory.
    """

    folder: Path
    held: int
    janitor: int

    @property
    def is_in_memory(self) -> bool:
        """Whether `data` is."""
        return MEMORY in self._data.parents

    def make_folder(self, name: str) -> Path:
        """An empty folder in `data`, for whoever runs as we do: only servers that refuse root run as somebody else."""
        folder = self._data / name
        folder.mkdir()
        return folder

    def run(self, command: Sequence[str], dying: signal.Signals, **how: object) -> subprocess.Popen[bytes]:
        """Start a process that gets the signal `dying` if the keeper dies. `how`: more for Popen."""
        keeper = os.getpid()

        def die_with_keeper() -> None:  # runs after the change of user, which would make the kernel forget it
            if sys.platform == "linux":
                _libc.prctl(PR_SET_PDEATHSIG, dying, 0, 0, 0)
            if os.getppid() != keeper:
                os._exit(1)

        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            pass_fds=(self.held,),
            preexec_fn=die_with_keeper,  # noqa: PLW1509  # safe: the keeper has one thread only
            **how,
        )

    def leave(self) -> None:
        """Wait for the janitor, once all that was started has ended."""
        os.close(self.held)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.janitor, 0)

    @property
    def _data(self) -> Path:
        return (self.folder / "data").resolve()


def take_place() -> Place:
    """Make the folder, for `nobody` where this is root, and fork the janitor. Call it before there is any thread.

    What others left whose janitors were killed as well is removed on the way.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        _remove_abandoned(left)
    folder, held = _made()
    janitor = os.fork()
    if janitor:
        return Place(folder, held, janitor)
    os.close(held)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    fcntl.flock(os.open(folder / LOCK, os.O_RDONLY), fcntl.LOCK_EX)  # waits until nobody holds it any more
    _remove(folder)
    os._exit(0)


def unprivileged() -> dict[str, object]:
    """How to run what refuses to be run by root: as `nobody`."""
    if os.geteuid():
        return {}
    user, group = _owner()
    return {"user": user, "group": group, "extra_groups": ()}


def stop(process: subprocess.Popen[bytes], asking: signal.Signals, grace_s: float) -> None:
    """End a process: ask, and kill if it does not listen."""
    process.send_signal(asking)
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _made() -> tuple[Path, int]:
    """A new folder, and its lock as a descriptor. It gets its name when it is locked: until then nobody removes it.

    Its `data` lies in memory where there is room: disks are slow to forget, and others may use them meanwhile.
    """
    unnamed = Path(tempfile.mkdtemp(prefix="rematch-"))
    folder = unnamed.with_name(unnamed.name.replace("rematch-", PREFIX))
    held = os.open(unnamed / LOCK, os.O_CREAT | os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    data = (MEMORY if _has_room() else folder) / f"{folder.name}-data"
    (unnamed / "data").symlink_to(data)
    unnamed.rename(folder)
    data.mkdir(mode=0o700)
    for one in (folder, data):
        os.chown(one, *_owner())
    return folder, held


def _has_room() -> bool:
    with contextlib.suppress(OSError):
        room = os.statvfs(MEMORY)
        return os.access(MEMORY, os.W_OK) and room.f_bavail * room.f_frsize >= ROOM_BYTES
    return False


def _remove_abandoned(folder: Path) -> None:
    with contextlib.suppress(OSError):  # somebody holds it, or it is another user's, or gone
        lock = os.open(folder / LOCK, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(folder)
        finally:
            os.close(lock)


def _remove(folder: Path) -> None:
    data = (folder / "data").resolve()
    _remove_shared_memory(data / POSTGRES / "postmaster.pid")
    shutil.rmtree(data, ignore_errors=True)
    if not data.exists():  # else a contender that outlives the keeper has just written there: the next keeper's turn
        shutil.rmtree(folder, ignore_errors=True)


def _remove_shared_memory(of_postgres: Path) -> None:
    """PostgreSQL removes this file and its memory itself, unless it is killed outright. The id ends the 7th line."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        memory = int(of_postgres.read_text().splitlines()[6].split()[1])
        _libc.shmctl(memory, IPC_RMID, None)


def _owner() -> tuple[int, int]:
    if os.geteuid():
        return os.getuid(), os.getgid()
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return NOBODY, NOBODY
    return entry.pw_uid, entry.pw_gid
