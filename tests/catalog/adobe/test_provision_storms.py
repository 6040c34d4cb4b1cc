"""Setting up an export while Adobe fails at random, again and again: in the end each part is there once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.flow_exports import EXPORTS, SECRETS, export_toml
from support.flow_server import Fault, FlowServer
from support.settings_files import load
from support.zones import ALPHA, BETA

from catalog.adobe import client as client_module
from catalog.adobe import provision
from catalog.adobe.calls import eligible_datasets
from catalog.adobe.client import FlowClient
from catalog.adobe.provision_plan import plan_provision
from catalog.adobe.provision_rules import want
from catalog.adobe.provision_values import Plan, State
from catalog.settings.loading import Settings
from verifier.errors import SourceError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CHANGES = ("/sourceConnections", "/connections", "/targetConnections", "/flows")


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provision, "SECONDS_TO_APPEAR", 0.0)
    monkeypatch.setattr(client_module, "FIRST_WAIT_SECONDS", 0.0)


def storm(dice: random.Random) -> Iterator[Fault]:
    """Yield faults: of a reading, or of a change that may have been made all the same."""
    for _ in range(dice.randint(1, 6)):
        status = dice.choice([429, 500, 503, 403, None])
        if dice.random() < 0.4:
            yield Fault("GET", dice.choice(["/flows", "/connections", "/configs"]), status, times=dice.randint(1, 6))
        else:
            done = status not in (429, 403) and dice.random() < 0.5
            path = dice.choice(CHANGES)
            yield Fault("POST", f"^{path}", status, done=done, times=1)
            yield Fault("PATCH", f"^{path}/.*", status, done=done, times=1)


def planned(client: FlowClient, settings: Settings) -> Plan:
    (export,) = settings.adobe.exports
    wanted = want(export, 0, list(eligible_datasets(client)), NOW)
    return plan_provision(wanted, provision.look(client, wanted))


def settle(client: FlowClient, settings: Settings) -> Plan:
    """Apply until nothing is left to be done."""
    for _ in range(60):
        with suppress(SourceError):
            plan = planned(client, settings)
            if not plan.has_work:
                return plan
            provision.apply(client, plan, SECRETS)
    raise AssertionError("it never settled")


@pytest.mark.parametrize("seed", range(24))
def test_whatever_fails_each_part_is_there_once(
    server: FlowServer, client: FlowClient, seed: int, tmp_path: Path
) -> None:
    dice = random.Random(seed)
    kind = dice.choice(list(EXPORTS))
    server.add_dataset(ALPHA, "Orders")
    server.add_dataset(BETA, "Customers")
    server.faults += storm(dice)
    settings = load(tmp_path, export_toml(kind, datasets=("Orders",)))
    plan = settle(client, settings)
    assert {step.state for step in plan.steps} == {State.EXISTS}
    assert [len(kept) for kept in (server.sources, server.bases, server.targets, server.flows)] == [1, 1, 1, 1]
    server.faults += storm(dice)
    settings = load(tmp_path, export_toml(kind, datasets=("Orders", BETA), more='every = "12h"\nmanifest = false'))
    plan = settle(client, settings)
    assert [len(kept) for kept in (server.sources, server.bases, server.targets, server.flows)] == [2, 1, 1, 1]
    (flow,) = server.flows.values()
    assert (flow["scheduleParams"]["interval"], plan.steps[0].id) == (12, flow["sourceConnectionIds"][0])
