"""The agent's clock against another one that watches the very same starts.

bash notes when the process begins, before it becomes the server; the server notes when it listens and when it has
written its first answer. Neither uses anything of the harness. Only the two clocks are compared: a slow machine is slow
for both.
"""

import os
import shutil
import time
from pathlib import Path
from statistics import median, quantiles

import pytest

from harness.hosts.local import LocalHost
from harness.model import App, Contender, Deployment
from tests.launching import ASKED, LIMITS, PYTHON

STARTS = 9
LIMIT_S, LIMIT_SHARE = 0.005, 0.02  # the larger of both
BEGIN = 'echo "$EPOCHREALTIME" > began; exec "$@"'
SERVER = """
import socket, sys, time
from pathlib import Path
time.sleep(0.1)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
listening_at = time.time()
connection, _ = listener.accept()
connection.recv(65536)
time.sleep(0.1)
body = b'{"hello": [1, true]}'
head = b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body)
connection.sendall(head + body)
answered_at = time.time()
Path("partial").write_text(f"{listening_at!r} {answered_at!r}")
Path("partial").rename("seen")
time.sleep(60)
"""

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(
        shutil.which("bash") is None or os.uname().sysname != "Linux", reason="bash tells the time where it is new"
    ),
]


@pytest.fixture(scope="module")
def starts(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[float, float, float, float]]:
    """Of each start, in seconds: listening and ready as the agent says, and as the other clock does."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "serve.py").write_text(SERVER)
    command = ("bash", "-c", BEGIN, "bash", "{python}", "serve.py", "{port}")
    app = App(name="clock", folder=folder, title="", deployments={"plain": Deployment(command=command)})
    clock = Contender(label="clock", app=app, deployment_name="plain")
    found = []
    with LocalHost() as host:
        for _ in range(STARTS):
            with host.launch(clock, PYTHON, ASKED, LIMITS, folder / "log", 30) as server:
                listening_s, ready_s = server.launched.listening_s, server.launched.ready_s
                began_at = float((folder / "began").read_text())
                listening_at, answered_at = map(float, _seen(folder / "seen").split())
            found.append((listening_s, ready_s, listening_at - began_at, answered_at - began_at))
    return found


@pytest.mark.parametrize(("ours", "theirs"), [(0, 2), (1, 3)], ids=["listening", "ready"])
def test_both_clocks_agree(starts: list[tuple[float, float, float, float]], ours: int, theirs: int) -> None:
    differences = [one[ours] - one[theirs] for one in starts]
    assert min(differences) > 0, "the agent begins earlier and ends later, for it is outside"
    limit_s = max(LIMIT_S, LIMIT_SHARE * median(one[theirs] for one in starts))
    assert quantiles(differences, n=4)[0] < limit_s, "what is always there; other load on the machine only adds to it"


def _seen(file: Path) -> str:
    """The server may still be writing when the agent has its answer."""
    deadline = time.monotonic() + 10
    while not file.exists():
        assert time.monotonic() < deadline, "the server has noted nothing"
        time.sleep(0.001)
    text = file.read_text()
    file.unlink()
    return text
