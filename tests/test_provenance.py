"""A digest changes when, and only when, something that can change a number does."""

import ast
import subprocess

import pytest

from harness import catalog, provenance
from harness.model import App, Deployment


@pytest.fixture
def checkout(tmp_path):
    parts = (*provenance.MEASURING, *provenance.ELSEWHERE, *provenance.DERIVING)
    code = [f"harness/{name}" if "." in name else f"harness/{name}/a.py" for name in parts]
    for name in (*code, "infra/provision/a.py", "harness/cli.py", "apps/one/main.py", "scenarios/json.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1\n")
    return tmp_path


def digests(checkout):
    app = App(
        name="one",
        folder=checkout / "apps" / "one",
        title="One",
        deployments={"plain": Deployment(command=("true",))},
    )
    return {**provenance.digests(checkout, [app], ["json"]), **provenance.of_elsewhere(checkout)}


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ("harness/block.py", "measuring"),
        ("harness/prepare.py", "measuring"),
        ("harness/hosts/local.py", "measuring"),
        ("harness/hosts/ssh.py", "elsewhere"),
        ("harness/hosts/aws/a.py", "elsewhere"),
        ("infra/provision/a.py", "elsewhere"),
        ("harness/guards/a.py", "deriving"),
        ("harness/summary.py", "deriving"),
        ("apps/one/main.py", "app one"),
        ("scenarios/json.toml", "scenario json"),
    ],
)
def test_a_changed_file_changes_its_digest_and_no_other(checkout, changed, key):
    before = digests(checkout)
    (checkout / changed).write_text("2\n")
    after = digests(checkout)
    assert {name for name in before if before[name] != after[name]} == {key}


def test_what_a_digest_is_made_of_must_be_there(checkout):
    (checkout / "harness/block.py").unlink()
    with pytest.raises(FileNotFoundError):
        digests(checkout)


def test_all_that_a_digest_names_is_there():
    parts = (*provenance.MEASURING, *provenance.ELSEWHERE, *provenance.DERIVING)
    assert [name for name in parts if not (catalog.ROOT / "harness" / name).exists()] == []


# They decide what is read, kept and told, not how a number comes about.
BESIDE = {"catalog", "errors", "provenance", "store"}


def imported(part):
    place = catalog.ROOT / "harness" / part
    for path in place.rglob("*.py") if place.is_dir() else [place]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "harness":
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module == "harness.hosts":
                yield from (f"hosts/{alias.name}" for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("harness."):
                _, package, *module = node.module.split(".")
                yield f"hosts/{module[0]}" if package == "hosts" else package


@pytest.mark.parametrize(
    ("parts", "known"),
    [
        (provenance.MEASURING, ()),
        (provenance.ELSEWHERE, provenance.MEASURING),
        (provenance.DERIVING, provenance.MEASURING),
    ],
)
def test_what_measuring_or_deriving_code_imports_is_in_its_digest_too(parts, known):
    names = {name.removesuffix(".py") for name in (*parts, *known)}
    assert {name for part in parts for name in imported(part)} - names - BESIDE == set()


def test_the_digests_of_today_are_those_of_a_run_made_today(checkout):
    made = digests(checkout)
    assert provenance.today(checkout, made) == made
    assert set(provenance.today(checkout, ["app two", "scenario two", "app", "else"]).values()) == {None}


def test_a_new_file_in_an_app_changes_its_digest(checkout):
    before = digests(checkout)
    (checkout / "apps/one/other.py").write_text("")
    assert digests(checkout) != before


@pytest.mark.parametrize(
    "name",
    [
        "harness/cli.py",
        "apps/one/__pycache__/main.pyc",
        "apps/one/logs/access.log",
        "apps/one/.mypy_cache/3.11/main.json",
    ],
)
def test_neither_the_command_line_nor_what_is_left_by_running_an_app_changes_a_digest(checkout, name):
    before = digests(checkout)
    (checkout / name).parent.mkdir(parents=True, exist_ok=True)
    (checkout / name).write_text("2\n")
    assert digests(checkout) == before


def test_a_checkout_in_a_hidden_folder_is_digested_all_the_same(checkout):
    hidden = checkout.rename(checkout.parent / ".hidden")
    before = digests(hidden)
    (hidden / "apps/one/main.py").write_text("2\n")
    assert digests(hidden) != before


def test_a_checkout_tells_its_commit_and_whether_it_is_dirty(tmp_path):
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    assert provenance.commit(tmp_path) == {"commit": None, "dirty": None}
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    clean = provenance.commit(tmp_path)
    assert len(str(clean["commit"])) == 40
    assert clean["dirty"] is False
    (tmp_path / "new").write_text("")
    assert provenance.commit(tmp_path)["dirty"] is True


def test_what_was_measured_makes_no_checkout_dirty(tmp_path):
    subprocess.run(["git", "-C", str(tmp_path), "init", "-q"], check=True)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "occasions.jsonl").write_text("{}\n")
    assert provenance.commit(tmp_path)["dirty"] is False
    (tmp_path / "results" / "README.md").write_text("")
    assert provenance.commit(tmp_path)["dirty"] is True
