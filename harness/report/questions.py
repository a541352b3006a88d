"""How a page shows what is asked of every app, and what it must answer. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from http import HTTPStatus

from harness.model import Expectation, Request, Scenario
from harness.report import escape
from harness.report import format as written

PLACES = (
    "`{item.id}` and the like stand for what a row of the data set holds; `<integer>`, `<time>`, `<token>`, `<object>` "
    "and\n`<text>` for any value of that kind.\n"
)
_MOST_CHARACTERS = 400  # of a body that is shown
_SHORT = 90


def asked(request: Request, scenario: Scenario) -> str:
    """A request of the load with all that it may be answered."""
    share = written.percent(request.weight / sum(one.weight for one in scenario.load))
    load = "the whole load" if len(scenario.load) == 1 else f"{share} of the load"
    answers = [f"must be answered by\n\n{_answer(request.expect)}"]
    answers += [
        f"or, just as correct but {_counted(name, scenario)}, by\n\n{_answer(one)}"
        for name, one in request.alternatives.items()
    ]
    said = "\n".join(answers)
    return f"### {escape.markdown(request.name)}: {load}\n\n{_question(request)}\n{_drawn(request)}{said}"


def _counted(name: str, scenario: Scenario) -> str:
    """How an alternative is counted."""
    nobody = ", and not as throughput" if name in scenario.refusals else ""
    return f"counted apart as {escape.code(name)}{nobody}"


def _question(request: Request) -> str:
    head = [f"{request.method} {request.path}", *(f"{name}: {value}" for name, value in request.headers.items())]
    upgrade = ["Upgrade: websocket"] if request.echoes else []
    return block("http", "\n".join((*head, *upgrade, *_body(request)))) + _followed(request)


def _body(request: Request) -> Iterator[str]:
    if request.text is not None or request.body is not None:
        yield ""
        yield _cut(
            json.dumps(request.body, ensure_ascii=False) if request.text is None else request.text, _MOST_CHARACTERS
        )


def _followed(request: Request) -> str:
    """What of a request is not shown."""
    said = [f"{request.padding:,} spaces follow"] if request.padding else []
    if request.echoes:
        said += [f"the text goes over the WebSocket, {request.echoes:,} times, each once the last has come back"]
    return f"\n({' and '.join(said)}) " if said else ""


def _drawn(request: Request) -> str:
    draw = request.draw
    if draw is None or draw.count == 1:
        return ""
    once = ", each asked once" if draw.once else ""
    return f"({draw.count:,} of these, for as many rows of `{draw.of}`, chosen by the seed{once}) "


def _answer(expect: Expectation) -> str:
    if expect.status == HTTPStatus.SWITCHING_PROTOCOLS:
        return block("http", "101 Switching Protocols")
    head = [f"{expect.status} {expect.media_type}", *(f"{name}: {value}" for name, value in expect.headers.items())]
    return block("http", "\n".join((*head, "", _cut(_expected(expect, "\n"), _MOST_CHARACTERS))))


def _expected(expect: Expectation, between: str) -> str:
    """The body, in the words of its kind; `between` stands between the texts that it contains."""
    if expect.content is not None:
        return f"{expect.content.size_bytes:,} bytes with the checksum {expect.content.crc32} (CRC-32)"
    if expect.contains:
        return between.join(("a text that contains", *expect.contains))
    return json.dumps(expect.json_body, ensure_ascii=False)


def verified(requests: Sequence[Request]) -> Iterator[str]:
    """What is asked once of every server before it is measured."""
    if requests:
        yield "Before anything is measured, every app must also answer these as it is written here:\n"
        yield "| what | request | answer |\n| --- | --- | --- |\n" + "".join(map(_verified_line, requests))


def _verified_line(request: Request) -> str:
    asked = f"{request.method} {request.path}"
    sent = "".join((*(f" {name}: {value}" for name, value in request.headers.items()), *_body(request))).strip()
    more = f" and {request.padding:,} spaces" if request.padding else ""
    more += f", {request.times} times" if request.times > 1 else ""
    more += f", said {request.echoes} times over a WebSocket" if request.echoes else ""
    cells = (escape.markdown(request.name), _code(asked, sent) + more, _code(_answer_in_short(request.expect)))
    return f"| {' | '.join(cells)} |\n"


def _answer_in_short(expect: Expectation) -> str:
    """An error by its code, which says all."""
    match expect.json_body:
        case {"error": {"code": str(code)}}:
            return f"{expect.status} {code}"
    if expect.status == HTTPStatus.SWITCHING_PROTOCOLS:
        return "101"
    return f"{expect.status} {_expected(expect, ' ')}"


def _code(*texts: str) -> str:
    return " ".join(escape.code(_cut(text, _SHORT)) for text in texts if text)


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[:characters].rstrip()} ..."


def block(kind: str, text: str) -> str:
    """A block of code of that kind."""
    return f"```{kind}\n{text}\n```\n"
