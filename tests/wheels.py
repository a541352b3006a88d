"""A registry that is a folder, with distributions of a few lines, and an app that needs them: no network is asked."""

import io
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from harness import catalog, environments
from harness.catalog import ROOT
from harness.model import App

# gizmo 2 needs widget 2, and nobody said so to the app, which asks for widget 1; gizmo 3 cannot be imported.
RELEASES: Mapping[str, Mapping[str, str | None]] = {
    "gizmo": {"1.0": "widget", "1.1.4": "widget", "1.1.5": "widget", "2.0": "widget>=2", "3.0": "widget"},
    "widget": {"1.0": None, "1.1": None, "2.0": None},
    "extra": {"1.0": None},
}
BROKEN = "3.0"
_MAIN = f"""import runpy
import gizmo

runpy.run_path({str(ROOT / "apps" / "null" / "main.py")!r}, run_name="__main__")
"""
_TOML = """title = "Gizmo"
requirements = "requirements.lock"
versions = ["gizmo", "widget"]
[deployments.plain]
command = ["{python}", "main.py", "{host}", "{port}", "{workers}"]
"""


def registry(folder: Path) -> dict[str, str]:
    """The environment variables that make uv look there, and nowhere else."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, versions in RELEASES.items():
        for version in versions:
            (folder / f"{name}-{version}-py3-none-any.whl").write_bytes(_wheel(name, version))
    return {"UV_NO_INDEX": "1", "UV_FIND_LINKS": str(folder), "UV_NO_CONFIG": "1"}


def app_that_needs_a_gizmo(folder: Path) -> App:
    """It asks for gizmo 1, has 1.1.5 in its lock, and serves as `null` does."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.py").write_text(_MAIN)
    (folder / "app.toml").write_text(_TOML)
    (folder / "requirements.in").write_text("# what it needs\nextra\ngizmo>=1,<2\nwidget>=1,<2  # and no newer\n")
    held = {"extra": "1.0", "gizmo": "1.1.5", "widget": "1.0"}
    lines = (f"{name}=={one} --hash=sha256:{sha256(_wheel(name, one)).hexdigest()}\n" for name, one in held.items())
    (folder / "requirements.lock").write_text("".join(lines))
    return catalog.read_app(folder / "app.toml")


def locked(app: App) -> dict[str, str]:
    """What an app's lock holds, by name."""
    lines = environments.lock_of(app).read_text().splitlines()
    return dict(line.split()[0].split("==") for line in lines if "==" in line)


def _wheel(name: str, version: str) -> bytes:
    """The same bytes every time: environments are named by what locks hold, and locks hold hashes."""
    meta, needs = f"{name}-{version}.dist-info", RELEASES[name][version]
    requires = f"Requires-Dist: {needs}\n" if needs else ""
    contents = {
        f"{name}.py": "raise RuntimeError\n" if name == "gizmo" and version == BROKEN else "",
        f"{meta}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}",
        f"{meta}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{meta}/RECORD": "",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as wheel:
        for path, content in contents.items():
            wheel.writestr(zipfile.ZipInfo(path), content)
    return packed.getvalue()
