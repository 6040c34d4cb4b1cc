"""What Adobe says it exports, from the command line: datasets, dataflows, runs, and when it cannot be asked."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.adobe_server import CLIENT_SECRET, CREDENTIALS
from support.flow_server import Fault, FlowServer, flow_server, without_waits
from support.landproof import Answer, landproof
from support.zones import ALPHA, BETA

from catalog.adobe.parse import load_runs

NOW = datetime.now(UTC).replace(microsecond=0)
JANUARY = datetime(2026, 1, 1, 1, tzinfo=UTC)
ZONES = f"""
[zones.lake]
url = "s3://landing/exports"
[[datasets]]
zone = "lake"
id = "{ALPHA}"
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FlowServer]:
    without_waits(monkeypatch)
    monkeypatch.setenv("ADOBE_CLIENT_SECRET", CLIENT_SECRET)
    with flow_server() as running:
        yield running


@pytest.fixture
def config(server: FlowServer, tmp_path: Path) -> Path:
    path = tmp_path / "landproof.toml"
    path.write_text(server.settings() + ZONES)
    return path


def text_of(*words: object) -> str:
    answer = landproof(*words)
    assert (answer.status, answer.err) == (0, "")
    return answer.out


def document_of(*words: object) -> Answer:
    answer = landproof(*words, "--json")
    assert (answer.status, answer.err) == (0, "")
    return answer


def test_datasets_that_may_be_exported_are_told_and_marked(server: FlowServer, config: Path) -> None:
    server.add_dataset(ALPHA, "Orders")
    server.add_dataset(BETA, "Customers")
    document = document_of("adobe", "datasets", "--config", config).document
    assert document["schema"] == "landproof/adobe-datasets/1"
    assert document["counts"] == {"datasets": 2, "watched": 1}
    assert document["datasets"] == [
        {"id": BETA, "name": "Customers", "state": "DRAFT", "watched": False, "zones": []},
        {"id": ALPHA, "name": "Orders", "state": "DRAFT", "watched": True, "zones": ["lake"]},
    ]
    assert text_of("adobe", "datasets", "--config", config).splitlines() == [
        "watched  id                        dataset    zones",
        f"-        {BETA}  Customers  -",
        f"yes      {ALPHA}  Orders     lake",
        "",
        "2 datasets in sandbox prod, 1 watched",
    ]
    assert document_of("adobe", "datasets", "order", "--config", config).document["counts"]["datasets"] == 1
    assert text_of("adobe", "datasets", "nothing", "--config", config) == "no datasets\n"


def test_dataflows_are_told_with_all_that_somebody_on_call_asks_for(server: FlowServer, config: Path) -> None:
    ends = NOW + timedelta(days=12, hours=1)
    nightly = server.add_flow("nightly", datasets={ALPHA: "Orders", BETA: "Customers"}, starts_at=JANUARY, ends_at=ends)
    once = server.add_flow(
        "once",
        kind="sftp",
        datasets={ALPHA: "Orders"},
        every="once",
        mode="DAILY_FULL_EXPORT",
        starts_at=JANUARY,
        state="disabled",
        place={"datasetFileType": "json", "compression": "gzip", "includeFileManifest": True},
    )
    server.add_run(nightly, started_at=JANUARY, status="Failed")
    flows = document_of("adobe", "flows", "--config", config).document["flows"]
    assert [flow["id"] for flow in flows] == [nightly, once]
    assert {key: flows[0][key] for key in ("state", "url", "cadence", "mode", "ends_at", "format", "manifest")} == {
        "state": "enabled",
        "url": "s3://landing/exports",
        "cadence": "every 24h",
        "mode": "full-then-incremental",
        "ends_at": ends.isoformat().replace("+00:00", "Z"),
        "format": "parquet",
        "manifest": None,
    }
    assert flows[0]["datasets"] == [{"id": ALPHA, "name": "Orders"}, {"id": BETA, "name": "Customers"}]
    assert flows[0]["last_run"]["status"] == "failed"
    assert (flows[1]["cadence"], flows[1]["format"], flows[1]["manifest"]) == ("once", "json", True)
    lines = text_of("adobe", "flows", "--config", config).splitlines()
    assert lines[1].split() == [
        *("enabled", "failed", "2026-01-01", "01:00Z", "every", "24h", f"{ends:%Y-%m-%d},", "in", "12", "days"),
        *("nightly", "Orders,", "Customers", "s3://landing/exports"),
    ]
    assert lines[2].split()[:2] == ["disabled", "-"]
    only = document_of("adobe", "flows", "once", "--config", config).document["flows"]
    assert [flow["id"] for flow in only] == [once]


def test_a_dataflow_whose_parts_are_hidden_is_still_listed(server: FlowServer, config: Path) -> None:
    flow = server.add_flow("nightly", datasets=[ALPHA], starts_at=JANUARY)
    server.hidden.update(server.flows[flow]["targetConnectionIds"])
    (told,) = document_of("adobe", "flows", "--config", config).document["flows"]
    assert (told["url"], told["format"], told["kind"]) == (None, None, "s3")
    assert "FLOW-1439-404" in told["trouble"]
    assert "nightly: " in text_of("adobe", "flows", "--config", config)


def test_many_dataflows_take_few_requests(server: FlowServer, config: Path) -> None:
    server.page_items = 10
    names = [f"flow {n:02}" for n in range(25)]
    for n, name in enumerate(names):
        server.add_flow(name, kind=("s3", "sftp")[n % 2], datasets={f"{n:024x}": name}, starts_at=JANUARY)
    for base in server.bases.values():
        base["auth"]["params"] = {"domain": "sftp.example.com", "username": "adobe"}
    flows = document_of("adobe", "flows", "--config", config).document["flows"]
    assert [(flow["name"], flow["datasets"][0]["name"]) for flow in flows] == [(name, name) for name in names]
    assert all(flow["url"] and flow["trouble"] is None for flow in flows)
    assert len(server.asks) == 3 + 3 + 2 * 2 + 2 * 2, "pages of flows, sources, targets, logins"


def test_runs_are_told_newest_first_with_adobes_numbers_and_errors(server: FlowServer, config: Path) -> None:
    flow = server.add_flow("nightly", datasets=[ALPHA], starts_at=JANUARY)
    day = timedelta(days=1)
    first = server.add_run(flow, started_at=JANUARY, rows=99_923, files=12, bytes=3_203_949)
    failure = ("ACTIVATION_BATCH-0000-FAILED", "Job aborted.\x1b[31m")
    second = server.add_run(flow, started_at=JANUARY + day, status="failed", errors=[failure],
                            without=["sizeSummary", "fileSummary", "recordSummary"])  # fmt: skip
    third = server.add_run(flow, started_at=JANUARY + 2 * day, status="Processing", took=None)
    document = document_of("adobe", "runs", "nightly", "--config", config).document
    assert document["flow"] == {"id": flow, "name": "nightly", "state": "enabled"}
    assert [run["id"] for run in document["runs"]] == [third, second, first]
    assert [run["status"] for run in document["runs"]] == ["in_progress", "failed", "success"]
    assert document["runs"][2] == {
        "id": first,
        "status": "success",
        "started_at": "2026-01-01T01:00:00Z",
        "completed_at": "2026-01-01T01:00:15Z",
        "seconds": 15.0,
        "rows": 99_923,
        "rows_skipped": None,
        "rows_failed": None,
        "files": 12,
        "bytes": 3_203_949,
        "errors": [],
        "skipped": [],
    }
    assert document["runs"][1]["rows"] is document["runs"][1]["files"] is document["runs"][1]["bytes"] is None
    lines = text_of("adobe", "runs", flow, "--config", config).splitlines()
    assert lines[0] == f"dataflow nightly ({flow}), enabled"
    assert lines[5].split() == ["success", "2026-01-01", "01:00Z", "15", "s", "99", "923", "12", "3.2", "MB", first]
    assert lines[7] == "2026-01-02 01:00Z  ACTIVATION_BATCH-0000-FAILED Job aborted.\\x1b[31m"
    newest = document_of("adobe", "runs", flow, "--limit", 1, "--config", config).document["runs"]
    assert [run["id"] for run in newest] == [third]


def test_runs_are_saved_as_adobe_tells_them(server: FlowServer, config: Path, tmp_path: Path) -> None:
    server.page_items = 4
    flow = server.add_flow("nightly", datasets=[ALPHA], starts_at=JANUARY)
    runs = [server.add_run(flow, started_at=JANUARY + timedelta(days=n), unknown={"é": n}) for n in range(9)]
    path = tmp_path / "runs.json"
    text = text_of("adobe", "runs", "nightly", "--limit", 2, "--output", path, "--config", config)
    assert text.splitlines()[-1] == f"all runs as Adobe tells them: {path}"
    saved = json.loads(path.read_text(encoding="utf-8"))
    assert saved["items"] == [server.runs[run] for run in reversed(runs)]
    assert [run.id for run in load_runs(path.read_text(encoding="utf-8"), "runs")] == runs[::-1]
    assert stat.S_ISREG(path.stat().st_mode)


def test_a_dataflow_without_runs_says_why_that_may_be(server: FlowServer, config: Path) -> None:
    server.add_flow("nightly", datasets=[ALPHA], starts_at=JANUARY)
    assert "not ready for about ten minutes" in text_of("adobe", "runs", "nightly", "--config", config)


def test_a_dataflow_must_be_one(server: FlowServer, config: Path) -> None:
    ids = [server.add_flow("nightly", datasets=[ALPHA], starts_at=JANUARY) for _ in range(2)]
    answer = landproof("adobe", "runs", "nightly", "--config", config)
    assert answer.status == 64
    assert all(one in answer.err for one in ids)
    assert all(f"nightly ({one})" in text_of("adobe", "flows", "--config", config) for one in ids)
    assert landproof("adobe", "runs", "weekly", "--config", config).status == 64
    unknown = landproof("adobe", "runs", "00000000-0000-4000-8000-000000000000", "--config", config)
    assert (unknown.status, "FLOW-1439-404" in unknown.err) == (3, True)


COMMANDS = (("datasets",), ("flows",), ("runs", "nightly"))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
def test_who_asks_must_be_said(
    server: FlowServer, tmp_path: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ADOBE_CLIENT_SECRET")
    config = tmp_path / "empty.toml"
    config.write_text("")
    answer = landproof("adobe", *command, "--config", config)
    assert answer.status == 64
    assert "asking Adobe's Flow Service needs client_id, client_secret, org_id" in answer.err
    assert server.requests == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize("status", [None, 503, 403])
def test_what_cannot_be_asked_is_not_an_empty_list(
    server: FlowServer, config: Path, command: tuple[str, ...], status: int | None
) -> None:
    server.faults.append(Fault("GET", ".*", status=status, times=99))
    answer = landproof("adobe", *command, "--config", config, "--json")
    assert (answer.status, answer.out) == (3, "")
    told = answer.error["message"]
    assert told.startswith("Adobe's Flow Service, sandbox prod")
    assert CLIENT_SECRET not in answer.err
    assert all(token not in answer.err for token in server.tokens)


def test_a_wrong_secret_is_denied(server: FlowServer, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADOBE_CLIENT_SECRET", "hush-hush-wrong")
    answer = landproof("adobe", "flows", "--config", config)
    assert (answer.status, "invalid_client" in answer.err, "hush" in answer.err) == (3, True, False)
    assert server.asks == []


def test_what_looks_never_changes_anything(server: FlowServer, config: Path) -> None:
    server.add_flow("nightly", datasets=[ALPHA], starts_at=JANUARY)
    for command in COMMANDS:
        text_of("adobe", *command, "--config", config)
    assert {a.method for a in server.asks} == {"GET"}
    assert server.asked(CREDENTIALS) == []
