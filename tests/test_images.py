"""The Dockerfiles. No image is built here: what is checked is what can be read."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness.catalog import ROOT
from tests.test_apps import CONTENDERS, KNOWN

FOLDER = ROOT / "infra" / "docker"
HADOLINT = Path(sys.executable).with_name("hadolint")


def text(name):
    return (FOLDER / f"{name}.Dockerfile").read_text("utf-8")


def lint(content):
    return subprocess.run(
        [HADOLINT, "--no-color", "-"], input=content, capture_output=True, text=True, check=False, timeout=60
    ).stdout.splitlines()


def instructions(name):
    lines = [line for line in text(name).replace("\\\n", "").splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(" ", 1)) for line in lines]


def test_every_contender_has_one():
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(CONTENDERS)


@pytest.mark.parametrize("name", CONTENDERS)
def test_the_linter_finds_nothing(name):
    assert lint(text(name)) == []


def test_the_linter_would_find_something():
    assert len(lint("FROM python:latest\nRUN pip install flask\nCMD flask run\n")) >= 3


@pytest.mark.parametrize("name", CONTENDERS)
def test_an_image_starts_the_first_deployment_on_two_cpus(name):
    deployment = next(iter(KNOWN.apps[name].deployments.values()))
    words = {"bin": "", "host": "0.0.0.0", "port": 8000, "workers": 2, "threads": deployment.threads}
    started = [word.format_map(words).removeprefix("/") for word in deployment.command]
    assert json.loads(dict(instructions(name))["CMD"]) == started
    assert not deployment.environment


@pytest.mark.parametrize("name", CONTENDERS)
def test_an_image_takes_from_its_first_stage_what_the_lock_says_as_bytecode(name):
    first, last = text(name).split("\n\n")
    assert "--compile --require-hashes -r requirements.lock\n" in first
    assert first.endswith("-m compileall -q .")
    assert re.findall(r"^COPY (?!--from=build )", last, re.MULTILINE) == []
    assert not re.search(r"\bpip\b", last)


@pytest.mark.parametrize("name", CONTENDERS)
def test_an_image_serves_as_a_user_that_owns_nothing_of_it(name):
    steps = instructions(name)
    assert steps.index(("USER", "10001")) > max(steps.index(step) for step in steps if step[0] == "COPY")
    assert [argument for step, argument in steps if step == "USER"] == ["10001"]


def test_all_images_are_made_alike():
    made = [re.sub(r"\nCMD .*", "", text(name), flags=re.DOTALL).partition("\nFROM ")[2] for name in CONTENDERS]
    assert made[1:] == [made[0], made[0]]


def test_the_readme_says_that_no_image_is_built():
    assert "No image is built here" in " ".join((ROOT / "infra" / "README.md").read_text("utf-8").split())
