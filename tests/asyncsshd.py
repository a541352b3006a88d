"""An SSH server of asyncssh's, for where sshd cannot run: whoever logs in gets a home of their own.

A process of its own: `python -m tests.asyncsshd FOLDER` serves on the loopback until its input ends.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncssh

from harness.catalog import ROOT
from harness.hosts.openssh import SshAddress


@contextmanager
def asyncsshd(folder: Path) -> Iterator[SshAddress]:
    for key in ("host_key", "id"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
    (folder / "home").mkdir()
    command = [sys.executable, "-m", "tests.asyncsshd", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdin
        assert serving.stdout
        try:
            port = int(serving.stdout.readline())
            (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {(folder / 'host_key.pub').read_text()}")
            yield SshAddress("127.0.0.1", "somebody", port, folder / "id", folder / "known_hosts")
        finally:
            serving.stdin.close()


class _Door(asyncssh.SSHServer):
    def connection_requested(self, *_: Any) -> bool:
        return True


async def _copy(source: Any, sink: Any) -> None:
    while piece := await source.read(1 << 16):
        sink.write(piece)
        await sink.drain()


async def _tell(source: Any, sink: Any) -> None:
    with suppress(asyncssh.Error, OSError):
        await _copy(source, sink)
    sink.close()


async def _serve(folder: Path) -> None:
    async def run(process: asyncssh.SSHServerProcess[bytes]) -> None:
        whence, whereto = (process.get_extra_info(name) for name in ("peername", "sockname"))
        ours = await asyncio.create_subprocess_shell(
            process.command or "",
            env={
                "HOME": str(folder / "home"),
                "PATH": f"{Path(sys.base_prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin",
                "SSH_CONNECTION": f"{whence[0]} {whence[1]} {whereto[0]} {whereto[1]}",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        told = asyncio.create_task(_tell(process.stdin, ours.stdin))
        await asyncio.gather(_copy(ours.stdout, process.stdout), _copy(ours.stderr, process.stderr))
        process.exit(await ours.wait())
        told.cancel()

    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=_Door,
        server_host_keys=[folder / "host_key"],
        authorized_client_keys=str(folder / "id.pub"),
        process_factory=run,
        encoding=None,
    )
    print(server.get_port(), flush=True)  # noqa: T201
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
