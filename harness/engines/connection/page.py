"""Locust's own web page over the same users: they load one address without a break, until the page says stop."""

from __future__ import annotations

from collections.abc import Callable

import gevent
import numpy as np

from harness.engines.base import out_of_rows
from harness.engines.facts import Journal, Nanoseconds
from harness.engines.generator import Orders, read_job
from harness.engines.job import PAGE_HOST, Job, url_host
from harness.engines.load import Load
from harness.engines.spinner import Spinner
from harness.engines.stage import Stage
from harness.engines.totals import fold

_FOLD_EVERY_S = 1.0


def serve_page(open_stage: Callable[[Job], Stage], port: int) -> None:
    """Load the job's one address for as long as the harness keeps this process."""
    job = read_job(Orders())
    stage = open_stage(job)
    ((contender, target),) = job.targets.items()
    stage.environment.host = f"http://{url_host(target.host, target.port)}"
    load = Load(contender, renew=False, users=0, endless=True)
    stage.environment.create_web_ui(host=PAGE_HOST, port=port)
    stage.call([load])
    stage.open([load], Spinner([load]))
    stage.spawn()
    print("ready", flush=True)  # noqa: T201  # this tells the harness that the page is there
    while True:
        gevent.sleep(_FOLD_EVERY_S)
        _fold(stage, load)


def _fold(stage: Stage, load: Load) -> None:
    latencies = np.concatenate([_taken(journal) for journal in load.journals] or [np.empty(0, np.int64)])
    errors, load.errors = load.errors, type(load.errors)()
    fold(stage.environment.stats, load.contender, stage.scenario_of(load.contender), latencies, errors)
    if load.ran_out and stage.runner.user_count:
        stage.runner.log_exception("local", ": ".join(out_of_rows(load.ran_out)), "")
        stage.runner.stop()


def _taken(journal: Journal) -> Nanoseconds:
    """The latencies of the requests that have ended; the journal keeps only the one under way."""
    count = len(journal.ends)
    latencies = np.array(journal.ends, dtype=np.int64) - np.array(journal.starts[:count], dtype=np.int64)
    for times in (journal.starts, journal.ends):
        del times[:count]
    del journal.failed_starts[:], journal.failed_ends[:]
    return latencies
