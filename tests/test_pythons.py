"""The Pythons that an app can run on are those of this machine; what is not there is told with what is."""

import platform
import subprocess

import pytest

from harness import environments, pythons
from harness.errors import InputError
from harness.model import App, Deployment, newness

OWN = platform.python_version()


def test_each_python_is_found_once_the_newest_first_and_ours_is_among_them():
    versions = [one.version for one in pythons.found()]
    assert OWN in versions
    assert versions == sorted(set(versions), key=newness, reverse=True)
    assert all(newness(version) >= newness("3.11") for version in versions)


def test_ours_is_taken_before_another_one_of_its_version():
    assert pythons.of(OWN) == pythons.of(None) == pythons.own()


def test_a_wish_is_met_by_whole_numbers():
    assert f"{pythons.newest('3').version}.".startswith("3.")
    with pytest.raises(InputError):
        pythons.newest("3.1")


def test_a_python_that_is_not_there_is_an_error_with_those_that_are():
    with pytest.raises(InputError, match=r'there is no Python "3\.99" on this machine') as raised:
        pythons.newest("3.99")
    assert OWN in raised.value.hint


def test_an_environment_is_made_of_the_python_that_was_asked_for(tmp_path):
    oldest = pythons.found()[-1]
    (tmp_path / "requirements.lock").write_text("")
    deployments = {"plain": Deployment(command=("{python}",))}
    app = App(name="one", folder=tmp_path, title="One", requirements="requirements.lock", deployments=deployments)
    pinned = app.model_copy(update={"pins": {"python": oldest.version}})
    environments.make(pinned, tmp_path)
    python = environments.python(pinned, tmp_path)
    asked = subprocess.check_output([python, "-c", "import platform; print(platform.python_version())"], text=True)
    assert asked.strip() == oldest.version
    bare = pinned.model_copy(update={"requirements": None})
    assert environments.python(bare, tmp_path).samefile(pythons.of(oldest.version).path)
