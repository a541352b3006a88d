"""What the documents say is what the program does, and the README's numbers are those of the reference runs."""

import ast
import re

import pytest
from typer.main import get_command

from harness import audit, catalog, matrix, occasions, report, store
from harness.catalog import ROOT
from harness.cli import app, auditing, steps
from harness.cli.output import ExitCode
from harness.ledger import Ended, Started
from harness.model import App, Deployment, Draw, Expectation, Lineup, Request, Scenario, Traits
from harness.pilot import Pilot, Spread
from harness.report import auditing as shown
from harness.report import files, page
from harness.stats.designs import Costs, Design
from harness.summary import summarize

README = ROOT / "README.md"
APPS = (ROOT / "apps" / "README.md").read_text(encoding="utf-8")
REFERENCE = ROOT / "results" / "reference"
RUNS = sorted(head.parent.name for head in REFERENCE.glob("*/run.json"))
MOST_BYTES = 5_000_000


def block(name, text):
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end {name} -->\n", text, re.DOTALL)
    assert found, f"README.md has no block {name}"
    return found


def derived(name):
    result_set = store.read(REFERENCE / name)
    head = result_set.head
    return result_set, summarize(result_set, audit.published_for(head.plan), occasions.pooled_for(head))


def pasted(name):
    return report.paste(*derived(name))


def audited():
    table = audit.find_published("article")
    result_set, others = auditing.measured(table)
    return audit.audit(table, result_set, summarize(result_set), [(one, summarize(one)) for one in others])


def test_there_is_a_reference_run_of_each_lineup_that_the_readme_shows():
    assert {"fair", "article", "between"} <= set(RUNS)


@pytest.mark.parametrize("name", RUNS)
def test_the_readmes_table_is_the_one_generated_from_the_reference_run(name, request):
    text = README.read_text(encoding="utf-8")
    found = block(name, text)
    expected = f"\n{pasted(name)}\n"
    if request.config.getoption("--update-golden"):
        README.write_text(text[: found.start(1)] + expected + text[found.end(1) :], encoding="utf-8")
    else:
        assert found[1] == expected


def test_the_readmes_audit_is_the_one_made_of_the_newest_reference_run(request):
    text = README.read_text(encoding="utf-8")
    found = block("audit", text)
    expected = f"\n{page.paste(shown.page(audited()))}\n"
    if request.config.getoption("--update-golden"):
        README.write_text(text[: found.start(1)] + expected + text[found.end(1) :], encoding="utf-8")
    else:
        assert found[1] == expected


@pytest.mark.parametrize("name", RUNS)
def test_a_reference_runs_summary_is_derived_from_what_it_measured(name):
    _, content = next(files.derived(*derived(name)))
    assert files.alike((REFERENCE / name / "summary.json").read_bytes(), content)


@pytest.mark.parametrize("folder", sorted(REFERENCE.glob("*/matrix.json")), ids=lambda path: path.parent.name)
def test_a_reference_matrix_follows_from_its_runs_which_are_small(folder):
    folder = folder.parent
    runs = steps.read_several(folder)
    found = matrix.derive(folder.name, [(run, summarize(run)) for run in runs], catalog.beside())
    assert files.alike((folder / "matrix.json").read_bytes(), found.model_dump_json().encode())
    for part in store.parts(folder):
        paths = [path for path in part.rglob("*") if path.is_file()]
        assert sum(path.stat().st_size for path in paths) < MOST_BYTES
        assert not [path for path in paths if path.suffix in {".json", ".jsonl"} and str(ROOT) in path.read_text()]


@pytest.mark.parametrize("name", RUNS)
def test_a_reference_run_is_small_and_names_no_folder_of_the_machine_that_made_it(name):
    paths = [path for path in (REFERENCE / name).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in paths) < MOST_BYTES
    assert not [path.name for path in paths if path.suffix in {".json", ".jsonl"} and str(ROOT) in path.read_text()]


def test_what_the_readme_says_of_the_run_between_is_what_was_measured():
    rows = {row.member.label: row for row in summarize(store.read(REFERENCE / "between")).rows}

    def ratio(one, other):
        return rows[one].requests_per_s.value / rows[other].requests_per_s.value

    assert ratio("fastapi@article", "fastapi@uvicorn") == pytest.approx(2 / 3, abs=0.05), "a third"
    assert ratio("flask@sync", "flask@gthread") == pytest.approx(0.9, abs=0.05), "a tenth"
    cold = rows["fastapi@article"].ready_s.value / rows["fastapi@uvicorn"].ready_s.value
    assert cold == pytest.approx(4, abs=0.6), "four times as long"
    sync, gthread = (rows[f"django_rest@{name}"].comparison.ratio for name in ("sync", "gthread"))
    assert sync.low < gthread.value < sync.high, "nothing that could be told"


def test_every_command_is_in_the_readme():
    text = README.read_text(encoding="utf-8")
    assert [name for name in get_command(app).commands if f"./bench {name}" not in text] == []


def test_every_exit_code_is_in_the_readme():
    (said,) = re.findall(r"Exit codes: ([^.]*)\.", README.read_text(encoding="utf-8"))
    assert [int(code) for code in re.findall(r"\b\d+\b", said)] == list(ExitCode)


def test_every_lineup_is_in_the_readme():
    text = README.read_text(encoding="utf-8")
    assert [name for name in catalog.read().lineups if f"`{name}`" not in text] == []


def test_what_the_table_of_apps_says_of_an_app_is_so():
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| [^|]* \| (`.*`) \|$", APPS, re.MULTILINE)
    known = catalog.read().apps
    assert len(rows) > 5
    for name, role, deployments in rows:
        app = known[name]
        assert (app.role, list(app.deployments)) == (role, re.findall(r"`([^`]+)`", deployments)), name


def test_the_documents_say_how_errors_read():
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| `([^`]+)` \|", APPS, re.MULTILINE)
    table = ast.parse((ROOT / "apps" / "fastapi" / "core" / "errors.py").read_text(encoding="utf-8")).body
    (errors,) = [
        node.value for node in table if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ERRORS"
    ]
    assert {int(status): (code, message) for status, code, message in rows} == ast.literal_eval(errors)


def test_every_key_of_a_file_that_people_write_is_described():
    kinds = (App, Deployment, Traits, Scenario, Request, Draw, Expectation, Lineup)
    keys = {key for kind in kinds for key in kind.model_fields} - {"name", "folder", "pins"}
    assert [key for key in sorted(keys) if not re.search(rf"[`.\[]{key}[`.\]]", APPS)] == []


@pytest.mark.parametrize("kind", [Started, Ended, Pilot, Spread, Design, Costs])
def test_every_key_of_the_ledger_and_of_a_pilot_is_described(kind):
    text = (ROOT / "results" / "README.md").read_text(encoding="utf-8")
    said = text[text.index("## pilot.json") : text.index("## published/")]
    unsaid = {"contender", "ratio"} if kind is Spread else set()
    assert [key for key in kind.model_fields if key not in unsaid and f"`{key}`" not in said.replace("[]", "")] == []


@pytest.mark.parametrize(
    "path",
    sorted(
        p.relative_to(ROOT).as_posix()
        for p in ROOT.glob("**/*.md")
        if ".environments" not in p.parts and "results/r" not in p.as_posix()
    ),
)
def test_every_link_between_documents_leads_somewhere(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text) + re.findall(
        r'(?:src|srcset|href)="(?!https?:)([^"]+)"', text
    )
    assert [target for target in targets if not ((ROOT / path).parent / target).exists()] == []
