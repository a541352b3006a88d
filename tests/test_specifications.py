"""A specification says which app, how it is served and at which versions; a version is newer or older than another."""

import pytest

from harness import catalog
from harness.errors import InputError
from harness.model import Specification, newness, pinned_label

KNOWN = catalog.read()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("flask", {"app": "flask"}),
        ("flask@gthread", {"app": "flask", "deployment": "gthread"}),
        ("new=/a=b+c/d:flask@gthread", {"label": "new", "path": "/a=b+c/d", "app": "flask", "deployment": "gthread"}),
        ("/own/folder:", {"path": "/own/folder"}),
        ("flask+flask==3.0.3", {"app": "flask", "pins": {"flask": "3.0.3"}}),
        (
            "x+1=flask@a+b+c==1+d-e==2!3",
            {"label": "x+1", "app": "flask", "deployment": "a+b", "pins": {"c": "1", "d-e": "2!3"}},
        ),
    ],
)
def test_a_specification_is_read_and_written_alike(text, parts):
    assert Specification.read(text) == Specification(**parts)
    assert str(Specification.read(text)) == text


def test_a_distribution_has_one_name_however_it_is_written():
    assert Specification.read("fastapi+Pydantic_Core==2.0").pins == {"pydantic-core": "2.0"}


def test_the_newer_of_two_versions_is_told_by_their_numbers():
    ordered = ["0.9", "0.115.14", "0.130.0", "1.0.dev1", "1.0a2", "1.0rc1", "1.0", "1.0.post1", "1.0.1"]
    assert sorted(set(ordered), key=newness) == ordered


def test_a_pinned_contender_has_a_label_of_its_own():
    plain, pinned = catalog.contenders(KNOWN, ["flask@gthread", "flask@gthread+flask==3.0.3+python==3.12.1"])
    assert (plain.label, pinned.label) == ("flask@gthread", "flask@gthread+flask-3.0.3+python-3.12.1")
    assert pinned.app.pins == {"flask": "3.0.3", "python": "3.12.1"}
    assert pinned.app.full_name == "flask (flask 3.0.3, python 3.12.1)"
    assert pinned_label(pinned.app.pins) == "flask-3.0.3+python-3.12.1"


def test_an_app_cannot_pin_itself(tmp_path):
    (tmp_path / "app.toml").write_text('title = "One"\npins = {}\n[deployments.plain]\ncommand = ["true"]\n')
    with pytest.raises(InputError, match="a version is pinned in a specification"):
        catalog.read_app(tmp_path / "app.toml")
