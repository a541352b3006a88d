"""`./bench ablate`: what moved the number, the server or the framework? A run in which one choice changes at a time."""

from __future__ import annotations

from harness import catalog, prepare
from harness.cli import options, running
from harness.cli.places import LOCAL, Where


def ablate(
    app: options.App,
    scenario: options.Asking = "json",
    *,
    host: options.MeasuredHost = LOCAL,
    load_host: options.LoadHosts = None,
    known_hosts: options.KnownHosts = None,
    hours: options.Hours = None,
    keep: options.KeepThere = False,
    quick: options.Quick = False,
    publish: options.Publish = False,
    dry_run: options.DryRun = False,
    engine: options.Engine = None,
    connections: options.Connections = None,
    blocks: options.AblationBlocks = None,
    rounds: options.Rounds = None,
    starts: options.AblationStarts = None,
    seed: options.Seed = None,
    wait: options.Wait = None,
    samples: options.Samples = False,
    out: options.Runs = None,
    json: options.Json = False,
) -> None:
    """Measure an app as it is served first, and with one choice at a time made otherwise: what moved the number?"""
    given = {"engine": engine, "connections": connections, "blocks": blocks, "rounds": rounds, "starts": starts}
    given |= {"seed": seed, "wait": wait, "samples": samples or None}
    where = Where(host, known_hosts, keep, tuple(load_host or ()), hours)
    lineup = catalog.ablation(catalog.read(), app)
    asked = prepare.Asked(
        scenario=scenario,
        contenders=lineup.contenders,
        reference=lineup.reference,
        plan=running.chosen(given, prepare.ABLATE, quick=quick, publish=publish),
        name=lineup.name,
    )
    running.measure_and_show(asked, out or prepare.RUNS, dry_run=dry_run, json=json, where=where)
