"""Every app keeps the contract, however it is served: real servers, asked once."""

from dataclasses import replace

import pytest

from harness import block, campaign, catalog, prepare, verify
from harness.cli import steps
from harness.hosts.local import LocalHost
from tests.test_service_routes import LIKE_ANOTHER

KNOWN = catalog.read()
EVERYBODY = [f"{app.name}@{name}" for app in KNOWN.apps.values() for name in app.deployments]
USUAL = [one for one in EVERYBODY if one not in LIKE_ANOTHER]


def knows(contender, scenario):
    """Whether its app has the routes; a deployment may still say that it cannot serve them."""
    return scenario.is_plain if contender.app.is_yardstick else contender.app.takes_part_in(scenario.name)


def alike(scenarios):
    """One scenario with the services of several, so that a contender need be launched only once for all of them."""
    services = {service: None for scenario in scenarios for service in scenario.services}
    return scenarios[0].model_copy(update={"services": tuple(services)})


@pytest.mark.parametrize("contenders", [USUAL, pytest.param(LIKE_ANOTHER, marks=pytest.mark.deployments)], ids=len)
def test_every_deployment_keeps_the_contract_of_every_scenario(contenders, tmp_path):
    """With the usual settings: those of a scenario change how many wait, not what is answered.

    One that says that it cannot serve a scenario is skipped, but asked as well: it must fail there.
    """
    scenarios = list(KNOWN.scenarios.values())
    asked = prepare.Asked(
        scenario=max(scenarios, key=lambda one: len(one.services)).name, contenders=contenders, yardsticks=()
    )
    entry = prepare.enter(asked)
    steps.make_environments(LocalHost(), entry.apps)
    broken, could = {}, {}
    with LocalHost() as host:
        field = prepare.field_of(entry, prepare.plan(entry, asked, host.placement), host, tmp_path)
        field = replace(field, scenario=alike(scenarios), scenarios=dict.fromkeys(field.contenders, catalog.plain()))
        with block.open_services(field, "services.log") as beside:
            for label, contender in field.contenders.items():
                with block.launch(field, label, f"{label}.log", beside.environment(label)) as server:
                    for seed, scenario in enumerate(one for one in scenarios if knows(contender, one)):
                        at, why_not = server.launched, contender.why_not(scenario.name)
                        found = verify.broken(at.host, at.port, scenario, 10.0, seed)
                        if why_not is None:
                            broken[label, scenario.name] = found
                        elif not found:
                            could[label, scenario.name] = why_not
    assert broken
    assert {which: said for which, said in broken.items() if said} == {}
    assert could == {}, "they say why they cannot, and can"


ABLATED = [
    f"{app.name}@{name}"
    for app in KNOWN.apps.values()
    for name, ablation in app.ablations.items()
    if ablation.replace or ablation.append  # else it is a deployment's command, with another number at most
]


@pytest.mark.deployments
def test_every_ablation_keeps_the_contract(tmp_path):
    entry = prepare.enter(prepare.Asked(contenders=ABLATED))
    steps.make_environments(LocalHost(), entry.apps)
    with LocalHost() as host:
        field = prepare.field_of(entry, prepare.plan(entry, prepare.Asked(), host.placement), host, tmp_path)
        assert {label: broken for label, broken in campaign.rehearse(field) if broken} == {}
