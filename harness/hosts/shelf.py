"""Folders put on a host, each under the digest of what it holds: the same content is sent once, and never changes."""

from __future__ import annotations

import gzip
import hashlib
import io
import shlex
import tarfile
from collections.abc import Iterator
from pathlib import Path

from harness.hosts.openssh import Connection

_SEND_WITHIN_S = 300.0


class Shelf:
    """A folder of the host, `base`, and what has been put there. A folder here is looked at once."""

    def __init__(self, connection: Connection, base: str) -> None:
        self._connection = connection
        self._base = base
        self._places: dict[Path, str] = {}

    def put(self, folder: Path, root: Path | None = None) -> str:
        """Where a folder of this machine is on the host, sent there unless it is. Raises HostError.

        `root`: whose scenarios lie beside it, the folder above its own unless it is said.
        """
        if folder not in self._places:
            root = root or folder.parents[1]
            packed = _packed(folder, root)
            place = f"{self._base}/{hashlib.sha256(packed).hexdigest()[:16]}"
            if not self._has(place):
                self._send(gzip.compress(packed), place)
            self._places[folder] = f"{place}/{folder.relative_to(root).as_posix()}"
        return self._places[folder]

    def _has(self, place: str) -> bool:
        return "there" in self._connection.run(f"test -e {shlex.quote(place)} && echo there; true")

    def _send(self, packed: bytes, place: str) -> None:
        """Whole or not at all: whoever comes second, or finds no room, leaves nothing half done."""
        script = (
            'mkdir -p "$0.$$" && trap \'rm -rf "$0.$$"\' EXIT && tar -xzf - -C "$0.$$" && '
            '{ mv -T "$0.$$" "$0" 2>/dev/null || test -d "$0"; }'
        )
        command = f"exec sh -c {shlex.quote(script)} {shlex.quote(place)}"
        self._connection.run(command, given=packed, within_s=_SEND_WITHIN_S, what="taking files")


def _packed(folder: Path, root: Path) -> bytes:
    """A folder as an archive: the same bytes for the same content, whoever packs it, and when.

    Beside it lie the scenarios of its checkout, if it is of one: the yardsticks answer by them.
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", dereference=True, format=tarfile.PAX_FORMAT) as archive:
        for path in sorted((*_files(folder), *root.glob("scenarios/*.toml"))):
            archive.add(path, path.relative_to(root).as_posix(), filter=_anonymous)
    return packed.getvalue()


def _files(folder: Path) -> Iterator[Path]:
    """Neither bytecode nor logs nor the folders of tools: as in what digests of apps are made of."""
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part == "__pycache__" for part in parts[:-1])
        if path.is_file() and not hidden and path.suffix not in {".log", ".pyc"}:
            yield path


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "", ""
    entry.mode = 0o755 if entry.mode & 0o100 else 0o644
    return entry
