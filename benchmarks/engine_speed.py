"""How fast our engine is beside wrk and stock Locust, in one interleaved run, under one wait policy (sleep).

`rows` and `catalogue` are our engine too: with 500 different requests, three kinds of them, whose answers are counted
apart; and with an answer of 25 KB. `echo` is our engine over WebSockets.

Generators run on CPU 0, the server on CPU 1. Only the ratios mean anything beyond this machine.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil
from scipy import stats

from harness import dataset
from harness.engines import ENGINES
from harness.engines.connection import ConnectionEngine
from harness.model import Draw, Expectation, Placement, Plan, Request, Scenario, Target, Turn

_CONNECTIONS = 100
_GENERATOR_CPU, _SERVER_CPU = 0, 1
_BODY = {"message": "Hello, World!"}
_LIMIT_SHARE = 0.9
_ECHOES, _ECHO_BYTES = 100, 64
_NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000; client_body_temp_path {folder};
  proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port}; default_type application/json;
    location / {{ return 200 '{body}'; }}
    location /catalogue {{ alias {folder}/catalogue.json; }}
  }}
}}
"""


class Visit(NamedTuple):
    """One short visit of one generator: what it got, and the CPU time that it and the server took."""

    requests_per_s: float
    cpu_s_per_request: float
    generator_share: float
    server_share: float

    @property
    def requests_per_server_cpu_s(self) -> float:
        """Unlike requests/s it does not suffer where other programs take the server's CPU away."""
        return self.requests_per_s / self.server_share


Visitor = Callable[[], Visit]
_COMPARED: dict[str, Callable[[Visit], float]] = {
    "requests/s": lambda visit: visit.requests_per_s,
    "CPU/request": lambda visit: visit.cpu_s_per_request,
    "requests/server CPU s": lambda visit: visit.requests_per_server_cpu_s,
}


def main() -> None:
    """Visit, then print medians and ratios."""
    options = _options()
    for program in () if options.echo else ("wrk", *(() if options.url else ("nginx",))):
        if shutil.which(program) is None:
            sys.exit(
                f"`{program}` is not installed. Install it (Debian: apt-get install {program}) and run this again."
            )
    with ExitStack() as stack:
        url = options.url or stack.enter_context(_echoing() if options.echo else _nginx())
        visitors = {arm: stack.enter_context(_visitor(arm, url, options)) for arm in _arms(options)}
        visits = _interleaved(visitors, options.rounds)
    _report(visits)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument(
        "--url", help="a server on CPU 1 that is running already, instead of nginx; no stock Locust then"
    )
    parser.add_argument(
        "--echo", action="store_true", help="our engine alone, over HTTP and over WebSockets, against a small server"
    )
    parser.add_argument("--rounds", type=int, default=12, help="visits of each generator")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a visit")
    return parser.parse_args()


def _arms(options: argparse.Namespace) -> list[str]:
    if options.echo:
        return ["connection", "echo"]
    return ["connection", "wrk"] if options.url else ["connection", "rows", "catalogue", "wrk", "fasthttp"]


def _interleaved(visitors: dict[str, Visitor], rounds: int) -> dict[str, list[Visit]]:
    """Every generator once a round, forwards and backwards in turn, so that drift falls on all alike."""
    visits: dict[str, list[Visit]] = {arm: [] for arm in visitors}
    for index in range(rounds):
        for arm in list(visitors)[:: 1 if index % 2 else -1]:
            visits[arm].append(visitors[arm]())
    return visits


# Generators ----------------------------------------------------------------------------------------------------------


@contextmanager
def _visitor(arm: str, url: str, options: argparse.Namespace) -> Iterator[Visitor]:
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    server = _server_on(port)
    if arm == "wrk":
        yield lambda: _wrk(url, options.seconds, server)
        return
    scenario = Scenario(name="speed", about="", isolates="", leaves_out="", requests=_requests(arm, url))
    plan = Plan(
        scenario="speed",
        lineup="speed",
        contenders=("server",),
        reference="server",
        connections=_CONNECTIONS,
        warm_s=options.seconds,
        slice_min_s=options.seconds,
        slice_max_s=options.seconds,
        wait="sleep",
    )
    placement = Placement(server_cpus=(_SERVER_CPU,), generator_cpus=(_GENERATOR_CPU,), owns_core=True)
    # wrk opens its connections anew each time, so the others do too.
    turns = [Turn(contender="server", round=index, renew=True) for index in range(options.rounds + 1)]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "logs" / f"{arm}.log"
        target = Target(host=host, port=port, scenario=scenario)
        recordings = iter(ENGINES.get(arm, ConnectionEngine)().drive({"server": target}, plan, turns, placement, log))
        next(recordings)

        def visit() -> Visit:
            before = _cpu_s(server)
            recording = next(recordings)
            if recording.errors or not recording.counted:
                sys.exit(f"{arm}: {recording.first_error or 'no answers'}")
            return Visit(
                requests_per_s=recording.counted / recording.counted_s,
                cpu_s_per_request=recording.generator_cpu_s / recording.answered,
                generator_share=recording.generator_cpu_s / recording.duration_s,
                server_share=(_cpu_s(server) - before) / recording.duration_s,
            )

        yield visit
        list(recordings)


def _requests(arm: str, url: str) -> tuple[Request, ...]:
    if arm == "echo":
        text = json.dumps(_BODY).ljust(_ECHO_BYTES)
        return (Request(name="echo", path="/", text=text, echoes=_ECHOES, expect=Expectation(status=101)),)
    if arm == "catalogue":
        url = url.replace("/json", "/catalogue")
    with urllib.request.urlopen(url) as answer:
        expect = Expectation(media_type=answer.headers.get_content_type(), json_body=json.load(answer))
    if arm != "rows":
        return (Request(name="speed", path=urlsplit(url).path or "/", expect=expect),)
    draw = Draw(of="item", count=500)
    return tuple(
        Request(name=name, path=f"/{name}/{{item.id}}", weight=weight, draw=draw, expect=expect)
        for name, weight in (("item", 70), ("page", 20), ("other", 10))
    )


def _wrk(url: str, seconds: float, server: list[psutil.Process]) -> Visit:
    """A visit of wrk, which takes whole seconds."""
    before, server_before, started = resource.getrusage(resource.RUSAGE_CHILDREN), _cpu_s(server), time.perf_counter()
    command = ["taskset", "-c", str(_GENERATOR_CPU), "wrk", "-t1", f"-c{_CONNECTIONS}"]
    said = subprocess.run([*command, f"-d{math.ceil(seconds)}", url], check=True, capture_output=True, text=True).stdout
    after, elapsed_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - started
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    requests = int(_found(r"(\d+) requests in", said))
    return Visit(
        requests_per_s=float(_found(r"Requests/sec:\s+([\d.]+)", said)),
        cpu_s_per_request=cpu_s / requests,
        generator_share=cpu_s / elapsed_s,
        server_share=(_cpu_s(server) - server_before) / elapsed_s,
    )


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None or "Non-2xx" in text or "Socket errors" in text:
        sys.exit(f"wrk did not get only right answers; it said:\n{text}")
    return match[1]


# Servers -------------------------------------------------------------------------------------------------------------


@contextmanager
def _nginx() -> Iterator[str]:
    """A server that does next to nothing, on its own CPU and a free port."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        rows = {"catalogue": dataset.row("catalogue", 0, "")["items"]}
        (Path(folder) / "catalogue.json").write_text(json.dumps(rows))
        Path(folder).chmod(0o755)
        configuration = Path(folder) / "nginx.conf"
        configuration.write_text(_NGINX.format(folder=folder, port=port, body=json.dumps(_BODY)))
        command = ["taskset", "-c", str(_SERVER_CPU), "nginx", "-p", folder, "-c", str(configuration)]
        server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            _await_listening(port)
            yield f"http://127.0.0.1:{port}/json"
        finally:
            server.terminate()
            server.wait()


@contextmanager
def _echoing() -> Iterator[str]:
    """A server with as little work for a request as for an echo, on its own CPU and a free port."""
    port = _free_port()
    command = ["taskset", "-c", str(_SERVER_CPU), sys.executable, "-m", "benchmarks.echoing_server", str(port)]
    server = subprocess.Popen(command)
    try:
        _await_listening(port)
        yield f"http://127.0.0.1:{port}/json"
    finally:
        server.terminate()
        server.wait()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _await_listening(port: int) -> None:
    for _ in range(100):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"no server listened on port {port} within 5 s")


def _server_on(port: int) -> list[psutil.Process]:
    """The processes that listen there; empty where that cannot be seen."""
    listening = {
        one.pid
        for one in psutil.net_connections("tcp")
        if one.status == "LISTEN" and one.laddr and one.laddr[1] == port
    }
    processes = [psutil.Process(pid) for pid in listening if pid is not None]
    return list(
        {one.pid: one for process in processes for one in (process, *process.children(recursive=True))}.values()
    )


def _cpu_s(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


# Report --------------------------------------------------------------------------------------------------------------


def _report(visits: dict[str, list[Visit]]) -> None:
    print(f"{'generator':<12}{'requests/s':>12}{'CPU us/req':>12}{'generator':>11}{'server':>9}  limit")
    for arm, made in visits.items():
        middle = Visit(*(statistics.median(values) for values in zip(*made, strict=True)))
        print(
            f"{arm:<12}{middle.requests_per_s:>12,.0f}{middle.cpu_s_per_request * 1e6:>12.1f}"
            f"{middle.generator_share:>11.0%}{middle.server_share:>9.0%}  {_limit(middle)}"
        )
    for name in [arm for arm in visits if arm != "connection"]:
        for what, of in _COMPARED.items():
            _print_ratio(what, visits["connection"], visits[name], name, of)


def _limit(visit: Visit) -> str:
    """Who had no CPU time left; neither, where other programs or the hypervisor took it."""
    limits = [name for name in ("generator", "server") if getattr(visit, f"{name}_share") > _LIMIT_SHARE]
    return " and ".join(limits) or "neither had 90 % of its CPU"


def _print_ratio(what: str, ours: list[Visit], theirs: list[Visit], name: str, of: Callable[[Visit], float]) -> None:
    """The geometric mean of the paired ratios, with Student's 95 % interval."""
    logs = [math.log(of(one) / of(other)) for one, other in zip(ours, theirs, strict=True)]
    mean = statistics.fmean(logs)
    half = stats.t.ppf(0.975, len(logs) - 1) * statistics.stdev(logs) / math.sqrt(len(logs)) if len(logs) > 1 else 0
    low, high = math.exp(mean - half), math.exp(mean + half)
    print(f"{what:<22} connection / {name:<9} {math.exp(mean):7.3f}  ({low:.3f} to {high:.3f}, n = {len(logs)})")


if __name__ == "__main__":
    if len(os.sched_getaffinity(0)) <= max(_GENERATOR_CPU, _SERVER_CPU):
        sys.exit("This benchmark needs two CPUs: one for the generators and one for the server.")
    main()
