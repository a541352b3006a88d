"""`--matrix gizmo=1.0,latest` is one contender for each version, of those that install a gizmo."""

import pytest

from harness import catalog, environments, prepare, releases
from harness.errors import InputError
from harness.prepare import Asked
from tests.wheels import app_that_needs_a_gizmo, registry


@pytest.fixture(scope="module", autouse=True)
def offline(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in registry(tmp_path_factory.mktemp("registry")).items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    return app_that_needs_a_gizmo(tmp_path_factory.mktemp("apps") / "gizmos")


@pytest.fixture
def expanded(app, tmp_path):
    """What becomes of the fair line-up with the app beside it, or of these contenders."""

    def expand(*matrix, only_first=False, own=True, **asked):
        wanted = releases.dimensions(matrix)
        named = Asked(own=[app.folder] if own else (), **asked)
        return releases.expanded(named, wanted, only_first=only_first, under=tmp_path)

    return expand


@pytest.mark.parametrize(
    ("text", "said"),
    [("gizmo", 'the version ""'), ("gizmo=1,,2", 'the version ""'), ("gizmo=x", '"x"'), ("=1", 'the distribution ""')],
)
def test_what_is_no_dimension_is_refused(text, said):
    with pytest.raises(InputError) as raised:
        releases.dimensions([text])
    assert said in raised.value.message


def test_a_dimension_is_given_once_whatever_its_spelling():
    assert releases.dimensions(["Flask_SQL=1,latest,1"]) == (releases.Dimension("flask-sql", ("1", "latest")),)
    with pytest.raises(InputError, match="given more than once"):
        releases.dimensions(["flask-sql=1", "flask.sql=2"])


def test_every_version_is_a_contender_with_its_exact_version_and_the_newest_is_the_reference(app, expanded):
    asked, told = expanded("gizmo=1.0,1.1,latest")
    labels = ["gizmo-1.0", "gizmo-1.1.5", "gizmo-3.0"]
    assert asked.contenders == tuple(f"{one}={app.folder}:+{one.replace('-', '==')}" for one in labels)
    assert asked.reference == "gizmo-3.0"
    assert asked.name == "versions-gizmo"
    assert told[0] == "without gizmo, and so without a part: fastapi@uvicorn, flask@gthread, django_rest@gthread"
    assert told[1:] == tuple(f"{label}: nothing else moves" for label in labels)


def test_what_moves_with_a_version_is_told(expanded):
    assert expanded("gizmo=1.0,2")[1][-1] == "gizmo-2.0: also moves: widget 2.0"


def test_two_dimensions_are_every_pair(expanded):
    asked, _ = expanded("gizmo=1.0,1.1", "widget=1.0,1.1")
    labels = [one.partition("=")[0] for one in asked.contenders]
    assert labels == [f"gizmo-{gizmo}+widget-{widget}" for gizmo in ("1.0", "1.1.5") for widget in ("1.0", "1.1")]
    assert asked.reference == labels[-1]


def test_several_contenders_keep_their_labels_apart(app, expanded):
    asked, _ = expanded("gizmo=1.0,1.1", own=False, contenders=[f"a={app.folder}:", f"b={app.folder}:@plain"])
    assert [one.partition("=")[0] for one in asked.contenders] == [
        f"{label}+gizmo-{version}" for label in "ab" for version in ("1.0", "1.1.5")
    ]
    assert asked.reference == "a+gizmo-1.1.5"


@pytest.mark.parametrize("named", ["1.0", "gizmo=1.0", "gizmo-1.0"])
def test_the_reference_can_be_named_as_it_was_wished_or_by_its_label(expanded, named):
    assert expanded("gizmo=1.0,1.1", reference=named)[0].reference == "gizmo-1.0"


def test_a_reference_that_is_no_version_is_refused(expanded):
    with pytest.raises(InputError, match=r'no version or contender "1\.2"'):
        expanded("gizmo=1.0,1.1", reference="1.2")


def test_two_wishes_for_one_version_are_one_contender_and_that_alone_is_refused(expanded):
    assert len(expanded("gizmo=1.0,1.1,1.1.5")[0].contenders) == 2
    with pytest.raises(InputError, match=r"comes to gizmo-1\.1\.5 alone"):
        expanded("gizmo=1.1,1.1.5")


def test_all_that_cannot_be_had_is_told_at_once(expanded):
    with pytest.raises(InputError) as raised:
        expanded("gizmo=1.0,8,9")
    assert "gizmo 8" in raised.value.message
    assert "gizmo 9" in raised.value.message


def test_a_distribution_that_nobody_installs_is_refused_with_the_nearest(expanded):
    with pytest.raises(InputError, match='runs with "gizmos"') as raised:
        expanded("gizmos=1.0")
    assert raised.value.hint.startswith('Did you mean "gizmo"?')


def test_too_many_are_refused_before_anything_is_looked_for(expanded):
    with pytest.raises(InputError, match=r"16 contenders are asked for \(1 x 4 of gizmo x 4 of widget\), and 12 can"):
        expanded("gizmo=1,2,3,4", "widget=1,2,3,4")


def test_a_server_that_an_app_installs_for_other_deployments_is_none_of_a_contender():
    known = catalog.read()
    served = {
        label: one
        for label in ("fastapi@uvicorn", "fastapi@gunicorn-uvicorn", "flask@gthread")
        for one in catalog.contenders(known, [label])
    }
    having = {
        server: [label for label, one in served.items() if releases.has(one, releases.dimensions([f"{server}=1"]))]
        for server in ("uvicorn", "gunicorn", "flask", "python")
    }
    assert having == {
        "uvicorn": ["fastapi@uvicorn", "fastapi@gunicorn-uvicorn"],
        "gunicorn": ["fastapi@gunicorn-uvicorn", "flask@gthread"],
        "flask": ["flask@gthread"],
        "python": list(served),
    }


def test_without_any_chosen_the_first_that_has_it_takes_part_and_the_others_are_named(expanded):
    asked, told = expanded("python=3", only_first=True)
    assert len(asked.contenders) == 1
    assert told[0].startswith("have it as well, and are left out unless they are chosen: flask@gthread")


def test_versions_of_one_app_have_environments_of_their_own(app, tmp_path):
    pins = ("1.0", "1.1.5")
    for version in pins:
        (tmp_path / f"{version}.lock").write_text(f"gizmo=={version}\n")
    asked = Asked(contenders=[f"{one}={app.folder}:+gizmo=={one}" for one in pins], locks=tmp_path)
    pinned = [one for one in prepare.enter(asked).apps if one.pins]
    assert [one.pins["gizmo"] for one in pinned] == list(pins)
    assert len({environments.python(one, tmp_path) for one in pinned}) == 2
