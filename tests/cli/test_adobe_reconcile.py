"""`landproof adobe reconcile` on scanned zones: against a server that speaks as Adobe's, or what it said before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.adobe_server import CLIENT_SECRET
from support.flow_server import Fault, FlowServer, flow_server, without_waits
from support.landproof import Answer, landproof
from support.zones import ALPHA, BETA, Zone, daily, days_before, some_json

from fixtures.content import TIME, json_part, moment

START = moment("202609010100")
ROWS, FILES = 10, 2
"""Of every export here, in two files of five rows."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FlowServer]:
    without_waits(monkeypatch)
    monkeypatch.setenv("ADOBE_CLIENT_SECRET", CLIENT_SECRET)
    with flow_server() as running:
        yield running


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    return Zone(tmp_path)


def ran(server: FlowServer, flow: str, time: str, **more: Any) -> str:
    """Keep the run of an export, which began some seconds after it was due."""
    return server.add_run(flow, started_at=moment(time) + timedelta(seconds=4), **{"rows": ROWS, "files": FILES} | more)


def watched(zone: Zone, server: FlowServer, flow: str, *datasets: str) -> None:
    """Write settings in which the datasets are those of the flow, and scan."""
    zone.settings(server.settings(), *(daily(dataset, f'flow = "{flow}"') for dataset in datasets or (ALPHA,)))
    assert zone.scan().status in (0, 1, 2)


def reconcile(zone: Zone, *words: object) -> Answer:
    where = ["--config", zone.config, "--from", "2026-08-01"]
    return landproof("adobe", "reconcile", *words, *where, "--json")


def found(answer: Answer) -> list[tuple[str, str, str]]:
    """Return code, level and run of every finding."""
    return [(f["code"], f["level"], f["run_id"]) for f in answer.document["findings"]]


def test_history_shows_what_was_planted_online_and_offline_alike(
    zone: Zone, server: FlowServer, tmp_path: Path
) -> None:
    flow = server.add_flow("nightly", datasets={ALPHA: "Orders"}, starts_at=START)
    days = days_before(TIME, 12)
    zone.exports(12, ALPHA, files=FILES)
    runs = [ran(server, flow, day) for day in days[:5]]
    runs.append(ran(server, flow, days[5], rows=ROWS + 1))
    runs.append(ran(server, flow, days[6], files=FILES + 1))
    runs.append(ran(server, flow, days[7], status="Failed", errors=[("ACTIVATION-1", "Job\x1b[2J aborted.")]))
    runs.append(ran(server, flow, days[8], status="partialSuccess"))
    runs.append(ran(server, flow, days[9]))
    runs.append(ran(server, flow, days[10], rows=0, files=0, bytes=0))
    ran(server, flow, days[11])
    for day in (days[7], days[9], days[10]):
        zone.remove(f"{ALPHA}/exportTime={day}")
    watched(zone, server, flow)
    answer = reconcile(zone)
    planted = {
        ("run.rows-differ", "warn", runs[5]),
        ("run.files-differ", "error", runs[6]),
        ("run.failed", "error", runs[7]),
        ("run.partial", "warn", runs[8]),
        ("run.without-snapshot", "error", runs[9]),
    }
    assert (answer.status, set(found(answer)), len(found(answer))) == (2, planted, 5)
    assert answer.document["proven_empty"] == [
        {"zone": "zone", "dataset_id": ALPHA, "due_at": "2026-09-19T01:00:00Z", "run_id": runs[10]}
    ]
    assert "ACTIVATION-1 Job\\x1b[2J aborted." in answer.only("run.failed")["message"]
    saved = tmp_path / "runs.json"
    assert landproof("adobe", "runs", flow, "--output", saved, "--config", zone.config).status == 0
    server.asks.clear()
    offline = reconcile(zone, "--runs", saved)
    assert server.asks == []
    assert (offline.status, set(found(offline))) == (2, planted)
    assert offline.document["proven_empty"] == answer.document["proven_empty"]


def test_last_export_is_in_no_run_once_adobe_was_asked_after_it(zone: Zone, server: FlowServer, tmp_path: Path) -> None:
    flow = server.add_flow("nightly", datasets={ALPHA: "Orders"}, starts_at=START)
    for day in days_before(TIME, 3)[:2]:
        ran(server, flow, day)
    zone.exports(3, ALPHA, files=FILES)
    watched(zone, server, flow)
    answer = reconcile(zone)
    assert found(answer) == [("run.snapshot-without-run", "warn", None)]
    assert answer.document["flows"][0]["snapshots_without_run"] == [f"zone/{ALPHA}/{TIME}"]
    saved = tmp_path / "runs.json"
    landproof("adobe", "runs", flow, "--output", saved, "--config", zone.config)
    assert found(reconcile(zone, "--runs", saved)) == [], "what was saved before it may lack its run"


def test_manifest_names_the_run_and_both_digits_of_export_times_are_taken(zone: Zone, server: FlowServer) -> None:
    flow = server.add_flow("nightly", datasets={ALPHA: "Orders"}, starts_at=START)
    days = days_before(TIME, 3)
    zone.export(ALPHA, days[0], FILES, manifest_in="snapshot")
    zone.export(ALPHA, days[1], FILES, manifest_in="dataset")
    zone.export(ALPHA, f"{days[2]}07", FILES)
    for day in days[:2]:
        ran(server, flow, day, id=f"{int(ALPHA[:8], 16):08x}-0000-4000-8000-{day:0>12}".upper())
    ran(server, flow, days[2], files=FILES)
    watched(zone, server, flow)
    answer = reconcile(zone)
    runs = answer.document["flows"][0]["runs"]
    assert [run["datasets"][0]["matched_by"] for run in runs] == ["manifest", "manifest", "time"]
    assert {run[number]["verdict"] for run in runs for number in ("files", "rows")} == {"equal"}
    assert answer.status == 0


@pytest.mark.parametrize(
    "spelling",
    [
        {"status": "SUCCESS"},
        {"status": "COMPLETED", "ended": "stoppedAtUTC"},
        {"status": "success", "without": ["sizeSummary"]},
    ],
)
def test_every_spelling_of_a_good_run_is_one(zone: Zone, server: FlowServer, spelling: dict[str, Any]) -> None:
    flow = server.add_flow("nightly", datasets={ALPHA: "Orders"}, starts_at=START)
    ran(server, flow, TIME, **spelling)
    zone.export(ALPHA, TIME, FILES)
    watched(zone, server, flow)
    answer = reconcile(zone)
    assert (answer.status, answer.document["flows"][0]["runs"][0]["status"]) == (0, "success")


def test_runs_of_many_pages_are_all_taken(zone: Zone, server: FlowServer) -> None:
    server.page_items = 2
    flow = server.add_flow("nightly", datasets={ALPHA: "Orders"}, starts_at=START)
    for day in days_before(TIME, 7):
        ran(server, flow, day)
    zone.exports(7, ALPHA, files=FILES)
    watched(zone, server, flow)
    answer = reconcile(zone)
    assert (answer.status, answer.document["counts"]["runs"], answer.document["counts"]["with_snapshot"]) == (0, 7, 7)


def test_flow_of_two_datasets_is_compared_by_sums_and_in_part_not_at_all(zone: Zone, server: FlowServer) -> None:
    flow = server.add_flow("nightly", datasets={ALPHA: "Orders", BETA: "Users"}, starts_at=START)
    ran(server, flow, TIME, rows=2 * ROWS, files=2 * FILES)
    for dataset in (ALPHA, BETA):
        zone.export(dataset, TIME, FILES)
    watched(zone, server, flow, ALPHA, BETA)
    (run,) = reconcile(zone).document["flows"][0]["runs"]
    assert (run["rows"]["verdict"], run["files"]["ours"], len(run["datasets"])) == ("equal", 2 * FILES, 2)
    source = server.sources[server.flows[flow]["sourceConnectionIds"][0]]
    source["params"]["datasets"].append({"dataSetId": "64e0ffff0000000000000003", "name": "Elsewhere"})
    answer = reconcile(zone)
    assert "seen only in part" in answer.document["flows"][0]["missing"]
    assert answer.document["flows"][0]["runs"][0]["rows"]["verdict"] == "unknown"
    assert answer.status == 0


def test_zone_without_settings_for_the_flow_is_found_by_its_place_or_the_dataset(
    zone: Zone, server: FlowServer, tmp_path: Path
) -> None:
    flow = server.add_flow("nightly", datasets={ALPHA: "Orders"}, starts_at=START)
    ran(server, flow, TIME)
    zone.export(ALPHA, TIME, FILES)
    zone.settings(server.settings())
    zone.scan()
    blind = reconcile(zone)
    assert blind.document["flows"][0]["missing"] == "none of its datasets is in a zone that is known: 'Orders'"
    assert blind.status == 3, "it goes to another place than the zone that has a dataset of this id"
    target = server.targets[server.flows[flow]["targetConnectionIds"][0]]
    target["connectionSpec"]["id"] = "a kind that nobody knows"
    assert reconcile(zone).document["flows"][0]["runs"][0]["rows"]["verdict"] == "equal"


def saved(server: FlowServer, zone: Zone, flow: str) -> Path:
    """Save the runs of a flow as the server tells them now, and forget them."""
    path = zone.folder / "runs.json"
    assert landproof("adobe", "runs", flow, "--output", path, "--config", zone.config).status == 0
    server.runs.clear()
    return path


def test_saved_runs_of_a_flow_that_no_settings_name_are_of_the_only_dataset_there_is(
    zone: Zone, server: FlowServer
) -> None:
    flow = server.add_flow("nightly", datasets={ALPHA: "Orders"}, starts_at=START)
    ran(server, flow, TIME)
    zone.export(ALPHA, TIME, FILES)
    zone.settings(server.settings('flows = ["nightly"]'), daily(ALPHA, 'flow = "all of sales"'))
    zone.scan()
    runs = saved(server, zone, flow)
    answer = reconcile(zone, "--runs", runs)
    (only,) = answer.document["flows"]
    assert (answer.status, only["runs"][0]["rows"]["verdict"]) == (0, "equal")
    assert only["assumed"] == f"taken to export zone/{ALPHA}, the only dataset that is known"
    zone.export(BETA, TIME, FILES)
    zone.scan()
    blind = reconcile(zone, "--runs", runs)
    assert (blind.status, blind.document["flows"][0]["missing"]) == (3, "which datasets it exports is not known")


def test_saved_runs_that_name_their_dataset_or_are_named_by_manifests_are_of_these(
    zone: Zone, server: FlowServer
) -> None:
    flow = server.add_flow("nightly", datasets={ALPHA: "Orders"}, starts_at=START)
    zone.export(ALPHA, TIME, FILES)
    zone.export(BETA, TIME, FILES, manifest_in="snapshot")
    zone.settings(server.settings())
    zone.scan()
    told = [{"id": "a", "name": "XdmProcessor", "statusSummary": {"extensions": {"incremental.datasetId": ALPHA}}}]
    ran(server, flow, TIME, activities=told)
    by_name = reconcile(zone, "--runs", saved(server, zone, flow))
    ran(server, flow, TIME, id=f"{int(BETA[:8], 16):08x}-0000-4000-8000-{TIME:0>12}")
    by_manifest = reconcile(zone, "--runs", saved(server, zone, flow))
    for answer, dataset in ((by_name, ALPHA), (by_manifest, BETA)):
        (only,) = answer.document["flows"]
        assert ([d["dataset_id"] for d in only["datasets"]], only["assumed"]) == ([dataset], None)
        assert (answer.status, only["runs"][0]["rows"]["verdict"]) == (0, "equal")


def test_flow_that_the_settings_call_by_its_name_is_known(zone: Zone, server: FlowServer) -> None:
    flow = server.add_flow("nightly", datasets={ALPHA: "Orders"}, starts_at=START)
    ran(server, flow, TIME)
    zone.export(ALPHA, TIME, FILES)
    watched(zone, server, "nightly")
    assert reconcile(zone).document["flows"][0]["runs"][0]["rows"]["verdict"] == "equal"


def test_flow_whose_runs_cannot_be_asked_for_does_not_hide_the_others(zone: Zone, server: FlowServer) -> None:
    first = server.add_flow("a", datasets={ALPHA: "Orders"}, starts_at=START)
    second = server.add_flow("b", datasets={BETA: "Users"}, starts_at=START, place={"path": "other"})
    ran(server, second, TIME)
    for dataset in (ALPHA, BETA):
        zone.export(dataset, TIME, FILES)
    zone.settings(server.settings(), daily(ALPHA, f'flow = "{first}"'), daily(BETA, f'flow = "{second}"'))
    zone.scan()
    server.faults.append(Fault("GET", "/runs", status=403, body={"error_code": "403027", "message": "no"}))
    answer = reconcile(zone)
    one, other = answer.document["flows"]
    assert (answer.status, one["error"]["kind"], other["error"]) == (3, "denied", None)
    assert other["runs"][0]["rows"]["verdict"] == "equal"


def test_nothing_to_compare_is_not_good(zone: Zone, server: FlowServer) -> None:
    flow = server.add_flow("nightly", datasets={ALPHA: "Orders"}, starts_at=START)
    zone.export(ALPHA, TIME, FILES)
    watched(zone, server, flow)
    answer = reconcile(zone)
    assert (answer.status, answer.document["counts"]["runs"]) == (3, 0)


def test_adobe_that_cannot_be_asked_at_all_answers_with_an_error(zone: Zone, server: FlowServer) -> None:
    zone.settings(server.settings())
    assert reconcile(zone).status == 4, "there is no catalog to compare with"
    zone.export(ALPHA, TIME, FILES)
    zone.scan()
    server.takes_tokens = False
    answer = reconcile(zone)
    assert (answer.status, answer.out) == (3, "")


def test_rows_of_a_zone_that_was_only_listed_are_unknown(zone: Zone, server: FlowServer) -> None:
    flow = server.add_flow("nightly", datasets={ALPHA: "Orders"}, starts_at=START)
    ran(server, flow, TIME, rows=ROWS + 7)
    zone.export(ALPHA, TIME, FILES)
    zone.settings(server.settings(), daily(ALPHA, f'flow = "{flow}"'))
    zone.scan("--depth", "list")
    answer = reconcile(zone)
    (run,) = answer.document["flows"][0]["runs"]
    assert (run["rows"]["verdict"], run["files"]["verdict"], answer.status) == ("unknown", "equal", 0)


def test_bytes_that_differ_are_told_and_are_no_finding(zone: Zone, server: FlowServer) -> None:
    flow = server.add_flow("nightly", datasets={ALPHA: "Orders"}, starts_at=START)
    parts = {json_part(n): some_json() for n in range(FILES)}
    zone.export(ALPHA, TIME, parts, manifest_in="snapshot")
    size = sum(map(len, parts.values()))
    ran(server, flow, TIME, bytes=size)
    watched(zone, server, flow)
    (run,) = reconcile(zone).document["flows"][0]["runs"]
    assert run["bytes"] == {"verdict": "equal", "adobe": size, "ours": size, "reason": None}, (
        "the manifest is none of it"
    )
    next(iter(server.runs.values()))["metrics"]["sizeSummary"]["outputBytes"] = size * 4
    answer = reconcile(zone)
    assert (answer.status, answer.document["flows"][0]["runs"][0]["bytes"]["verdict"]) == (0, "differs")


def test_words_for_people_have_a_line_a_run_and_say_what_to_do(zone: Zone, server: FlowServer) -> None:
    flow = server.add_flow("night\x1b[31mly", datasets={ALPHA: "Orders"}, starts_at=START)
    for number, day in enumerate(days_before(TIME, 3)):
        ran(server, flow, day, rows=ROWS + number // 2)
    zone.exports(3, ALPHA, files=FILES)
    watched(zone, server, flow)
    answer = landproof("adobe", "reconcile", "--config", zone.config, "--from", "2026-08-01")
    lines = [line for line in answer.out.splitlines() if "equal" in line]
    assert (answer.status, len(lines)) == (1, 3)
    assert "differs: 11, here 10" in answer.out
    assert "hint: compare both with the dataset" in answer.out
    assert "\x1b" not in answer.out
    forgiven = landproof("adobe", "reconcile", "--config", zone.config, "--from", "2026-08-01", "--fail-on", "error")
    assert forgiven.status == 0
    empty = landproof("adobe", "reconcile", "--config", zone.config, "--from", "2026-11-01", "--fail-on", "error")
    assert (empty.status, empty.out.splitlines()[-1].endswith(": nothing could be compared")) == (3, True)


def test_words_for_people_say_why_a_snapshot_is_not_known(zone: Zone, server: FlowServer) -> None:
    flow = server.add_flow("nightly", datasets={ALPHA: "Orders"}, starts_at=START)
    zone.export(ALPHA, TIME, FILES)
    watched(zone, server, flow)
    server.add_run(flow, started_at=datetime.now(START.tzinfo), rows=ROWS, files=FILES)
    answer = landproof("adobe", "reconcile", "--config", zone.config)
    assert "not known of 1: no complete listing of zone zone has started since it must be there" in answer.out
    assert answer.status == 3


def test_only_runs_of_the_period_and_flows_that_are_named_are_compared(
    zone: Zone, server: FlowServer, tmp_path: Path
) -> None:
    flow = server.add_flow("nightly", datasets={ALPHA: "Orders"}, starts_at=START)
    server.add_flow("other", datasets={BETA: "Users"}, starts_at=START, place={"path": "other"})
    days = days_before(TIME, 4)
    for day in days:
        ran(server, flow, day, rows=ROWS + 1)
    zone.exports(4, ALPHA, files=FILES)
    watched(zone, server, flow)
    named = landproof(
        "adobe", "reconcile", "nightly", "--from", "2026-09-18", "--to", "2026-09-19", "--config", zone.config, "--json"
    )
    assert [f["flow_id"] for f in named.document["flows"]] == [flow]
    assert [run["due_at"][:10] for run in named.document["flows"][0]["runs"]] == ["2026-09-18", "2026-09-19"]
    saved = tmp_path / "runs.json"
    landproof("adobe", "runs", flow, "--output", saved, "--config", zone.config)
    assert reconcile(zone, "another", "--runs", saved).status == 64


@pytest.mark.parametrize("text", ["{", "[1]", '{"items": [{"metrics": {}}]}', '{"items": []}', ""])
def test_file_that_holds_no_runs_is_refused(zone: Zone, tmp_path: Path, text: str) -> None:
    zone.export(ALPHA, TIME, FILES)
    zone.settings(daily(ALPHA))
    zone.scan()
    saved = tmp_path / "runs.json"
    saved.write_text(text)
    answer = reconcile(zone, "--runs", saved)
    assert (answer.status in (3, 64), answer.out) == (True, "")
    assert reconcile(zone, "--runs", tmp_path / "not-there.json").status == 64


def test_saved_runs_in_several_files_are_taken_together_each_once(
    zone: Zone, server: FlowServer, tmp_path: Path
) -> None:
    flow = server.add_flow("nightly", datasets={ALPHA: "Orders"}, starts_at=START)
    days = days_before(TIME, 2)
    for day in days:
        ran(server, flow, day)
    zone.exports(2, ALPHA, files=FILES)
    watched(zone, server, flow)
    runs = list(server.runs.values())
    for name, some in (("one", runs), ("two", runs[1:]), ("three", runs[0])):
        (tmp_path / name).write_text(json.dumps({"items": some} if isinstance(some, list) else some))
    files = [word for name in ("one", "two", "three") for word in ("--runs", tmp_path / name)]
    answer = reconcile(zone, *files)
    assert (answer.status, answer.document["counts"]["runs"]) == (0, 2)


def test_run_under_way_for_days_is_stuck_and_one_just_begun_is_not(zone: Zone, server: FlowServer) -> None:
    flow = server.add_flow("nightly", datasets={ALPHA: "Orders"}, starts_at=START)
    stuck = ran(server, flow, TIME, status="Processing", took=None, rows=None, files=None, bytes=None)
    server.add_run(flow, status="QUEUED", started_at=datetime.now(START.tzinfo), took=None, rows=None, files=None)
    zone.exports(1, ALPHA, last="202609190100", files=FILES)
    watched(zone, server, flow)
    answer = reconcile(zone)
    assert found(answer) == [("run.stuck", "warn", stuck)]


def test_every_field_of_both_documents_is_explained(zone: Zone, server: FlowServer) -> None:
    flow = server.add_flow("nightly", datasets={ALPHA: "Orders"}, starts_at=START)
    ran(server, flow, days_before(TIME, 2)[0], rows=0, files=0)
    ran(server, flow, TIME, status="failed", errors=[("A", "b")])
    server.add_flow("odd", kind="azure-blob", datasets={BETA: "Users"}, starts_at=START)
    zone.exports(3, ALPHA, files=FILES)
    zone.remove(f"{ALPHA}/exportTime={days_before(TIME, 2)[0]}")
    watched(zone, server, flow)
    compared = reconcile(zone, flow).document
    synced = landproof("adobe", "sync", "--config", zone.config, "--json").document
    assert compared["proven_empty"]
    assert compared["findings"]
    assert synced["problems"]
    text = (Path(__file__).resolve().parents[2] / "docs" / "documents.md").read_text(encoding="utf-8")
    assert {key for document in (compared, synced) for key in keys(document) if f"`{key}`" not in text} == set()


def keys(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*(keys(inner) for name, inner in value.items() if name != "where"))
    return set().union(*(keys(inner) for inner in value)) if isinstance(value, list) else set()
