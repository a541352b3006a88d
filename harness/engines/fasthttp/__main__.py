"""The generator process of the fasthttp engine."""

# Locust patches this process for gevent when it is imported, so it comes first.
import locust  # noqa: F401  # isort: skip

import sys

from harness.engines.fasthttp.user import StockUser
from harness.engines.generator import serve
from harness.engines.job import Job
from harness.engines.stage import Stage


def _stage(job: Job) -> Stage:
    return Stage(job, StockUser.for_job(job), folds=False)


if __name__ == "__main__":
    serve(_stage, sys.argv[1:])
