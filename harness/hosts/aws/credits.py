"""What AWS says of a burstable machine's credits. One credit is one CPU for one minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from harness.model import Credits

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

_LOOK_BACK = timedelta(minutes=30)
_EVERY_S = 300
_METRICS = {"balance": "CPUCreditBalance", "surplus": "CPUSurplusCreditBalance", "charged": "CPUSurplusCreditsCharged"}


def latest(watch: CloudWatchClient, machine: str) -> Credits | None:
    """The latest figures; None where there are none yet, or AWS does not answer: a run is not ended for that."""
    try:
        found = {field: _last(watch, machine, name) for field, name in _METRICS.items()}
    except (BotoCoreError, ClientError):
        return None
    return None if found["balance"] is None else Credits.model_validate(found)


def _last(watch: CloudWatchClient, machine: str, metric: str) -> float | None:
    now = datetime.now(UTC)
    told = watch.get_metric_statistics(
        Namespace="AWS/EC2",
        MetricName=metric,
        Dimensions=[{"Name": "InstanceId", "Value": machine}],
        StartTime=now - _LOOK_BACK,
        EndTime=now + timedelta(minutes=1),
        Period=_EVERY_S,
        Statistics=["Average"],
    )["Datapoints"]
    return max(told, key=lambda one: one["Timestamp"])["Average"] if told else None
