"""What a log tells of imports."""

from harness.agent.imports import parse

LOG = """import time: self [us] | cumulative | imported package
import time:       223 |        223 |       _json
import time:       394 |        616 |     json.scanner
INFO:     Started server process [12]
import time:       300 |        301 |       _json
  import time: 1 | 2 | indented
import time:       385 |       1387 | json
import time:       38
"""


def test_each_module_is_told_once_with_its_largest_times_in_the_order_of_the_log() -> None:
    assert parse(LOG) == [
        {"module": "_json", "self_s": 300e-6, "cumulative_s": 301e-6},
        {"module": "json.scanner", "self_s": 394e-6, "cumulative_s": 616e-6},
        {"module": "json", "self_s": 385e-6, "cumulative_s": 1387e-6},
    ]


def test_a_log_that_tells_of_none_has_none() -> None:
    assert parse("listening on 127.0.0.1\n") == []
