"""`./bench drive`: just the engine, against any address."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

import typer

from harness import catalog
from harness.cli.output import ExitCode, document, note, results
from harness.errors import InputError
from harness.hosts.local import LocalHost

if TYPE_CHECKING:
    from harness.engines.address import Drive


def drive(
    url: Annotated[str, typer.Argument(help="The server, such as http://127.0.0.1:8000")],
    scenario: Annotated[str, typer.Argument(help="What it is asked: see ./bench list.")] = "json",
    *,
    connections: Annotated[int, typer.Option(min=1, max=10_000, help="Concurrent connections, always busy.")] = 100,
    duration: Annotated[float, typer.Option(min=0.25, max=3600, help="Seconds, after a warm-up.")] = 5.0,
    wait: Annotated[Literal["spin", "sleep"], typer.Option(help="How the generator waits.")] = "sleep",
    web: Annotated[bool, typer.Option("--web", help="Open Locust's own page instead; Ctrl-C ends it.")] = False,
    web_port: Annotated[int, typer.Option(min=1, max=65535, help="The port of that page.")] = 8089,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Drive a scenario against any address, and say how many correct answers came and how soon.

    The load goes to that address: drive only servers that are yours.
    """
    from harness.engines import address  # numpy is slow to import: --help goes without

    host, port = _address(url)
    asked = catalog.choose("scenario", catalog.read().scenarios, scenario)
    with LocalHost() as machine, tempfile.TemporaryDirectory(prefix="rematch-") as folder:
        log = Path(folder) / "logs" / "engine.log"
        log.parent.mkdir()
        if web:
            with address.open_page(
                host,
                port,
                asked,
                connections=connections,
                wait=wait,
                placement=machine.placement,
                log=log,
                page_port=web_port,
            ) as page:
                results.print(page)
                note("Locust's page is open; Ctrl-C ends it")
                while True:
                    time.sleep(1)
        driven = address.drive_address(
            host,
            port,
            asked,
            connections=connections,
            duration_s=duration,
            wait=wait,
            placement=machine.placement,
            log=log,
        )
    if json:
        document(driven.model_dump_json(indent=1))
    else:
        _show(driven)
    if driven.errors:
        raise typer.Exit(ExitCode.FINDING)


def _show(driven: Drive) -> None:
    if driven.requests_per_s is None:
        results.print(f"too few correct answers to say anything: {driven.answered}")
    else:
        results.print(f"{driven.requests_per_s:,.0f} correct answers per second")
    for name, latency_s in driven.latency_s.items():
        results.print(f"  {name:<4} {latency_s * 1000:9.3f} ms (closed loop: every connection always busy)")
    for cause, count in driven.errors.items():
        results.print(f"  {count} errors: {cause}")
    if driven.first_error:
        results.print(f"  the first: {driven.first_error}")
    useful_s = driven.generator_cpu_s - driven.generator_empty_s
    results.print(f"  the generator used {useful_s:.2f} CPU seconds in {driven.duration_s:.2f} s")


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
