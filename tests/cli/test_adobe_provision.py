"""Exports set up at Adobe from the settings: planned, made, found again, gone on with, changed, and refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.adobe_server import CLIENT_SECRET, CREDENTIALS
from support.flow_exports import EXPORTS, SECRETS, export_toml
from support.flow_server import Asked, Fault, FlowServer, flow_server, without_waits
from support.landproof import Answer, landproof
from support.zones import ALPHA, BETA

from catalog.adobe import provision
from catalog.adobe.kinds import KINDS

PATHS = ("/sourceConnections", "/connections", "/targetConnections", "/flows")


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    without_waits(monkeypatch)
    monkeypatch.setattr(provision, "SECONDS_TO_APPEAR", 0.01)
    for name, value in {**SECRETS, "ADOBE_CLIENT_SECRET": CLIENT_SECRET}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def server() -> Iterator[FlowServer]:
    with flow_server() as running:
        running.add_dataset(ALPHA, "Orders")
        running.add_dataset(BETA, "Customers")
        yield running


class Landing:
    """Settings with one export, and the command on them; nothing secret is ever told."""

    def __init__(self, server: FlowServer, path: Path) -> None:
        self.server, self.path = server, path

    def want(self, kind: str, *, datasets: tuple[str, ...] = ("Orders",), more: str = "") -> None:
        self.path.write_text(self.server.settings() + export_toml(kind, datasets=datasets, more=more))

    def run(self, *words: str) -> Answer:
        answer = landproof("adobe", "provision", "lake", *words, "--config", self.path)
        told = answer.out + answer.err
        assert not any(secret in told for secret in (*SECRETS.values(), CLIENT_SECRET, *self.server.tokens))
        assert "hush" not in told
        return answer

    def states(self, *words: str) -> list[str]:
        answer = self.run(*words, "--json")
        assert answer.err == ""
        return [step["state"] for step in answer.document["steps"]]

    def sent(self) -> list[Asked]:
        return [asked for asked in self.server.asks if asked.method != "GET"]


@pytest.fixture
def landing(server: FlowServer, tmp_path: Path) -> Landing:
    return Landing(server, tmp_path / "landproof.toml")


def with_hidden(sent: Any, shown: Any) -> Any:
    """Return what was sent as a plan shows it: hidden where that hides, and ids by what they are of."""
    if isinstance(sent, dict) and isinstance(shown, dict):
        return {key: with_hidden(value, shown.get(key)) for key, value in sent.items()}
    if isinstance(sent, list) and isinstance(shown, list):
        return [with_hidden(one, other) for one, other in zip(sent, shown, strict=True)]
    return shown if shown == "***" or str(shown).startswith("<id of ") else sent


@pytest.mark.parametrize("kind", EXPORTS)
def test_an_export_is_planned_made_and_found_again(landing: Landing, server: FlowServer, kind: str) -> None:
    landing.want(kind, datasets=("Orders", BETA))
    plan = landing.run("--plan", "--json")
    assert (plan.status, landing.sent()) == (1, [])
    assert plan.document["schema"] == "landproof/adobe-provision/1"
    requests = [step["request"] for step in plan.document["steps"]]
    assert [(r["method"], r["path"]) for r in requests] == [
        ("POST", f"/data/foundation/flowservice{path}") for path in PATHS
    ]
    made = landing.run("--apply", "--json")
    assert made.status == 0
    assert {step["state"] for step in made.document["steps"]} == {"created"}
    sent = landing.sent()
    assert [(a.method, a.path) for a in sent] == [("POST", path) for path in PATHS]
    assert [with_hidden(a.body, r["body"]) for a, r in zip(sent, requests, strict=True)] == [
        r["body"] for r in requests
    ]
    (flow,) = server.flows.values()
    assert (flow["id"], flow["flowSpec"]["id"]) == (made.document["flow_id"], KINDS[kind].flow_spec)
    (source,) = [server.sources[i] for i in flow["sourceConnectionIds"]]
    assert [d["dataSetId"] for d in source["params"]["datasets"]] == [ALPHA, BETA]
    (target,) = [server.targets[i] for i in flow["targetConnectionIds"]]
    assert target["params"]["includeFileManifest"] is True
    assert set(server.secrets[target["baseConnectionId"]].values()) <= set(SECRETS.values())
    for words, status in (("--plan", 0), ("--apply", 0)):
        again = landing.run(words, "--json")
        assert (again.status, {step["state"] for step in again.document["steps"]}) == (status, {"exists"})
    assert len(landing.sent()) == len(PATHS)


@pytest.mark.parametrize("kind", EXPORTS)
@pytest.mark.parametrize("broken", PATHS)
def test_after_a_failure_it_goes_on_where_it_was(landing: Landing, server: FlowServer, kind: str, broken: str) -> None:
    landing.want(kind)
    server.faults.append(Fault("POST", f"^{broken}", status=403, body={"error_code": "403025"}))
    answer = landing.run("--apply")
    assert (answer.status, "403025, the profile is not valid" in answer.err) == (3, True)
    done = PATHS.index(broken)
    assert answer.err.count("created ") == done
    assert landing.states("--apply") == ["exists"] * done + ["created"] * (len(PATHS) - done)
    kept = (server.sources, server.bases, server.targets, server.flows)
    assert [len(things) for things in kept] == [1, 1, 1, 1]


@pytest.mark.parametrize("broken", PATHS)
@pytest.mark.parametrize("status", [500, 504, None])
def test_a_lost_answer_is_found_by_looking(
    landing: Landing, server: FlowServer, broken: str, status: int | None
) -> None:
    landing.want("s3")
    server.faults.append(Fault("POST", f"^{broken}", status=status, done=True))
    assert landing.states("--apply") == ["created"] * 4
    assert [a.path for a in landing.sent()] == list(PATHS)
    assert landing.states("--plan") == ["exists"] * 4


@pytest.mark.parametrize("broken", PATHS)
@pytest.mark.parametrize("status", [503, None])
def test_what_does_not_appear_is_not_sent_twice_in_one_run(
    landing: Landing, server: FlowServer, broken: str, status: int | None
) -> None:
    landing.want("gcs")
    server.faults.append(Fault("POST", f"^{broken}", status=status))
    answer = landing.run("--apply")
    assert (answer.status, "is not known" in answer.err, "run it again" in answer.err) == (3, True, True)
    assert len([a for a in landing.sent() if a.path == broken]) == 1
    assert landing.states("--apply").count("created") == len(PATHS) - PATHS.index(broken)
    assert all(len(kept) == 1 for kept in (server.sources, server.bases, server.targets, server.flows))


def test_other_datasets_are_another_connection_swapped_in(landing: Landing, server: FlowServer) -> None:
    landing.want("s3")
    assert landing.run("--apply").status == 0
    landing.want("s3", datasets=("Orders", "Customers"))
    plan = landing.run("--plan", "--json")
    assert [(s["state"], s["differs"]) for s in plan.document["steps"]] == [
        *(("create", []), ("exists", []), ("exists", [])),
        ("change", ["datasets"]),
    ]
    etag = next(iter(server.flows.values()))["etag"]
    assert landing.states("--apply") == ["created", "exists", "exists", "changed"]
    change = landing.sent()[-1]
    assert (change.method, change.headers["If-Match"]) == ("PATCH", etag)
    (flow,) = server.flows.values()
    assert change.body == [{"op": "replace", "path": "/sourceConnectionIds", "value": flow["sourceConnectionIds"]}]
    assert len(server.sources[flow["sourceConnectionIds"][0]]["params"]["datasets"]) == 2
    landing.want("s3")
    assert landing.states("--apply") == ["exists", "exists", "exists", "changed"], "the first one is used again"
    assert len(server.sources) == 2


def test_a_full_export_is_made_once_without_saying_so(landing: Landing, server: FlowServer) -> None:
    landing.want("s3", more='mode = "full"')
    landing.path.write_text(landing.path.read_text().replace('every = "3h"\n', ""))
    assert landing.run("--apply").status == 0
    schedule = next(iter(server.flows.values()))["scheduleParams"]
    assert (schedule["exportMode"], schedule["timeUnit"], schedule["interval"]) == ("DAILY_FULL_EXPORT", "day", 0)
    assert landing.states("--plan") == ["exists"] * 4


CHANGES: dict[str, tuple[str, str, list[str]]] = {
    "cadence": ("s3", 'every = "6h"', ["interval"]),
    "a day": ("s3", 'every = "24h"', ["interval"]),
    "end": ("sftp", "ends_at = 2099-06-01T00:00:00Z", ["endTime"]),
    "start": ("gcs", "starts_at = 2026-02-01T00:00:00Z", ["startTime"]),
    "once": ("s3", 'every = "once"\nmode = "full"', ["exportMode", "interval"]),
    "template": ("s3", 'template = "{DATASET_ID}/{EXPORT_TIME}/"', ["foldernameTemplate"]),
}


@pytest.mark.parametrize("case", CHANGES)
def test_another_schedule_is_a_change_of_the_dataflow_alone(landing: Landing, server: FlowServer, case: str) -> None:
    kind, more, differs = CHANGES[case]
    landing.want(kind)
    assert landing.run("--apply").status == 0
    landing.want(kind, more=more)
    plan = landing.run("--plan", "--json")
    assert (plan.status, [s["differs"] for s in plan.document["steps"]]) == (1, [[], [], [], differs])
    assert landing.states("--apply") == ["exists", "exists", "exists", "changed"]
    assert [a.method for a in landing.sent()].count("PATCH") == 1
    assert landing.states("--plan") == ["exists"] * 4


@pytest.mark.parametrize(
    ("more", "differs"),
    [
        ('format = "json"', "params.datasetFileType"),
        ("compressed = false", "params.compression"),
        ("manifest = false", "params.includeFileManifest"),
    ],
)
def test_another_way_of_writing_is_a_change_of_the_target(
    landing: Landing, server: FlowServer, more: str, differs: str
) -> None:
    landing.want("s3")
    assert landing.run("--apply").status == 0
    landing.want("s3", more=more)
    assert landing.run("--plan", "--json").document["steps"][2]["differs"] == [differs]
    assert landing.states("--apply") == ["exists", "exists", "changed", "exists"]
    assert landing.states("--plan") == ["exists"] * 4


def test_another_server_is_a_change_of_the_login(landing: Landing, server: FlowServer) -> None:
    landing.want("sftp")
    assert landing.run("--apply").status == 0
    landing.path.write_text(landing.path.read_text().replace("sftp.example.com", "sftp.example.org"))
    plan = landing.run("--plan", "--json").document["steps"][1]
    assert (plan["state"], plan["differs"]) == ("change", ["auth.params.domain"])
    assert plan["request"]["body"][0]["value"]["password"] == "***"
    assert landing.states("--apply") == ["exists", "changed", "exists", "exists"]
    (base,) = server.bases.values()
    assert base["auth"]["params"]["domain"] == "sftp.example.org"
    assert server.secrets[base["id"]]["password"] == SECRETS["EXPORT_PASSWORD"]


def test_what_adobe_adds_or_spells_otherwise_is_no_difference(landing: Landing, server: FlowServer) -> None:
    landing.want("s3", more='template = "{DATASET_ID}/{EXPORT_TIME}"\nmanifest = false')
    assert landing.run("--apply").status == 0
    (flow,), (target,) = server.flows.values(), server.targets.values()
    schedule = flow["scheduleParams"]
    schedule["folderNameTemplate"] = schedule.pop("foldernameTemplate")
    schedule["timeUnit"] = "HOUR"
    target["params"] |= {"compression": "gzip", "datasetFileType": "parquet", "path": "exports/", "more": "of Adobe's"}
    del target["params"]["includeFileManifest"]
    flow["name"] = "another name"
    assert landing.states("--plan") == ["exists"] * 4


def test_a_change_under_our_feet_is_told(landing: Landing, server: FlowServer) -> None:
    landing.want("s3")
    assert landing.run("--apply").status == 0
    landing.want("s3", more='every = "6h"')
    server.faults.append(Fault("PATCH", "/flows/.*", status=412, body={"title": "Precondition failed"}))
    answer = landing.run("--apply")
    assert (answer.status, "status 412, precondition failed" in answer.err) == (3, True)


def test_a_lost_answer_to_a_change_is_found_by_looking(landing: Landing, server: FlowServer) -> None:
    landing.want("s3")
    assert landing.run("--apply").status == 0
    landing.want("s3", more='every = "6h"')
    server.faults.append(Fault("PATCH", "/flows/.*", status=None, done=True))
    assert landing.states("--apply") == ["exists", "exists", "exists", "changed"]
    assert [a.method for a in landing.sent()].count("PATCH") == 1


def test_a_dataflow_of_somebody_else_is_left_alone(landing: Landing, server: FlowServer) -> None:
    landing.want("s3")
    assert landing.run("--apply").status == 0
    (flow,) = server.flows.values()
    flow["description"] = "by hand"
    answer = landing.run("--apply")
    assert (answer.status, flow["id"] in answer.err) == (64, True)
    assert len(landing.sent()) == len(PATHS)


def test_two_dataflows_of_one_export_are_told(landing: Landing, server: FlowServer) -> None:
    landing.want("s3")
    assert landing.run("--apply").status == 0
    (flow,) = server.flows.values()
    second = server.keep_flow({**flow, "id": None})
    answer = landing.run("--plan")
    assert (answer.status, second in answer.err, flow["id"] in answer.err) == (64, True, True)


def test_another_kind_under_the_same_name_is_refused(landing: Landing, server: FlowServer) -> None:
    landing.want("s3")
    assert landing.run("--apply").status == 0
    landing.want("gcs")
    plan = landing.run("--plan")
    assert (plan.status, "blocked: the dataflow exports to Amazon S3" in plan.out) == (1, True)
    answer = landing.run("--apply")
    assert (answer.status, "nothing was sent" in answer.err) == (64, True)
    assert len(landing.sent()) == len(PATHS)


def test_hidden_connections_are_no_reason_to_make_others(landing: Landing, server: FlowServer) -> None:
    landing.want("s3")
    assert landing.run("--apply").status == 0
    server.hidden.update(server.targets)
    assert landing.run("--apply").status == 64
    assert len(landing.sent()) == len(PATHS)


def test_a_disabled_dataflow_stays_so(landing: Landing, server: FlowServer) -> None:
    landing.want("s3")
    assert landing.run("--apply").status == 0
    next(iter(server.flows.values()))["state"] = "disabled"
    answer = landing.run("--plan")
    assert (answer.status, "note: the dataflow is disabled: it is left so" in answer.out) == (0, True)


REFUSED: dict[str, tuple[str, str, str]] = {
    "full, and again": (
        "s3",
        'mode = "full"\nevery = "24h"',
        'every: full exports are made once only: expected "once"',
    ),
    "every hour": ("s3", 'every = "1h"', "every: expected 3h, 6h, 8h, 9h, 12h or 24h for increments, got '1h'"),
    "every two days": ("s3", 'every = "48h"', "got '48h'"),
    "increments once": ("s3", 'every = "once"', "got 'once'"),
    "over already": ("s3", "ends_at = 2026-01-02T00:00:00Z", "ends_at: expected a time to come"),
    "two times": (
        "s3",
        'template = "{EXPORT_TIME}/{DATETIME(YYYYMMdd)}"',
        "template: expected EXPORT_TIME or DATETIME, got",
    ),
    "container of s3": ("s3", 'container = "x1x"', "container: not for s3, which takes bucket and path"),
    "path of sftp": ("sftp", 'path = "x"', "path: not for sftp, which takes remote_path"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_adobe_refuses_is_refused_before_anything_is_sent(landing: Landing, case: str) -> None:
    kind, more, text = REFUSED[case]
    landing.want(kind, more=more)
    for words in ("--plan", "--apply"):
        answer = landing.run(words)
        assert (answer.status, text in answer.err) == (64, True), answer.err
    assert landing.sent() == []


REPLACED: dict[str, tuple[str, str, str, str]] = {
    "no bucket": ("s3", 'bucket = "landing"\n', "", "bucket: required for s3, but not there"),
    "a bucket that cannot be": ("s3", '"landing"', '"192.168.0.1"', "bucket: not of the form that Adobe takes"),
    "Google's own name": ("gcs", '"landing"', '"google-bucket"', "bucket: not of the form"),
    "a path with a macro": ("azure-blob", '"exports"', '"%DATASET%"', "path: not of the form"),
    "half a login": (
        "s3",
        ', s3SecretKey = "${EXPORT_SECRET}"',
        "",
        "connection: expected s3AccessKey, s3SecretKey or",
    ),
    "another's login": ("gcs", "accessKeyId", "s3AccessKey", "connection: expected accessKeyId, secretAccessKey, got"),
    "a login for none": ("data-landing-zone", "path", 'connection = { password = "x" }\npath', "expected nothing"),
    "nobody's dataset": ("s3", '"Orders"', '"Nothing"', "datasets[0]: 'Nothing': Adobe lists no such dataset"),
}


@pytest.mark.parametrize("case", REPLACED)
def test_a_place_a_login_and_datasets_must_be_whole(landing: Landing, case: str) -> None:
    kind, before, after, text = REPLACED[case]
    landing.want(kind)
    landing.path.write_text(landing.path.read_text().replace(before, after, 1))
    answer = landing.run("--apply")
    assert (answer.status, text in answer.err) == (64, True), answer.err
    assert landing.sent() == []


def test_a_name_that_several_datasets_have_is_ambiguous(landing: Landing, server: FlowServer) -> None:
    twin = server.add_dataset("f" * 24, "Orders")
    landing.want("s3")
    answer = landing.run("--plan")
    assert (answer.status, ALPHA in answer.err, twin in answer.err) == (64, True, True)


def test_a_login_that_is_not_here_is_needed_to_apply_only(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    landing.want("s3")
    monkeypatch.delenv("EXPORT_SECRET")
    text = "adobe.exports[0].connection.s3SecretKey: environment variable EXPORT_SECRET is not set"
    plan = landing.run("--plan")
    assert (plan.status, text in plan.out) == (1, True)
    answer = landing.run("--apply")
    assert (answer.status, text in answer.err) == (64, True)
    assert landing.sent() == []
    monkeypatch.setenv("EXPORT_SECRET", SECRETS["EXPORT_SECRET"])
    assert landing.run("--apply").status == 0
    monkeypatch.delenv("EXPORT_SECRET")
    landing.want("s3", more='every = "6h"')
    assert landing.states("--apply") == ["exists", "exists", "exists", "changed"]


def test_a_login_of_another_form_is_told_without_showing_it(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    landing.want("s3")
    monkeypatch.setenv("EXPORT_SECRET", "hush-too-short")
    answer = landing.run("--apply")
    assert (answer.status, "connection.s3SecretKey: not of the form" in answer.err) == (64, True)
    assert landing.sent() == []


def test_a_secret_written_into_the_settings_works_and_warns(landing: Landing, server: FlowServer) -> None:
    landing.want("sftp")
    landing.path.write_text(landing.path.read_text().replace("${EXPORT_PASSWORD}", "hush-literal"))
    answer = landing.run("--apply")
    assert (answer.status, "adobe.exports[0].connection.password: a literal secret" in answer.err) == (0, True)
    assert [secrets["password"] for secrets in server.secrets.values()] == ["hush-literal"]


def test_secrets_and_keys_come_from_files_too(landing: Landing, server: FlowServer, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(SECRETS["EXPORT_PASSWORD"] + "\n")
    (tmp_path / "key.b64").write_text("LS0tLS1CRUdJTiBQR1A=\n")
    landing.want("sftp", more='encryption_key = "file:key.b64"')
    landing.path.write_text(landing.path.read_text().replace("${EXPORT_PASSWORD}", "file:password"))
    assert landing.states("--apply") == ["created"] * 4
    (base,) = server.bases.values()
    assert server.secrets[base["id"]] == {"password": SECRETS["EXPORT_PASSWORD"], "publicKey": "LS0tLS1CRUdJTiBQR1A="}
    assert base["encryption"]["params"]["encryptionAlgo"] == "PGP/GPG"
    assert landing.states("--plan") == ["exists"] * 4
    landing.want("sftp")
    assert "another way takes another export" in landing.run("--plan").out


@pytest.mark.parametrize("key", ["-----BEGIN PGP PUBLIC KEY BLOCK-----", "LS0tIFBSSVZBVEUgS0VZIEJMT0NLIC0tLQ=="])
def test_a_key_that_is_none_to_encrypt_with_is_refused(landing: Landing, key: str) -> None:
    landing.want("s3", more=f'encryption_key = "{key}"')
    answer = landing.run("--apply")
    assert (answer.status, "encryption_key: " in answer.err, key in answer.err) == (64, True, False)
    assert landing.sent() == []


WARNINGS: dict[str, tuple[str, str]] = {
    "json": ('format = "json"\ncompressed = false', "uncompressed JSON"),
    "parquet": ("compressed = false", "more than a million records"),
    "8h": ('every = "8h"', "it may be refused"),
    "mixed": ('template = "{EXPORT_TIME}"\ndatasets = ["Orders", "Customers"]', "several datasets mix in one folder"),
}


@pytest.mark.parametrize("case", WARNINGS)
def test_what_is_doubtful_is_said_and_done(landing: Landing, case: str) -> None:
    more, text = WARNINGS[case]
    landing.want("s3", more=more)
    if "datasets" in more:
        landing.path.write_text(landing.path.read_text().replace('datasets = ["Orders"]\n', "", 1))
    answer = landing.run("--apply")
    assert (answer.status, text in answer.out) == (0, True)


def test_a_role_in_place_of_keys_is_another_login(landing: Landing, server: FlowServer) -> None:
    landing.want("s3")
    text = landing.path.read_text()
    role = 'connection = { s3Role = "arn:aws:iam::123456789012:role/adobe" }'
    landing.path.write_text(text.replace(EXPORTS["s3"].strip().splitlines()[-1], role))
    assert landing.states("--apply") == ["created"] * 4
    (base,) = server.bases.values()
    assert base["auth"]["specName"] == "Assumed Role"
    landing.path.write_text(text)
    assert landing.states("--apply") == ["exists", "changed", "exists", "exists"]
    assert next(iter(server.bases.values()))["auth"]["specName"] == "Access Key"


def test_it_says_what_to_do_next(landing: Landing, server: FlowServer) -> None:
    landing.want("s3")
    assert landing.run().out.endswith("4 requests would be sent: --apply sends them\n")
    answer = landing.run("--apply")
    (flow_id,) = server.flows
    assert answer.out.splitlines()[-3:] == [
        "a new dataflow is not ready for about ten minutes, and runs when its schedule says",
        f"look at its runs with: landproof adobe runs {flow_id}",
        f"have it watched with: landproof adobe sync {flow_id} --write",
    ]
    assert landproof("adobe", "runs", flow_id, "--config", landing.path).status == 0
    synced = landproof("adobe", "sync", flow_id, "--write", "--config", landing.path)
    assert synced.status == 0, synced.err
    assert f'id = "{ALPHA}"' in landing.path.read_text()


def test_which_export_must_be_said(landing: Landing) -> None:
    landing.want("s3")
    answer = landproof("adobe", "provision", "lak", "--config", landing.path)
    assert (answer.status, "the nearest known is 'lake'" in answer.err) == (64, True)
    assert landing.run("--plan", "--apply").status == 64


def test_nothing_ever_renews_the_credentials_of_a_landing_zone(landing: Landing, server: FlowServer) -> None:
    landing.want("data-landing-zone")
    for words in (("provision", "lake", "--apply"), ("flows",), ("datasets",), ("runs", "lake"), ("sync", "--write")):
        assert landproof("adobe", *words, "--config", landing.path).status in (0, 1)
    assert server.asked(CREDENTIALS) == []
    assert not any("refresh" in json.dumps([r.target]) for r in server.requests)


def keys_of(document: Any) -> set[str]:
    if isinstance(document, list):
        return set().union(*map(keys_of, document))
    if not isinstance(document, dict):
        return set()
    return set(document).union(*(keys_of(value) for name, value in document.items() if name != "body"))


def test_every_field_of_the_documents_is_explained(landing: Landing, server: FlowServer) -> None:
    landing.want("s3")
    seen = keys_of(landing.run("--plan", "--json").document)
    seen |= keys_of(landing.run("--apply", "--json").document)
    failure = [("A-1", "Job aborted.")]
    server.add_run(*server.flows, started_at=datetime(2026, 1, 1, tzinfo=UTC), status="failed", errors=failure)
    for words in (("datasets",), ("flows",), ("runs", "lake")):
        seen |= keys_of(landproof("adobe", *words, "--config", landing.path, "--json").document)
    page = Path(__file__).resolve().parents[2] / "docs" / "documents.md"
    section = page.read_text(encoding="utf-8").partition("\n## adobe\n")[2].partition("\n## ")[0]
    assert {key for key in seen - {"schema"} if f"`{key}`" not in section} == set()
