"""`landproof adobe sync`: dataflows of a server that speaks as Adobe's become zones and datasets, and stay theirs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.adobe_server import CLIENT_SECRET
from support.flow_server import Fault, FlowServer, flow_server, without_waits
from support.landproof import Answer, landproof

from catalog.settings.loading import load_settings

ORDERS, EVENTS, USERS = (f"64e0c0ffee01234567890{n}" for n in ("001", "002", "003"))
START = datetime(2026, 1, 1, 1, tzinfo=UTC)
END = datetime(2027, 1, 1, 1, tzinfo=UTC)
SECRETS = {"ADOBE_CLIENT_SECRET": CLIENT_SECRET}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FlowServer]:
    without_waits(monkeypatch)
    monkeypatch.setenv("ADOBE_CLIENT_SECRET", CLIENT_SECRET)
    for name in ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_CONNECTION_STRING"):
        monkeypatch.delenv(name, raising=False)
    with flow_server() as running:
        yield running


@pytest.fixture
def config(tmp_path: Path, server: FlowServer) -> Path:
    path = tmp_path / "landproof.toml"
    path.write_text(f"# ours\n{server.settings()}")
    return path


def sync(config: Path, *words: object) -> Answer:
    return landproof("adobe", "sync", *words, "--config", config, "--json")


def changed(answer: Answer) -> dict[str, dict[str, Any]]:
    """Return what the keys of each dataset become, by its id."""
    return {d["dataset_id"]: {c["key"]: c["after"] for c in d["changes"]} for d in answer.document["datasets"]}


def test_flow_becomes_a_zone_and_datasets_that_load_and_are_then_in_sync(server: FlowServer, config: Path) -> None:
    flow = server.add_flow(
        "nightly",
        datasets={ORDERS: "Orders", EVENTS: "Web events"},
        every="3h",
        starts_at=START,
        ends_at=END,
        place={"includeFileManifest": True},
    )
    before = config.read_text()
    shown = sync(config)
    assert (shown.status, shown.document["written"], config.read_text()) == (1, False, before)
    assert sync(config, "--write").status == 0
    settings = load_settings(config, SECRETS)
    assert settings.zones["exports"].location().url == "s3://landing/exports"
    first = settings.datasets[0]
    assert (first.zone, first.id, first.name, first.flow) == ("exports", ORDERS, "Orders", flow)
    assert (first.every, first.starts_at, first.ends_at) == ("3h", START, END)
    assert (first.mode, first.format, first.compressed, first.manifest, first.enabled) == (
        "full-then-incremental",
        "parquet",
        True,
        True,
        True,
    )
    assert config.read_text().startswith(before)
    written = config.read_bytes()
    again = sync(config, "--write")
    assert (again.status, again.document["written"], config.read_bytes()) == (0, False, written)
    assert again.document["counts"]["datasets_in_sync"] == 2


def test_all_six_destinations_become_urls_or_say_what_only_people_know(server: FlowServer, config: Path) -> None:
    for kind in ("s3", "azure-blob", "adls-gen2", "data-landing-zone", "gcs", "sftp"):
        flow = server.add_flow(kind, kind=kind, datasets={ORDERS: "Orders"}, starts_at=START)
        target = server.targets[server.flows[flow]["targetConnectionIds"][0]]
        params = server.bases[target["baseConnectionId"]]["auth"]["params"]
        if kind == "adls-gen2":
            params["url"] = "abfss://lake@acme.dfs.core.windows.net/"
        if kind == "sftp":
            params |= {"domain": "Files.acme.example", "username": "adobe", "port": 2222}
    answer = sync(config, "--write")
    assert answer.status == 1
    (problem,) = answer.document["problems"]
    assert problem["flow"] == "azure-blob"
    assert "AZURE_STORAGE_ACCOUNT_NAME" in problem["hint"]
    urls = {zone.location().url for zone in load_settings(config, SECRETS).zones.values()}
    assert urls == {
        "s3://landing/exports",
        "abfss://lake@acme.dfs.core.windows.net/exports",
        "dlz://prod/exports",
        "gs://landing/exports",
        "sftp://files.acme.example:2222/exports",
    }
    needs = {z["zone"]: z["needs"] for z in answer.document["zones"]}
    assert sum(need is None for need in needs.values()) == 1, "a data landing zone needs nothing"
    assert "adobe" not in config.read_text().replace("[adobe]", "").partition("[zones")[2]


def test_account_of_a_container_is_taken_from_the_environment(
    server: FlowServer, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add_flow("blob", kind="azure-blob", datasets={ORDERS: "Orders"}, starts_at=START)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "acme")
    assert sync(config, "--write").status == 0
    url = load_settings(config, SECRETS).zones["exports"].location().url
    assert url == "abfss://landing@acme.dfs.core.windows.net/exports"


def test_zone_that_is_there_is_reused_however_its_place_is_written(server: FlowServer, config: Path) -> None:
    place = {"path": "/exports/"}
    for kind in ("s3", "azure-blob", "sftp"):
        flow = server.add_flow(
            kind, kind=kind, datasets={ORDERS: "Orders"}, starts_at=START, place=None if kind == "sftp" else place
        )
        if kind == "sftp":
            target = server.targets[server.flows[flow]["targetConnectionIds"][0]]
            server.bases[target["baseConnectionId"]]["auth"]["params"] = {"domain": "files.acme.example"}
    mine = """
[zones.bucket]
url = "s3a://landing/exports/"
[zones.blob]
url = "https://acme.blob.core.windows.net/landing/exports"
options.sas_token = "${ADOBE_CLIENT_SECRET}"
[zones.server]
url = "sftp://reader@files.acme.example/exports"
"""
    config.write_text(config.read_text() + mine)
    answer = sync(config, "--write")
    assert answer.status == 0
    assert answer.document["zones"] == []
    assert {d["zone"] for d in answer.document["datasets"]} == {"bucket", "blob", "server"}


def test_what_people_wrote_stays_and_only_keys_of_adobe_follow_it(server: FlowServer, config: Path) -> None:
    flow = server.add_flow("nightly", datasets={ORDERS: "Orders"}, every="3h", starts_at=START, ends_at=END)
    mine = f"""
# the bucket of finance
[zones.finance]
url = "s3://landing/exports"      # eu
options.key = "${{ADOBE_CLIENT_SECRET}}"

[[datasets]]
zone = "finance"
id = "{ORDERS}"                   # the first
name = "Orders"
every = "24h"                     # was daily
starts_at = 2026-01-01T01:00:00Z
grace = "9h"
recovery_point = "36h"
"""
    config.write_text(config.read_text() + mine)
    answer = sync(config, "--write")
    assert changed(answer) == {
        ORDERS: {
            "every": "3h",
            "ends_at": "2027-01-01T01:00:00Z",
            "format": "parquet",
            "compressed": True,
            "flow": flow,
        }
    }
    text = config.read_text()
    assert 'every = "3h"                     # was daily' in text
    assert mine.partition("every")[0] in text
    assert 'starts_at = 2026-01-01T01:00:00Z\ngrace = "9h"\nrecovery_point = "36h"\n' in text
    assert (sync(config).status, config.read_text()) == (0, text)


def test_cron_that_means_the_same_stays_and_another_gives_way(server: FlowServer, config: Path) -> None:
    server.add_flow("nightly", datasets={ORDERS: "Orders", EVENTS: "Events"}, starts_at=START)
    zone = '\n[zones.z]\nurl = "s3://landing/exports"\n'
    same = f'[[datasets]]\nzone = "z"\nid = "{ORDERS}"\ncron = "0 1 * * *"\n'
    other = f'[[datasets]]\nzone = "z"\nid = "{EVENTS}"\ncron = "0 2 * * *"\n'
    config.write_text(config.read_text() + zone + same + other)
    answer = sync(config, "--write")
    assert "cron" not in changed(answer)[ORDERS]
    assert changed(answer)[EVENTS] | {"cron": None, "every": "24h"} == changed(answer)[EVENTS]
    assert sync(config).status == 0


def test_disabled_flow_is_switched_off_and_enabled_again_switched_on(server: FlowServer, config: Path) -> None:
    flow = server.add_flow("nightly", datasets={ORDERS: "Orders"}, starts_at=START)
    sync(config, "--write")
    written = config.read_text()
    server.flows[flow]["state"] = "disabled"
    assert changed(sync(config, "--write")) == {ORDERS: {"enabled": False}}
    assert load_settings(config, SECRETS).datasets[0].enabled is False
    server.flows[flow]["state"] = "updating"
    assert sync(config).status == 0, "a state in between says nothing"
    server.flows[flow]["state"] = "enabled"
    assert changed(sync(config, "--write")) == {ORDERS: {"enabled": None}}
    assert config.read_text() == written


def test_one_full_export_becomes_once_and_json_is_compressed_whatever_is_said(server: FlowServer, config: Path) -> None:
    server.add_flow(
        "all of it",
        datasets={ORDERS: "Orders"},
        every="once",
        mode="DAILY_FULL_EXPORT",
        starts_at=START,
        ends_at=END,
        place={"datasetFileType": "json", "compression": "NONE"},
    )
    keys = changed(sync(config, "--write"))[ORDERS]
    assert (keys["every"], keys["mode"], keys["format"], keys["compressed"]) == ("once", "full", "json", True)
    assert "ends_at" not in keys
    assert load_settings(config, SECRETS).datasets[0].schedule() is not None


@pytest.mark.parametrize("key", ["foldernameTemplate", "folderNameTemplate"])
def test_folder_template_is_taken_in_both_spellings_and_followed(server: FlowServer, config: Path, key: str) -> None:
    template = "%DESTINATION%_%DATASET_ID%_%DATETIME(YYYYMMdd_HHmmss)%"
    flow = server.add_flow("nightly", datasets={ORDERS: "Orders"}, starts_at=START, template=template, template_key=key)
    sync(config, "--write")
    assert load_settings(config, SECRETS).zones["exports"].template == template
    config.write_text(config.read_text().replace("%DATASET_ID%", "{DATASET_ID}"))
    assert sync(config).status == 0, "another spelling is no other template"
    del server.flows[flow]["scheduleParams"][key]
    (zone,) = sync(config, "--write").document["zones"]
    assert zone["changes"][0]["after"] == "%DATASET_ID%/%EXPORT_TIME%"
    assert sync(config).status == 0


def test_folders_named_by_dataset_make_its_name_the_id(server: FlowServer, config: Path) -> None:
    server.add_flow("named", datasets={ORDERS: "Orders"}, starts_at=START, template="%DATASET_NAME%/%EXPORT_TIME%")
    server.add_flow(
        "nameless",
        datasets={EVENTS: None},
        starts_at=START,
        template="%DATASET_NAME%/%EXPORT_TIME%",
        place={"path": "b"},
    )
    answer = sync(config, "--write")
    assert [d["dataset_id"] for d in answer.document["datasets"]] == ["Orders"]
    assert [p["flow"] for p in answer.document["problems"]] == ["nameless"]
    assert len(load_settings(config, SECRETS).datasets) == 1


@pytest.mark.parametrize(
    "template", ["%DATASET_ID%", "%DATASET_ID%/%WHO_KNOWS%/%EXPORT_TIME%", "%DATASET_ID%/{/%EXPORT_TIME%"]
)
def test_template_that_cannot_be_read_is_left_out_and_said(server: FlowServer, config: Path, template: str) -> None:
    server.add_flow("odd", datasets={ORDERS: "Orders"}, starts_at=START, template=template)
    answer = sync(config, "--write")
    assert (answer.status, answer.document["written"]) == (1, False)
    assert "template cannot be read" in answer.document["problems"][0]["message"]


def test_second_flow_with_the_same_dataset_or_another_template_at_a_place_is_said(
    server: FlowServer, config: Path
) -> None:
    first = server.add_flow("first", datasets={ORDERS: "Orders"}, starts_at=START, createdAt=1)
    server.add_flow("again", datasets={ORDERS: "Orders"}, every="3h", starts_at=START)
    server.add_flow("askew", datasets={EVENTS: "Events"}, starts_at=START, template="%EXPORT_TIME%/%DATASET_ID%")
    server.add_flow("off", datasets={ORDERS: "Orders"}, starts_at=START, createdAt=0, state="disabled")
    answer = sync(config, "--write")
    assert {p["flow"] for p in answer.document["problems"]} == {"again", "askew", "off"}
    (dataset,) = load_settings(config, SECRETS).datasets
    assert (dataset.flow, dataset.every) == (first, "24h")


def test_names_that_two_datasets_share_or_swap_end_in_settings_that_load(server: FlowServer, config: Path) -> None:
    flow = server.add_flow("nightly", datasets={ORDERS: "Same", EVENTS: "Same", USERS: "Users"}, starts_at=START)
    assert sync(config, "--write").status == 0
    assert [d.name for d in load_settings(config, SECRETS).datasets] == ["Same", None, "Users"]
    source = server.sources[server.flows[flow]["sourceConnectionIds"][0]]
    for dataset, name in zip(source["params"]["datasets"], ("Users", "Events", "Same"), strict=True):
        dataset["name"] = name
    assert sync(config, "--write").status == 0
    written = config.read_bytes()
    assert [d.name for d in load_settings(config, SECRETS).datasets] == ["Users", "Events", "Same"]
    assert (sync(config, "--write").status, config.read_bytes()) == (0, written)


def test_dataset_that_adobe_exports_no_more_is_shown_and_kept(server: FlowServer, config: Path) -> None:
    flow = server.add_flow("nightly", datasets={ORDERS: "Orders", EVENTS: "Events"}, starts_at=START)
    other = server.add_flow("other", datasets={USERS: "Users"}, starts_at=START, place={"path": "b"})
    sync(config, "--write")
    written = config.read_bytes()
    source = server.sources[server.flows[flow]["sourceConnectionIds"][0]]
    source["params"]["datasets"].pop()
    del server.flows[other]
    answer = sync(config, "--write")
    assert (answer.status, config.read_bytes()) == (1, written)
    assert {(g["dataset_id"], g["flow_id"]) for g in answer.document["gone"]} == {(EVENTS, flow), (USERS, other)}
    only = sync(config, "nightly")
    assert [g["dataset_id"] for g in only.document["gone"]] == [EVENTS], "of flows not asked for nothing is known"
    config.write_text(config.read_text().replace(f'id = "{EVENTS}"', f'id = "{EVENTS}"\nenabled = false'))
    config.write_text(config.read_text().replace(f'id = "{USERS}"', f'id = "{USERS}"\nenabled = false'))
    assert sync(config).status == 0


def test_hidden_connection_makes_nothing_look_gone(server: FlowServer, config: Path) -> None:
    flow = server.add_flow("nightly", datasets={ORDERS: "Orders"}, starts_at=START)
    sync(config, "--write")
    server.hidden.add(server.flows[flow]["sourceConnectionIds"][0])
    answer = sync(config)
    assert (answer.status, answer.document["gone"]) == (1, [])
    assert "not all of it can be seen" in answer.document["problems"][0]["message"]


def test_dataset_not_in_the_list_of_exportable_ones_is_a_warning(server: FlowServer, config: Path) -> None:
    server.add_flow("nightly", datasets={ORDERS: "Orders", EVENTS: "Events"}, starts_at=START)
    del server.datasets[EVENTS]
    answer = sync(config, "--write")
    found = answer.only("dataset.no-longer-exportable")
    assert (answer.status, found["level"], found["dataset_id"]) == (1, "warn", EVENTS)


def test_cadence_that_adobe_does_not_offer_is_taken_and_told(server: FlowServer, config: Path) -> None:
    server.add_flow("odd", datasets={ORDERS: "Orders"}, every="7h", starts_at=START)
    answer = sync(config, "--write")
    assert answer.only("schedule.not-offered")["level"] == "warn"
    assert load_settings(config, SECRETS).datasets[0].every == "7h"


def test_only_flows_that_are_named_in_settings_or_words_are_looked_at(server: FlowServer, config: Path) -> None:
    first = server.add_flow("first", datasets={ORDERS: "Orders"}, starts_at=START)
    server.add_flow("second", datasets={EVENTS: "Events"}, starts_at=START)
    own = f'flows = ["{first}"]'
    config.write_text(f"# ours\n{server.settings(own)}")
    assert set(changed(sync(config))) == {ORDERS}
    assert set(changed(sync(config, "second"))) == {EVENTS}
    assert sync(config, "third").status == 64


def test_settings_changed_while_adobe_was_asked_are_not_overwritten(
    server: FlowServer, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add_flow("nightly", datasets={ORDERS: "Orders"}, starts_at=START)
    reply = FlowServer.reply

    def meddling(self: FlowServer, *request: Any) -> Any:
        config.write_text("# theirs\n")
        return reply(self, *request)

    monkeypatch.setattr(FlowServer, "reply", meddling)
    answer = sync(config, "--write")
    assert (answer.status, config.read_text()) == (64, "# theirs\n")
    assert "changed by somebody else" in answer.error["message"]


@pytest.mark.parametrize("status", [403, 500])
def test_adobe_that_cannot_be_asked_is_no_difference(server: FlowServer, config: Path, status: int) -> None:
    server.add_flow("nightly", datasets={ORDERS: "Orders"}, starts_at=START)
    server.faults.append(Fault("GET", "/flows", status=status, times=9))
    answer = sync(config, "--write")
    assert (answer.status, answer.out) == (3, "")
    assert "zones" not in config.read_text()


def test_list_of_exportable_datasets_that_may_not_be_seen_keeps_nothing_from_being_synced(
    server: FlowServer, config: Path
) -> None:
    server.add_flow("nightly", datasets={ORDERS: "Orders"}, starts_at=START)
    server.faults.append(Fault("GET", "/configs", status=403, times=9))
    answer = sync(config, "--write")
    assert (answer.status, answer.document["findings"]) == (0, [])
    assert "which datasets may be exported is not known" in answer.err


def test_words_for_people_show_what_becomes_what_and_no_secret(server: FlowServer, config: Path) -> None:
    flow = server.add_flow("nightly", datasets={ORDERS: "Or\x1b[31mders"}, starts_at=START)
    first = landproof("adobe", "sync", "--config", config)
    assert "added: zone exports" in first.out
    assert "--write writes them to" in first.out
    sync(config, "--write")
    server.flows[flow]["scheduleParams"]["interval"] = 3
    server.flows[flow]["scheduleParams"]["timeUnit"] = "hour"
    second = landproof("adobe", "sync", "--config", config)
    assert "24h ->  3h" in second.out
    assert "\x1b" not in first.out + second.out
    assert CLIENT_SECRET not in first.out + second.out + first.err + config.read_text()


def test_settings_are_begun_where_there_are_none(
    server: FlowServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add_flow("nightly", datasets={ORDERS: "Orders"}, starts_at=START + timedelta(seconds=10))
    login = server.login()
    monkeypatch.chdir(tmp_path)
    for name, value in (("CLIENT_ID", login.client_id), ("ORG_ID", login.org_id)):
        monkeypatch.setenv(f"ADOBE_{name}", value)
    for name in ("IMS_URL", "PLATFORM_URL"):
        monkeypatch.setenv(f"LANDPROOF_ADOBE__{name}", server.url)
    assert landproof("adobe", "sync", "--write").status == 0
    assert len(load_settings(tmp_path / "landproof.toml", {}).datasets) == 1
