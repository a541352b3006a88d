"""A page for each scenario, from its file, the apps' routes and a reference run; and an index of them all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from harness import dataset
from harness.model import App, Matrix, MatrixLine, Request, Scenario
from harness.report import escape, matrices, questions, routes, tables
from harness.report.routes import Route

FOLDER = "docs/scenarios"
_RUN = "../../results/reference/scenarios"  # from there
_NOT_YET = "Not measured yet: there is no reference run of it.\n"
_SERVICES = {
    "postgres": f"PostgreSQL with {dataset.ITEMS:,} items and {dataset.USERS:,} users",
    "valkey": "Valkey (a Redis), empty at first",
    "mail": "a mail server that counts what arrives",
    "upstream": "another service, which takes its time to answer",
    "metrics": "an empty folder, in which the processes of each app count together",
}
_WRITTEN_BY = "<!-- Generated: `./bench test -- tests/test_scenario_pages.py --update-golden` writes it anew. -->\n"


class Sources(NamedTuple):
    """An app as far as pages show it: the text of its route modules by name; `folder` is that of the modules."""

    title: str
    folder: str
    modules: Mapping[str, str]


def read(app: App) -> Sources:
    """What pages show of an app of this checkout."""
    modules = sorted((app.folder / "routes").glob("*.py"))
    texts = {module.name: module.read_text(encoding="utf-8") for module in modules}
    return Sources(title=app.title, folder=f"apps/{app.name}/routes", modules=texts)


def pages(scenarios: Sequence[Scenario], apps: Sequence[Sources], matrix: Matrix | None) -> Iterator[tuple[str, str]]:
    """Name and text of each file under docs/scenarios. `matrix`: the reference run; None: there is none."""
    lines = {line.scenario: line for line in matrix.lines} if matrix else {}
    yield "README.md", _index(scenarios, matrix)
    for scenario in scenarios:
        measured = _measured(matrix, lines[scenario.name]) if matrix and scenario.name in lines else _NOT_YET
        yield f"{scenario.name}.md", "\n".join(_page(scenario, apps, measured))


def _index(scenarios: Sequence[Scenario], matrix: Matrix | None) -> str:
    rows = "".join(
        f"| [{one.name}]({one.name}.md) | {escape.prose(one.about)} | {', '.join(one.services) or 'none'} |\n"
        for one in scenarios
    )
    return (
        f"{_WRITTEN_BY}\n# Scenarios\n\n"
        "A scenario is a file under scenarios/: requests, and the answer that each must get. The same file is the\n"
        "load and the check that all apps do the same. Each page says what a scenario isolates and what it leaves\n"
        "out, shows what was measured, the route that answers it in every app, and what is asked.\n\n"
        f"| scenario | what it is | services beside the apps |\n| --- | --- | --- |\n{rows}\n"
        f"## What was measured\n\n{_all_measured(matrix) if matrix else _NOT_YET}"
    )


def _all_measured(matrix: Matrix) -> str:
    chart = (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{_RUN}/charts/matrix-dark.svg">'
        f'<img alt="Ratio to the reference by scenario" src="{_RUN}/charts/matrix-light.svg"></picture>\n'
    )
    return f"{tables.markdown(matrices.tables_of(matrix)[0])}\n{chart}\nAll of it: [{matrix.name}]({_RUN}/matrix.md).\n"


def _page(scenario: Scenario, apps: Sequence[Sources], measured: str) -> Iterator[str]:
    yield f"{_WRITTEN_BY}\n# {scenario.name}\n\n{escape.prose(scenario.about)}\n"
    yield f"* **What it isolates**: {escape.prose(scenario.isolates)}"
    yield f"* **What it leaves out**: {escape.prose(scenario.leaves_out)}"
    yield f"* **Beside the apps**: {_services(scenario)}."
    yield f"* **Load**: {scenario.connections} connections, each of which {_pace(scenario)}."
    yield from (
        f"* **Setting**: {escape.code(f'{name}={value}')} for every app." for name, value in _settings(scenario)
    )
    yield f"* **Try it**: `./bench run {scenario.name}`, or `./bench run {scenario.name} --quick` to see it work.\n"
    yield f"## What was measured\n\n{measured}"
    yield "## The route in each app\n"
    yield from (_routes(app, scenario.load) for app in apps)
    yield f"## What is asked\n\n{questions.PLACES}"
    yield from (questions.asked(request, scenario) for request in scenario.load)
    yield from questions.verified([request for request in scenario.requests if not request.weight])


def _pace(scenario: Scenario) -> str:
    if scenario.echoes is None:
        return "asks again as soon as it has its answer"
    times = f"{scenario.echoes:,} times" if scenario.echoes > 1 else "once"
    return f"says its text as soon as it has the last one back, {times}, and is opened anew"


def _settings(scenario: Scenario) -> list[tuple[str, str]]:
    return sorted(scenario.settings.items())


def _services(scenario: Scenario) -> str:
    said = [_SERVICES[name] for name in scenario.services]
    return f"{'; '.join(said)}. Every block finds them as they were seeded" if said else "nothing"


# What was measured ----------------------------------------------------------------------------------------------------


def _measured(matrix: Matrix, line: MatrixLine) -> str:
    """The tables of one scenario, then what one thing costs where it is either of the two that say so."""
    one = matrix.model_copy(update={"lines": (line.model_copy(update={"beside": None}),)})
    pairs = [each for each in matrix.lines if each.beside and line.scenario in {each.scenario, each.beside}]
    shown = "\n".join(map(tables.markdown, matrices.tables_of(one)))
    run = f"{_RUN}/{line.scenario}/report.md"
    return (
        f"{shown}\nA range in brackets is a 95 % interval. Doubts, latency, and where it was measured: [run]({run}).\n"
        f"{_costs(matrix.model_copy(update={'lines': tuple(pairs)}))}"
    )


def _costs(pairs: Matrix) -> str:
    table = matrices.costs(pairs)
    if table is None:
        return ""
    return f"\n{escape.markdown(table.title)}; two samples, so the interval is Welch's:\n\n{tables.markdown(table)}"


# The route in each app ------------------------------------------------------------------------------------------------


def _routes(app: Sources, load: Iterable[Request]) -> str:
    found: dict[Route, None] = {}
    missing = []
    for request in load:
        route = routes.find(app.modules, request.method, request.path)
        if route:
            found[route] = None
        else:
            missing.append(f"Nothing answers {escape.code(f'{request.method} {request.path}')} yet.\n")
    shown = [
        f"In [{one.module}](../../{app.folder}/{one.module}):\n\n{questions.block('python', one.code)}" for one in found
    ]
    return f"### {escape.markdown(app.title)}\n\n" + "\n".join((*shown, *missing))
