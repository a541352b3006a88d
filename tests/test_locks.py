"""A pinned contender's lock is its app's own but for the pin, and for what must move with it."""

import json
from dataclasses import replace

import pytest

from harness import catalog, environments, locks, prepare, provenance
from harness.errors import InputError, InstallError
from harness.model import Contender
from harness.prepare import Asked
from tests.fakes import PLACEMENT
from tests.wheels import app_that_needs_a_gizmo, locked, registry


@pytest.fixture(scope="module", autouse=True)
def offline(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in registry(tmp_path_factory.mktemp("registry")).items():
            patch.setenv(name, value)
        yield


@pytest.fixture
def app(tmp_path):
    return app_that_needs_a_gizmo(tmp_path / "gizmos")


@pytest.fixture
def resolved(app, tmp_path):
    return lambda **wishes: locks.resolved(app, wishes, tmp_path / "under")


def test_a_wish_is_the_newest_release_that_begins_with_it(resolved):
    assert resolved(gizmo="1.1").pins == {"gizmo": "1.1.5"}
    assert resolved(gizmo="1.1.4").pins == {"gizmo": "1.1.4"}
    assert resolved(widget="latest").pins == {"widget": "2.0"}


def test_all_else_stays_as_the_lock_of_the_app_says_though_there_are_newer_ones(app, resolved):
    pinned = resolved(gizmo="1.0")
    assert locked(pinned) == {"extra": "1.0", "gizmo": "1.0", "widget": "1.0"}
    assert list(locks.moved(pinned, app)) == []


def test_what_stands_in_the_way_moves_and_is_told_though_the_app_asks_for_another_range(app, resolved):
    pinned = resolved(gizmo="2")
    assert locked(pinned) == {"extra": "1.0", "gizmo": "2.0", "widget": "2.0"}
    assert list(locks.moved(pinned, app)) == ["widget 2.0"]


def test_several_are_pinned_at_once(resolved):
    assert locked(resolved(gizmo="1.0", widget="1.1")) == {"extra": "1.0", "gizmo": "1.0", "widget": "1.1"}


def test_the_lock_has_hashes_and_says_nothing_of_the_registry(resolved, tmp_path):
    text = environments.lock_of(resolved(gizmo="1.0")).read_text()
    assert text.count("--hash=sha256:") == 3
    assert str(tmp_path) not in text
    assert "registry" not in text


def test_a_lock_is_made_once_and_never_in_the_folder_of_the_app(app, resolved, tmp_path):
    before = sorted(app.folder.iterdir())
    lock = environments.lock_of(resolved(gizmo="1.0"))
    assert lock.is_relative_to(tmp_path / "under")
    lock.write_text(lock.read_text() + "# kept\n")
    assert environments.lock_of(resolved(gizmo="1.0")).read_text().endswith("# kept\n")
    assert sorted(app.folder.iterdir()) == before


def test_another_lock_of_the_app_is_another_lock_of_the_pinned_one(app, resolved):
    before = resolved(gizmo="1.0").requirements
    (app.folder / "requirements.in").write_text("gizmo\nextra\n")
    assert resolved(gizmo="1.0").requirements != before


@pytest.mark.parametrize(("wishes", "said"), [({"gizmo": "9"}, "gizmo 9"), ({"gizmo": "2", "widget": "1"}, "widget 1")])
def test_a_version_that_cannot_be_had_is_an_error_that_says_which_and_why(resolved, wishes, said):
    with pytest.raises(InputError, match="gizmos cannot be had with") as raised:
        resolved(**wishes)
    assert said in raised.value.message
    assert "unsatisfiable" in raised.value.message
    assert raised.value.hint == "Name another version."


def test_what_an_app_does_not_install_cannot_be_pinned(resolved):
    with pytest.raises(InputError, match="gizmos does not install flask"):
        resolved(flask="3.0")


def test_a_registry_that_does_not_answer_is_another_error(resolved, monkeypatch):
    monkeypatch.delenv("UV_NO_INDEX")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    with pytest.raises(InstallError, match="no lock could be made") as raised:
        resolved(gizmo="1.0")
    assert "UV_DEFAULT_INDEX" in raised.value.hint


def test_a_registry_that_may_not_be_asked_is_such_an_error_too(resolved, monkeypatch, tmp_path):
    monkeypatch.delenv("UV_NO_INDEX")
    monkeypatch.delenv("UV_FIND_LINKS")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    with pytest.raises(InstallError, match=r"no lock could be made: .*not found in the cache"):
        resolved(gizmo="1.0")


def test_an_app_without_requirements_in_cannot_be_moved(app, resolved):
    (app.folder / "requirements.in").unlink()
    with pytest.raises(InputError, match=r"requirements\.in\" does not exist"):
        resolved(gizmo="1.0")


def test_a_python_alone_takes_the_lock_of_the_app(app):
    pinned = app.model_copy(update={"pins": {"python": "3.11.2"}})
    assert locks.settled(pinned) == pinned


def test_a_run_keeps_the_lock_and_is_gone_on_with_by_that_one(resolved, tmp_path):
    pinned = resolved(gizmo="1.0")
    contender = Contender(label="gizmo-1.0", app=pinned, deployment_name="plain")
    locks.keep([contender], tmp_path)
    kept = tmp_path / locks.FOLDER / "gizmo-1.0.lock"
    assert kept.read_bytes() == environments.lock_of(pinned).read_bytes()
    kept.write_text("# as it was then\n")
    locks.keep([contender], tmp_path)
    again = locks.kept(contender, tmp_path / locks.FOLDER)
    assert environments.lock_of(again.app).read_text() == "# as it was then\n"


def test_a_plan_with_pins_is_asked_for_again_with_the_locks_of_its_run(app, tmp_path):
    folder = tmp_path / "run"
    specification = f"old={app.folder}:+gizmo==1.0"
    (folder / locks.FOLDER).mkdir(parents=True)
    (folder / locks.FOLDER / "old.lock").write_text("gizmo==1.0\n")
    asked = replace(Asked(contenders=[specification]), locks=folder / locks.FOLDER)
    entry = prepare.enter(asked)
    plan = prepare.plan(entry, asked, PLACEMENT)
    assert plan.contenders == (specification, *catalog.YARDSTICKS)
    again = prepare.enter(Asked.again(plan, folder))
    assert environments.lock_of(again.contenders[0].app) == folder / locks.FOLDER / "old.lock"
    assert json.loads(plan.model_dump_json())["contenders"][0] == specification
    assert "app gizmos" in provenance.digests(catalog.ROOT, entry.apps, ["json"])
