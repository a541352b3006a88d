"""The script `bench`: it finds itself, makes its environment once, and lets nothing of the caller's Python in."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
UV = f"""#!/bin/sh
if [ "$1" = venv ]; then
    [ -z "${{BROKEN-}}" ] || {{ echo "no route to the registry" >&2; exit 1; }}
    for folder; do :; done
    echo made >>"$(dirname "$0")/made"
    sleep 0.5
    mkdir -p "$folder/bin"
    ln -s {sys.executable} "$folder/bin/python"
fi
"""
HARNESS = "import os, sys; print(sys.argv[1:], sorted(name for name in os.environ if name.startswith('PYTHON')))"
RUN = "['list'] ['PYTHONPATH', 'PYTHONSAFEPATH']\n"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with a harness of one line, and a `uv` that makes an environment of one link in half a second."""
    clone = tmp_path / "a clone"
    for folder in ("requirements", "harness", "tools"):
        (clone / folder).mkdir(parents=True)
    shutil.copy(ROOT / "bench", clone)
    for group, megabytes in {"run": 7, "hosts": 8, "dev": 9}.items():
        (clone / "requirements" / f"{group}.lock").write_text(f"# download: {megabytes} MB\n")
    (clone / "harness" / "__main__.py").write_text(HARNESS)
    (clone / "tools" / "uv").write_text(UV)
    (clone / "tools" / "uv").chmod(stat.S_IRWXU)
    return clone


def bench(clone: Path, *words: str, call: Path | str = "", **variables: str) -> subprocess.Popen[str]:
    path = f"{clone / 'tools'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.Popen(
        [call or clone / "bench", *(words or ["list"])],
        env=plain | {"PATH": path} | variables,
        cwd=clone.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def times_made(clone: Path) -> int:
    made = clone / "tools" / "made"
    return len(made.read_text().split()) if made.exists() else 0


def lock_of(clone: Path) -> Path:
    (complete,) = (clone / ".environments").glob("*/.complete")
    return complete.parent.with_name(f"{complete.parent.name}.making")


def test_the_first_call_makes_the_environment_and_says_its_size(clone: Path) -> None:
    assert "7 MB to download" in bench(clone).communicate(timeout=20)[1]
    assert bench(clone).communicate(timeout=20) == (RUN, "")
    assert times_made(clone) == 1


@pytest.mark.parametrize(
    ("words", "group"),
    [
        ("run --quick", "run"),
        ("run --host local", "run"),
        ("run --host=local --quick", "run"),
        ("run --host aws", "hosts"),
        ("verify --host=ssh://me@there", "hosts"),
        ("run --host local --load-host ssh://me@there", "hosts"),
        ("host up", "hosts"),
        ("list host", "run"),
        ("test -- --host aws", "dev"),
    ],
)
def test_what_other_machines_need_is_installed_only_when_one_is_named(clone: Path, words: str, group: str) -> None:
    out, _ = bench(clone, *words.split()).communicate(timeout=20)
    assert out.startswith(str(words.split()))
    assert lock_of(clone).name.startswith(f"harness-{group}-")


def test_it_works_through_links_to_links(clone: Path) -> None:
    folder = clone.parent / "bin"
    folder.mkdir()
    (folder / "inner").symlink_to("../a clone/bench")
    (folder / "outer").symlink_to(folder / "inner")
    assert bench(clone, call="bin/outer").communicate(timeout=20)[0] == RUN


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PYTHONHASHSEED", "bad"),
        ("PYTHONMALLOC", "bad"),
        ("PYTHONWARNINGS", "error"),
        ("PYTHONINSPECT", "1"),
        ("PYTHONHOME", "/nowhere"),
    ],
)
def test_what_the_callers_python_is_told_neither_unmakes_the_environment_nor_reaches_it(
    clone: Path, name: str, value: str
) -> None:
    bench(clone).communicate(timeout=20)
    assert bench(clone, **{name: value}).communicate(timeout=20) == (RUN, "")
    assert times_made(clone) == 1


def test_two_at_once_make_one_environment_and_both_run(clone: Path) -> None:
    both = [bench(clone), bench(clone)]
    said = [one.communicate(timeout=20) for one in both]
    assert [out for out, _ in said] == [RUN, RUN]
    assert times_made(clone) == 1
    assert sum("is making the environment: waiting" in errors for _, errors in said) == 1
    assert not lock_of(clone).is_symlink()


def test_the_lock_of_a_dead_process_is_taken_over(clone: Path) -> None:
    bench(clone).communicate(timeout=20)
    lock = lock_of(clone)
    shutil.rmtree(lock.with_suffix(""))
    with subprocess.Popen(["true"]) as dead:
        pass
    lock.symlink_to(str(dead.pid))
    assert bench(clone).communicate(timeout=20)[0] == RUN
    assert times_made(clone) == 2
    assert not lock.is_symlink()


def test_a_failure_shows_its_reason_and_leaves_nothing_behind(clone: Path) -> None:
    failed = bench(clone, BROKEN="1")
    said = failed.communicate(timeout=20)[1]
    assert failed.returncode == 2
    assert "no route to the registry" in said
    assert "could not be made" in said
    assert list((clone / ".environments").iterdir()) == []


def test_the_environment_is_made_anew_only_when_its_python_cannot_run(clone: Path) -> None:
    bench(clone).communicate(timeout=20)
    python = lock_of(clone).with_suffix("") / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python")
    assert bench(clone).communicate(timeout=20)[0] == RUN
    assert times_made(clone) == 2
