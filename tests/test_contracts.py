"""Every app keeps the contract, however it is served: real servers, asked once."""

from harness import block, campaign, catalog, prepare, verify
from harness.cli import steps
from harness.hosts.local import LocalHost

KNOWN = catalog.read()
EVERYBODY = [f"{app.name}@{name}" for app in KNOWN.apps.values() for name in app.deployments]


def test_every_deployment_keeps_the_contract_of_every_scenario(tmp_path):
    asked = prepare.Asked(contenders=EVERYBODY)
    entry = prepare.enter(asked)
    steps.make_environments(entry.apps)
    broken = {}
    with LocalHost() as host:
        field = prepare.field_of(entry, prepare.plan(entry, asked, host.placement), host, tmp_path)
        for label in field.contenders:
            with block.launch(field, label, f"{label}.log") as server:
                launched = server.launched
                for name, scenario in KNOWN.scenarios.items():
                    broken[label, name] = verify.broken(launched.host, launched.port, scenario, 10.0)
    assert len(broken) == len(EVERYBODY) * len(KNOWN.scenarios)
    assert {which: said for which, said in broken.items() if said} == {}


ABLATED = [
    f"{app.name}@{name}"
    for app in KNOWN.apps.values()
    for name, ablation in app.ablations.items()
    if ablation.replace or ablation.append  # else it is a deployment's command, with another number at most
]


def test_every_ablation_keeps_the_contract(tmp_path):
    entry = prepare.enter(prepare.Asked(contenders=ABLATED))
    steps.make_environments(entry.apps)
    with LocalHost() as host:
        field = prepare.field_of(entry, prepare.plan(entry, prepare.Asked(), host.placement), host, tmp_path)
        assert {label: broken for label, broken in campaign.rehearse(field) if broken} == {}
