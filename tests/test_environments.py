"""An app's environment is made once, from its lock, and is its own."""

import subprocess
import sys

import pytest

from harness import environments
from harness.errors import InputError, InstallError
from harness.model import App, Deployment

DEPLOYMENTS = {"plain": Deployment(command=("{python}", "main.py"))}


def app_in(folder, lock=None):
    folder.mkdir(exist_ok=True)
    (folder / "main.py").write_text("print('hello')\n")
    if lock is not None:
        (folder / "requirements.lock").write_text(lock)
    requirements = None if lock is None else "requirements.lock"
    return App(name="one", folder=folder, title="One", requirements=requirements, deployments=DEPLOYMENTS)


def test_an_app_with_a_lock_gets_an_environment_of_its_own(tmp_path):
    app = app_in(tmp_path / "an app with spaces and ümlauts", "# download: 0 MB\n")
    under = tmp_path / "environments"
    assert environments.missing([app], under) == (app,)
    environments.make(app, under)
    assert environments.missing([app], under) == ()
    prefix = [environments.python(app, under), "-c", "import sys; print(sys.prefix)"]
    assert subprocess.check_output(prefix, text=True).strip().startswith(str(under))


def test_an_environment_that_was_moved_is_made_anew_for_its_programs_name_the_old_folder(tmp_path):
    app, under = app_in(tmp_path / "app", "# download: 0 MB\n"), tmp_path / "environments"
    environments.make(app, under)
    moved = under.rename(tmp_path / "elsewhere")
    assert environments.missing([app], moved) == (app,)
    environments.make(app, moved)
    assert environments.missing([app], moved) == ()


def test_the_apps_own_modules_can_be_compiled(tmp_path):
    app = app_in(tmp_path / "app")
    environments.compile_modules(app, tmp_path / "environments")
    assert list((app.folder / "__pycache__").glob("main.*.pyc"))


def test_an_app_without_requirements_runs_on_the_bare_interpreter(tmp_path):
    app = app_in(tmp_path / "app")
    interpreter = environments.python(app, tmp_path / "environments")
    prefix = [interpreter, "-c", "import sys; print(sys.prefix)"]
    assert subprocess.check_output(prefix, text=True).strip() == sys.base_prefix
    assert environments.missing([app], tmp_path) == ()


def test_another_lock_is_another_environment(tmp_path):
    one = environments.python(app_in(tmp_path / "app", "# one\n"), tmp_path)
    other = environments.python(app_in(tmp_path / "app", "# other\n"), tmp_path)
    assert one != other


def test_the_size_of_the_download_is_read_from_the_lock(tmp_path):
    assert environments.download_megabytes(app_in(tmp_path / "app", "# download: 12 MB\n")) == 12
    assert environments.download_megabytes(app_in(tmp_path / "app", "six==1.17.0\n")) is None


def test_a_lock_that_cannot_be_installed_is_an_error_and_leaves_no_half_environment(tmp_path):
    app = app_in(tmp_path / "app", "six==1.17.0\n")  # no hash
    with pytest.raises(InstallError, match="the environment of one could not be made") as raised:
        environments.make(app, tmp_path / "environments")
    assert raised.value.hint.endswith(f"requirements/lock {app.folder}")
    assert environments.missing([app], tmp_path / "environments") == (app,)


def test_a_lock_that_is_not_there_is_an_error(tmp_path):
    app = app_in(tmp_path / "app", "")
    (app.folder / "requirements.lock").unlink()
    with pytest.raises(InputError, match="does not exist"):
        environments.python(app, tmp_path)


def test_versions_are_those_of_the_apps_environment(tmp_path):
    app = app_in(tmp_path / "app").model_copy(update={"versions": ("pip", "no-such-distribution")})
    found = environments.versions(app, tmp_path)
    assert found["python"].startswith("3.")
    assert "no-such-distribution" not in found
