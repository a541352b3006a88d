"""The generator process of the connection engine; with `--web PORT`, behind Locust's own page."""

# Locust patches this process for gevent when it is imported, so it comes first.
import locust  # noqa: F401  # isort: skip

import sys

from harness.engines.connection.page import serve_page
from harness.engines.connection.user import ConnectionUser
from harness.engines.generator import serve
from harness.engines.job import Job
from harness.engines.stage import Stage


def _stage(job: Job) -> Stage:
    return Stage(job, ConnectionUser.for_job(job))


if __name__ == "__main__":
    # Locust's page reads the command line by itself, and must find nothing there.
    words, sys.argv[1:] = sys.argv[1:], []
    if words[:1] == ["--web"]:
        serve_page(_stage, int(words[1]))
    else:
        serve(_stage, words)
