"""What is kept of a run names no folder of the machine that made it."""

import json
from pathlib import Path

import pytest

from benchmarks import reference


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ('{"log":"/tmp/runs/one/logs/block0.log"}', '{"log":"./logs/block0.log"}'),
        ('["/home/me/it/.environments/flask-1/bin/gunicorn"]', '["./.environments/flask-1/bin/gunicorn"]'),
        ('{"base": "/opt/pythons/3.11.7/bin/python3.11"}', '{"base": "python3.11"}'),
        ('["run", "--out", "/tmp/ref", "all"]', '["run", "--out", "results/reference", "all"]'),
        ('["GET", "/items/1", "text/html"]', '["GET", "/items/1", "text/html"]'),
        ('{"host":"127.0.0.1","port":8001}', '{"host":"127.0.0.1","port":8001}'),
        (
            '{"host":"10.7.0.2","message":"x did not answer on 10.7.0.2:8001", "other": "10.7.0.22"}',
            '{"host":"HOST","message":"x did not answer on HOST:8001", "other": "10.7.0.22"}',
        ),
    ],
)
def test_a_path_of_the_machine_is_replaced_and_all_else_stays(text, cleaned):
    assert reference.clean(text) == cleaned
    json.loads(cleaned)


@pytest.mark.parametrize("path", ["/tmp/elsewhere/file", f"{Path.home()}/file", "its log: /home/ada/.cache/file"])
def test_a_path_that_nobody_thought_of_is_refused(path):
    with pytest.raises(SystemExit, match="a path of this machine is left"):
        reference.clean(json.dumps({"where": path}))
