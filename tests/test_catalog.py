"""The catalog reads what is there and says all that is wrong with it at once."""

import pytest

from harness import catalog
from harness.errors import InputError

APP = """
title = "One"
[deployments.plain]
command = ["{python}", "one.py"]
[deployments.other]
command = ["{python}", "one.py", "other"]
"""
SCENARIO = """
about = "a"
isolates = "b"
leaves_out = "c"
[[requests]]
name = "hello"
path = "/hello"
expect = { json_body = 1 }
"""
LINEUP = """
[fair]
about = "all"
contenders = ["one"]
reference = "one@plain"
"""


@pytest.fixture
def checkout(tmp_path):
    for name in ("one", "null"):
        (tmp_path / "apps" / name).mkdir(parents=True)
        (tmp_path / "apps" / name / "app.toml").write_text(APP)
    (tmp_path / "apps" / "lineups.toml").write_text(LINEUP)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "hello.toml").write_text(SCENARIO)
    return tmp_path


def test_an_app_is_named_by_its_folder_and_its_first_deployment_is_the_default(checkout):
    found = catalog.contender(catalog.read(checkout), "one")
    assert (found.label, found.app.name, found.deployment_name) == ("one@plain", "one", "plain")


def test_a_specification_may_have_a_label_and_a_path_to_another_checkout(checkout, tmp_path):
    found = catalog.contender(catalog.read(checkout), f"mine={tmp_path}:one@other")
    assert (found.label, found.app.folder, found.deployment_name) == ("mine", tmp_path / "apps" / "one", "other")


def test_an_app_of_ones_own_may_live_anywhere_even_under_a_strange_name(checkout, tmp_path):
    folder = tmp_path / "mein Dienst = schön"
    folder.mkdir()
    (folder / "app.toml").write_text(APP)
    (found,) = catalog.contenders(catalog.read(checkout), catalog.specifications_of_own([folder]))
    assert found.app.folder == folder
    assert found.label == "mein-Dienst-schön"


def test_all_problems_of_all_files_are_listed_at_once(checkout):
    (checkout / "apps" / "one" / "app.toml").write_text(APP + 'colour = "red"\n[deployments.empty]\ncommand = []\n')
    (checkout / "scenarios" / "hello.toml").write_text("no toml")
    with pytest.raises(InputError) as raised:
        catalog.read(checkout)
    for part in ("colour", "deployments.empty.command", "hello.toml", "is not TOML"):
        assert part in raised.value.message


def test_an_app_that_names_a_scenario_that_there_is_not_is_refused_unless_it_lives_elsewhere(checkout):
    (checkout / "apps" / "one" / "app.toml").write_text('scenarios = ["hello", "helo"]\n' + APP)
    with pytest.raises(InputError, match='there is no scenario "helo"'):
        catalog.read(checkout)
    assert catalog.read_app(checkout / "apps" / "one" / "app.toml").scenarios == ("hello", "helo")


@pytest.mark.parametrize("name", ["helo", "hello"])
def test_a_scenario_is_held_against_another_one_that_there_is(checkout, name):
    (checkout / "scenarios" / "hello.toml").write_text(f'beside = "{name}"\n{SCENARIO}')
    with pytest.raises(InputError, match=f'hello.toml": beside: there is no other scenario "{name}"'):
        catalog.read(checkout)
    (checkout / "scenarios" / "helo.toml").write_text(f'beside = "hello"\n{SCENARIO}')
    (checkout / "scenarios" / "hello.toml").write_text(SCENARIO)
    assert catalog.read(checkout).scenarios["helo"].beside == "hello"


def test_the_pairs_that_exist_to_be_compared_are_declared():
    assert catalog.beside() == {"injected": "uninjected", "instrumented": "json", "typed": "untyped"}


@pytest.mark.parametrize(("name", "without"), catalog.beside().items())
def test_two_scenarios_of_a_pair_are_measured_alike(name, without):
    """What differs in how they are measured would stand in what one thing costs."""
    scenarios = catalog.read().scenarios
    named = {"connections", "warm_s", "slice_min_s", "slice_max_s", "lead_s", "settings"}
    one, other = (scenarios[each].model_dump(include=named) for each in (name, without))
    assert one == other


def test_an_unknown_name_is_refused_with_the_nearest_one(checkout):
    with pytest.raises(InputError) as raised:
        catalog.contenders(catalog.read(checkout), ["onne", "one@plian"])
    assert 'Did you mean "one"?' in raised.value.message
    assert 'Did you mean "plain"?' in raised.value.message


def test_two_contenders_of_one_label_are_refused(checkout):
    with pytest.raises(InputError, match='two contenders are called "one@plain"'):
        catalog.contenders(catalog.read(checkout), ["one", "one@plain"])


@pytest.mark.parametrize("label", ["../../etc/passwd", "a/b", "", " ", "x" * 65, "-rf", "a\nb", "=1+1", "a\x1b[31m"])
def test_a_label_that_could_act_as_a_path_or_an_option_is_refused(checkout, label):
    known = catalog.read(checkout)
    if label:
        with pytest.raises(InputError):
            catalog.contender(known, f"{label}=one")
    else:
        assert catalog.contender(known, "=one").label == "one@plain"


def test_a_placeholder_that_nothing_is_known_for_is_refused_with_those_that_are(checkout):
    manifest = checkout / "apps" / "one" / "app.toml"
    manifest.write_text(APP + '[deployments.odd]\ncommand = ["{python}", "--bind={host}:{prot}"]\n')
    with pytest.raises(InputError) as raised:
        catalog.read_app(manifest)
    assert 'deployments.odd.command: nothing is known to fill in for "{prot}"' in raised.value.message
    assert raised.value.hint == "A command may hold {python} {bin} {host} {port} {workers} {threads} {app}."


def test_two_requests_of_one_name_are_refused(checkout):
    again = SCENARIO.partition("[[requests]]")[2]
    (checkout / "scenarios" / "hello.toml").write_text(f"{SCENARIO}[[requests]]{again}")
    with pytest.raises(InputError, match='two requests are called "hello"'):
        catalog.read(checkout)


def test_a_request_without_the_answer_that_it_must_get_is_refused(checkout):
    (checkout / "scenarios" / "hello.toml").write_text(SCENARIO.replace("json_body = 1", "status = 200"))
    with pytest.raises(InputError, match=r"requests\.0\.expect: Value error, say what the body is"):
        catalog.read(checkout)


def test_every_broken_app_of_ones_own_is_told(tmp_path):
    with pytest.raises(InputError) as raised:
        catalog.specifications_of_own([tmp_path / "one", tmp_path / "other"])
    assert all(f"{name}/app.toml" in raised.value.message for name in ("one", "other"))


def test_a_lineup_that_is_no_table_and_a_date_in_an_answer_are_refused(checkout):
    (checkout / "apps" / "lineups.toml").write_text("fair = 5\n")
    (checkout / "scenarios" / "hello.toml").write_text(SCENARIO.replace("json_body = 1", "json_body = 2024-01-01"))
    with pytest.raises(InputError) as raised:
        catalog.read(checkout)
    assert '"fair" is no table' in raised.value.message
    assert "json_body" in raised.value.message


def test_a_scenario_without_load_is_refused(checkout):
    (checkout / "scenarios" / "hello.toml").write_text(SCENARIO + "weight = 0\n")
    with pytest.raises(InputError, match="there is no load"):
        catalog.read(checkout)


def test_the_catalog_of_this_checkout_is_sound():
    known = catalog.read()
    for lineup in known.lineups.values():
        labels = [contender.label for contender in catalog.contenders(known, lineup.contenders)]
        assert lineup.reference in labels
    assert {"null", "control"} <= known.apps.keys()


def test_a_deployment_or_an_ablation_that_cannot_what_is_no_scenario_is_an_error(checkout):
    ablation = '[ablations.two]\nvaries = "workers"\nworkers = 2\ncannot = { helo = "c" }\n'
    cannot = 'cannot = { hello = "a", hallo = "b" }\n'
    (checkout / "apps" / "one" / "app.toml").write_text(f"{APP}{cannot}{ablation}")
    with pytest.raises(InputError) as refused:
        catalog.read(checkout)
    assert 'deployments.other.cannot: there is no scenario "hallo"' in str(refused.value)
    assert 'ablations.two.cannot: there is no scenario "helo"' in str(refused.value)
    assert '"hello"' not in str(refused.value)
