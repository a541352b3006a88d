"""An ablation differs from the first deployment in what it names, and in nothing that it keeps quiet about."""

from pathlib import Path

import pytest

from harness import catalog, prepare
from harness.errors import InputError
from harness.model import Ablation, App, Deployment, Placement, RunHead, Traits
from harness.prepare import Asked
from tests import builders

KNOWN = catalog.read()
ABLATED = {
    f"{app.name}@{name}": (app, ablation) for app in KNOWN.apps.values() for name, ablation in app.ablations.items()
}
BASE = Deployment(
    command=("{bin}/serve", "--loop", "fast", "--log", "off", "--log", "on"),
    traits=Traits(loop="fast", parser="C", keep_alive="75 s"),
    threads=8,
)
OTHER = Deployment(command=("{bin}/other",), traits=Traits(loop="slow", parser="Python", keep_alive="75 s"), threads=8)


def served(**ablation):
    """What an ablation comes to, of an app whose first deployment is BASE."""
    return Ablation(**ablation).deployment({"base": BASE, "other": OTHER})


def app_with(**ablation):
    return App(name="one", folder=Path(), title="One", deployments={"base": BASE}, ablations={"new": ablation})


def test_words_of_the_command_are_replaced_and_appended_and_all_else_stays():
    slow = served(varies="loop", replace={"--loop fast": "--loop slow"}, append="--more", traits={"loop": "slow"})
    assert slow.command == ("{bin}/serve", "--loop", "slow", "--log", "off", "--log", "on", "--more")
    assert slow.traits == Traits(loop="slow", parser="C", keep_alive="75 s")
    assert slow.threads == 8


def test_words_can_be_left_out():
    assert served(varies="threads", threads=1, replace={"--log off": ""}).command[3:] == ("--log", "on")


def test_an_ablation_may_be_like_another_deployment():
    found = served(varies="loop", brings=["parser"], like="other")
    assert (found.command, found.traits) == (OTHER.command, OTHER.traits)


@pytest.mark.parametrize(
    ("ablation", "said"),
    [
        ({"varies": "loop"}, "it says that it differs in loop, and differs in nothing"),
        ({"varies": "loop", "traits": {"loop": "a", "parser": "b"}}, "differs in loop, and differs in loop, parser"),
        ({"varies": "loop", "brings": ["threads"], "traits": {"loop": "a"}}, "in loop, threads, and differs in loop"),
        ({"varies": "lop", "traits": {"loop": "a"}}, "differs in lop, and differs in loop"),
        (
            {"varies": "threads", "threads": 1, "replace": {"--lop fast": ""}},
            '"--lop fast" stands in the command 0 times',
        ),
        ({"varies": "threads", "threads": 1, "replace": {"--log": ""}}, '"--log" stands in the command 2 times'),
        ({"varies": "threads", "threads": 1, "replace": {"": "--x"}}, '"" stands in the command 0 times'),
        ({"varies": "loop", "like": "nobody"}, 'there is no deployment "nobody"'),
    ],
)
def test_an_ablation_that_is_not_what_it_says_is_an_error_of_its_app(ablation, said):
    with pytest.raises(ValueError, match=r"ablations\.new: ") as raised:
        app_with(**ablation)
    assert said in str(raised.value)


def test_an_ablation_cannot_have_the_name_of_a_deployment():
    with pytest.raises(ValueError, match='"base" is a deployment as well'):
        App(
            name="one",
            folder=Path(),
            title="One",
            deployments={"base": BASE},
            ablations={"base": {"varies": "workers", "workers": 2}},
        )


def test_a_placeholder_that_nothing_is_known_for_is_found_in_an_ablation_too(tmp_path):
    text = 'title = "One"\n[deployments.plain]\ncommand = ["serve"]\n'
    (tmp_path / "app.toml").write_text(f'{text}[ablations.two]\nvaries = "workers"\nworkers = 2\nappend = "{{prot}}"\n')
    with pytest.raises(InputError, match=r'ablations\.two\.command: nothing is known to fill in for "\{prot\}"'):
        catalog.read_app(tmp_path / "app.toml")


def test_an_ablation_is_named_like_a_deployment():
    contender = catalog.contender(KNOWN, "fastapi@asyncio")
    assert contender.label == "fastapi@asyncio"
    assert contender.deployment.traits.loop == "asyncio"


def test_the_lineup_of_an_ablation_is_the_first_deployment_and_then_every_variation_of_it():
    lineup = catalog.ablation(KNOWN, "flask")
    assert lineup.contenders == ("flask@gthread", *(f"flask@{name}" for name in KNOWN.apps["flask"].ablations))
    assert (lineup.name, lineup.reference) == ("ablate-flask", "flask@gthread")


def test_an_app_of_another_checkout_can_be_ablated():
    lineup = catalog.ablation(KNOWN, f"{catalog.ROOT}:flask")
    labels = [one.label for one in catalog.contenders(KNOWN, lineup.contenders)]
    assert labels == list(catalog.ablation(KNOWN, "flask").contenders)
    assert lineup.reference in labels


def test_an_app_without_a_choice_is_refused_with_those_that_have_one():
    with pytest.raises(InputError) as raised:
        catalog.ablation(KNOWN, "null")
    assert all(name in raised.value.hint for name in ("fastapi", "flask", "django_rest"))


@pytest.mark.parametrize(
    ("app", "choices"),
    [
        ("fastapi", {"worker_class", "loop", "parser", "keep_alive", "access_log", "proxy_headers", "workers"}),
        ("flask", {"worker_class", "threads", "keep_alive", "access_log", "workers"}),
        ("django_rest", {"worker_class", "server", "threads", "keep_alive", "access_log", "workers"}),
    ],
)
def test_what_may_have_moved_the_number_of_a_contender_is_varied(app, choices):
    ablations = KNOWN.apps[app].ablations.values()
    assert {one.varies for one in ablations} == choices
    assert {one.workers for one in ablations if one.varies == "workers"} == {1, 2, 3, 4}


@pytest.mark.parametrize("label", ABLATED)
def test_the_command_of_an_ablation_says_what_its_traits_say(label):
    app, ablation = ABLATED[label]
    deployment = ablation.deployment(app.deployments)
    after = dict(zip(deployment.command, deployment.command[1:], strict=False))
    told = after.get("--keep-alive", after.get("--timeout-keep-alive"))
    closes = told == "0" or "connection:close" in deployment.command or after.get("--worker-class") == "sync"
    logs = "--access-log" in deployment.command or after.get("--access-logfile") == "-"
    assert (deployment.traits.keep_alive, deployment.connections) == (
        ("none", "closed") if closes else ("75 s", "kept")
    )
    assert (deployment.traits.access_log == "on") == logs
    assert ("--no-control-socket" in deployment.command) == ("{bin}/gunicorn" in deployment.command)


def test_a_choice_that_changes_no_command_is_filled_in_at_launch():
    for label, (app, ablation) in ABLATED.items():
        deployment, base = ablation.deployment(app.deployments), next(iter(app.deployments.values()))
        if deployment.command == base.command:
            assert ablation.varies in {"workers", "threads"}, label
            assert f"{{{ablation.varies}}}" in deployment.command, label


def varied(*specifications, reference=None):
    """What `prepare` says of the contenders of a run, as far as it goes without a machine."""
    return prepare.varies(prepare.enter(Asked(contenders=specifications, reference=reference)))


def test_a_run_says_which_contenders_are_ablations_of_its_reference():
    assert varied("flask@gthread", "flask@threads-1", "flask@gevent") == {"flask@threads-1": "threads"}
    assert varied("flask@threads-1", "flask@gthread", reference="flask@gthread") == {"flask@threads-1": "threads"}


def test_a_run_whose_reference_is_something_else_is_no_ablation():
    assert varied("fastapi", "flask@threads-1") == {}
    assert varied("flask@threads-1", "flask@threads-8") == {}
    assert varied("flask@sync", "flask@threads-1") == {}


def test_an_older_run_varies_nothing():
    head = builders.result_set(blocks=1).head
    older = head.model_dump(mode="json", exclude={"varies"})
    assert RunHead.model_validate(older).varies == {}


def test_an_ablation_takes_about_twelve_minutes_at_most():
    placement = Placement(server_cpus=(1,), generator_cpus=(0,), owns_core=True)
    for name in ("fastapi", "flask", "django_rest"):
        asked = Asked(contenders=catalog.ablation(KNOWN, name).contenders, plan=prepare.ABLATE)
        entry = prepare.enter(asked)
        plan = prepare.plan(entry, asked, placement)
        assert prepare.seconds(plan, entry) <= 12 * 60


def test_an_ablation_cannot_what_the_deployment_it_is_like_cannot_unless_it_says_so_itself():
    wsgi = BASE.model_copy(update={"cannot": {"websocket": "WSGI has no WebSockets"}})
    fewer = {"varies": "threads", "threads": 1}
    assert Ablation(**fewer).deployment({"base": wsgi}).cannot == wsgi.cannot
    like = Ablation(varies="loop", brings=["parser"], like="other")
    assert like.deployment({"base": wsgi, "other": OTHER}).cannot == {}
    assert Ablation(**fewer, cannot={}).deployment({"base": wsgi}).cannot == {}
    own = Ablation(**fewer, cannot={"websocket": "its worker has none"})
    assert own.deployment({"base": BASE}).cannot == {"websocket": "its worker has none"}
