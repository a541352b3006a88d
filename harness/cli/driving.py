"""`./bench drive`: just the engine, against any address."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict
from urllib.parse import urlsplit

import typer

from harness import catalog
from harness.cli import options, steps
from harness.cli.output import ExitCode, document, note, results
from harness.cli.places import looked_at
from harness.engines.base import out_of_rows
from harness.errors import InputError
from harness.model import Placement, Scenario

if TYPE_CHECKING:
    from harness.engines.address import Drive


class _Load(TypedDict):
    """What the engine is told of an address, whether it measures or opens its page."""

    host: str
    port: int
    scenario: Scenario
    connections: int
    wait: Literal["spin", "sleep"]
    placement: Placement
    log: Path


def drive(
    url: options.Url,
    scenario: options.Scenario = "json",
    *,
    connections: options.AddressConnections = 100,
    load_processes: options.AddressProcesses = 1,
    duration: options.Duration = 5.0,
    wait: options.AddressWait = "sleep",
    web: options.Web = False,
    web_port: options.WebPort = 8089,
    json: options.Json = False,
) -> None:
    """Drive a scenario against any address, and say how many correct answers came and how soon.

    The load goes to that address: drive only servers that are yours.
    """
    _refuse_unsplittable(connections, load_processes, web=web)
    host, port = _address(url)
    asked = catalog.choose("scenario", catalog.read().scenarios, scenario)
    with steps.logs() as logs, looked_at() as machine:
        load = _Load(
            host=host,
            port=port,
            scenario=asked,
            connections=connections,
            wait=wait,
            placement=machine.placement,
            log=logs / "engine.log",
        )
        if web:
            _keep_page_open(load, web_port)
        else:
            _measure(load, duration, load_processes, json=json)


def _keep_page_open(load: _Load, page_port: int) -> None:
    """Locust's own page, until the user ends it."""
    from harness.engines import address  # numpy is slow to import: --help goes without

    with address.open_page(**load, page_port=page_port) as page:
        results.print(page)
        note("Locust's page is open; Ctrl-C ends it")
        while True:
            time.sleep(1)


def _measure(load: _Load, duration_s: float, load_processes: int, *, json: bool) -> None:
    from harness.engines import address  # as above

    driven = address.drive_address(**load, duration_s=duration_s, load_processes=load_processes)
    if json:
        document(driven.model_dump_json(indent=1))
    else:
        _show(driven, load_processes)
    if driven.errors or driven.ran_out:
        raise typer.Exit(ExitCode.FINDING)


def _show(driven: Drive, load_processes: int) -> None:
    if driven.requests_per_s is None:
        results.print(f"too few correct answers to say anything: {driven.answered}")
    else:
        results.print(f"{driven.requests_per_s:,.0f} correct answers per second")
    for name, latency_s in driven.latency_s.items():
        results.print(f"  {name:<4} {latency_s * 1000:9.3f} ms (closed loop: every connection always busy)")
    for name, count in driven.by_request.items():
        results.print(f"  {count:,} of {driven.answered:,} answers to {name}")
    for name, count in driven.alternatives.items():
        results.print(f"  {count:,} of {driven.answered:,} answers were {name}")
    for cause, count in driven.errors.items():
        results.print(f"  {count} errors: {cause}")
    if driven.first_error:
        results.print(f"  the first: {driven.first_error}")
    if driven.ran_out:
        results.print("  {}. {}".format(*out_of_rows(driven.ran_out)))
    useful_s = driven.generator_cpu_s - driven.generator_empty_s
    generators = "the generator" if load_processes == 1 else f"{load_processes} generators together"
    results.print(f"  {generators} used {useful_s:.2f} CPU seconds in {driven.duration_s:.2f} s")


def _refuse_unsplittable(connections: int, load_processes: int, *, web: bool) -> None:
    if web and load_processes > 1:
        raise InputError(
            "Locust's own page shows what a single generator does",
            "Leave --load-processes out, or --web.",
        )
    if connections < load_processes:
        raise InputError(
            f"{load_processes} generators cannot share {connections} connections",
            "Each of --load-processes needs one of --connections at least.",
        )


def _address(url: str) -> tuple[str, int]:
    """Host and port of a URL. Raises InputError."""
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        port = parts.port or 80
    except ValueError as error:
        raise InputError(f'"{url}" is no address: {error}', "Write it like http://127.0.0.1:8000") from error
    if parts.scheme not in {"", "http"} or not parts.hostname or parts.path not in {"", "/"}:
        raise InputError(
            f'"{url}" is no address that can be driven',
            "Write it like http://127.0.0.1:8000; paths are the scenario's.",
        )
    return parts.hostname, port
