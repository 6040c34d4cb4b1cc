"""The client of Flow Service against a server that checks, pages, refuses and fails as Adobe's is known to."""

from __future__ import annotations

import logging
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from support.adobe_server import CLIENT_SECRET
from support.flow_server import Fault, FlowServer
from support.zones import ALPHA, BETA

from catalog.adobe import calls
from catalog.adobe import client as client_module
from catalog.adobe.client import Ask, FlowClient, LostAnswerError
from catalog.adobe.kinds import KINDS
from catalog.adobe.model import RunStatus
from catalog.adobe.shapes import AnswerError
from verifier.errors import ChangedError, DeniedError, NetworkError, NotFoundError, SourceError

JANUARY = datetime(2026, 1, 1, 1, tzinfo=UTC)
END = datetime(2027, 1, 1, tzinfo=UTC)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def test_a_flow_is_read_with_its_connections(server: FlowServer, client: FlowClient) -> None:
    server.add_flow(
        "nightly",
        kind="s3",
        datasets={ALPHA: "Orders", BETA: None},
        every="3h",
        starts_at=JANUARY,
        ends_at=END,
        template="%DATASET_ID%/%EXPORT_TIME%",
        template_key="folderNameTemplate",
        place={"datasetFileType": "parquet", "compression": "gzip", "includeFileManifest": True, "path": "a/b"},
        state="Enabled",
    )
    (flow,) = calls.dataset_flows(client)
    assert (flow.name, flow.state, flow.is_enabled, flow.kind) == ("nightly", "enabled", True, KINDS["s3"])
    schedule = flow.schedule
    assert (schedule.mode, schedule.every, schedule.words()) == ("full-then-incremental", hours(3), "every 3h")
    assert (schedule.start_at, schedule.end_at) == (JANUARY, END)
    assert schedule.template == "%DATASET_ID%/%EXPORT_TIME%"
    assert flow.updated_at is not None
    assert abs(flow.updated_at.timestamp() - time.time()) < 600
    source = calls.get_source_connection(client, flow.source_connection_ids[0])
    assert [(one.id, one.name) for one in source.datasets] == [(ALPHA, "Orders"), (BETA, None)]
    target = calls.get_target_connection(client, flow.target_connection_ids[0])
    assert (target.bucket, target.path, target.format, target.compressed) == ("landing", "a/b", "parquet", True)
    assert target.manifest is True
    assert target.base_connection_id is not None
    assert calls.get_base_connection(client, target.base_connection_id).kind == KINDS["s3"]
    assert calls.get_flow(client, flow.id) == flow


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_destination_is_known_by_its_ids(server: FlowServer, client: FlowClient, kind: str) -> None:
    server.add_flow("one", kind=kind, datasets=[ALPHA], starts_at=JANUARY)
    (flow,) = calls.dataset_flows(client)
    (target,) = calls.target_connections(client, KINDS[kind].connection_spec)
    assert (flow.kind, target.kind, target.path) == (KINDS[kind], KINDS[kind], "exports")


def test_flows_that_export_no_datasets_are_left_out(server: FlowServer, client: FlowClient) -> None:
    flow = server.add_flow("audience", datasets=[ALPHA], starts_at=JANUARY, scheduleParams={"startTime": "soon"})
    server.flows[flow]["flowSpec"] = {"id": "0ab5edaa-0000-4000-8000-000000000000"}
    for one in server.flows[flow]["inheritedAttributes"]["sourceConnections"]:
        one["connectionSpec"] = {"id": "8a9c3494-0000-4000-8000-000000000000"}
    assert list(calls.dataset_flows(client)) == []


def test_pages_are_followed_to_the_last_whatever_their_tokens_hold(server: FlowServer, client: FlowClient) -> None:
    server.page_items = 3
    flow = server.add_flow("nightly", datasets=[ALPHA], starts_at=JANUARY)
    other = server.add_flow("other", datasets=[ALPHA], starts_at=JANUARY)
    expected = [server.add_run(flow, started_at=JANUARY + hours(n)) for n in range(10)]
    server.add_run(other, started_at=JANUARY)
    assert [run.id for run in calls.runs(client, flow)] == expected[::-1]
    assert len(server.asked_for("GET", "/runs")) == 4
    assert all(("limit", "100") in a.params and "count" not in dict(a.params) for a in server.asked_for("GET"))
    assert [run.id for run in calls.runs(client, flow, limit=4)] == expected[:5:-1]
    since = calls.runs(client, flow, since=JANUARY + hours(7))
    assert [run.id for run in since] == expected[:7:-1]


def test_the_newest_runs_are_found_though_a_server_sorts_otherwise(server: FlowServer, client: FlowClient) -> None:
    server.page_items = 2
    flow = server.add_flow("nightly", datasets=[ALPHA], starts_at=JANUARY)
    made = [server.add_run(flow, started_at=JANUARY + hours(n)) for n in range(5)]
    unsorted = {made[0]: 3, made[1]: 1, made[2]: 2, made[3]: 5, made[4]: 4}
    asked = [{**server.runs[run], "createdAt": created} for run, created in unsorted.items()]
    server.faults.append(Fault("GET", "/runs", status=200, body={"items": asked[:3]}))
    assert [run.id for run in calls.runs(client, flow, limit=2)] == [made[0], made[2]]


def test_pages_that_begin_anew_are_no_endless_list(server: FlowServer, client: FlowClient) -> None:
    again: dict[str, Any] = {"items": [], "_links": {"next": {"href": "/flows?continuationToken=same"}}}
    server.faults.append(Fault("GET", "/flows", status=200, body=again, times=9))
    with pytest.raises(AnswerError, match="begin anew"):
        list(calls.dataset_flows(client))
    assert len(server.asks) == 2


@pytest.mark.parametrize("last", [{}, {"_links": {}}, {"_links": {"next": {}}}, {"_links": {"next": None}}])
def test_a_list_ends_however_its_last_page_says_so(
    server: FlowServer, client: FlowClient, last: dict[str, Any]
) -> None:
    server.faults.append(Fault("GET", "/flows", status=200, body={"items": [], **last}))
    assert list(calls.dataset_flows(client)) == []


@pytest.mark.parametrize(
    "odd",
    [{"flows": []}, {"items": None}, {"items": {}}, {"items": [1]}, {"items": [], "_links": {"next": {"href": "/x"}}}],
)
def test_an_answer_without_its_items_is_no_empty_list(
    server: FlowServer, client: FlowClient, odd: dict[str, Any]
) -> None:
    server.faults.append(Fault("GET", "/flows", status=200, body=odd))
    with pytest.raises(AnswerError, match=r"answer\."):
        list(calls.dataset_flows(client))


def test_datasets_are_counted_through_all_slices(server: FlowServer, client: FlowClient) -> None:
    server.page_items = 2
    ids = [server.add_dataset(f"{n:024x}", f"dataset {n}") for n in range(5)]
    found = list(calls.eligible_datasets(client))
    assert [(one.id, one.name, one.state) for one in found] == [(i, f"dataset {n}", "DRAFT") for n, i in enumerate(ids)]
    assert [dict(a.params)["start"] for a in server.asks] == ["0", "2", "4"]


def test_slices_without_page_info_end_with_an_empty_one(server: FlowServer, client: FlowClient) -> None:
    for items in ([{"id": ALPHA}, {"id": BETA}], [{"id": "c" * 24}], []):
        server.faults.append(Fault("GET", "/configs", status=200, body={"items": items}))
    assert [one.id for one in calls.eligible_datasets(client)] == [ALPHA, BETA, "c" * 24]


def test_slices_that_are_always_the_same_are_no_list(server: FlowServer, client: FlowClient) -> None:
    server.faults.append(Fault("GET", "/configs", status=200, body={"items": [{"id": ALPHA}]}, times=9))
    with pytest.raises(AnswerError, match="does not end"):
        list(calls.eligible_datasets(client))


def test_slices_that_end_early_are_no_shorter_list(server: FlowServer, client: FlowClient) -> None:
    early = {"items": [{"id": ALPHA}], "pageInfo": {"hasNext": False, "total": 2}}
    server.faults.append(Fault("GET", "/configs", status=200, body=early))
    with pytest.raises(AnswerError, match="ends after 1 of 2"):
        list(calls.eligible_datasets(client))


def test_slices_that_say_more_and_bring_nothing_are_no_list(server: FlowServer, client: FlowClient) -> None:
    server.faults.append(Fault("GET", "/configs", status=200, body={"items": [], "pageInfo": {"hasNext": True}}))
    with pytest.raises(AnswerError, match="does not end"):
        list(calls.eligible_datasets(client))


def test_a_token_is_fetched_once_and_again_before_it_ends(server: FlowServer, client: FlowClient) -> None:
    for _ in range(3):
        list(calls.dataset_flows(client))
    assert len(server.tokens) == 1
    server.token_seconds = 0
    with closing(FlowClient(server.login())) as other:
        for _ in range(2):
            list(calls.dataset_flows(other))
    assert len(server.tokens) == 3


def test_a_lifetime_in_milliseconds_is_not_taken_for_weeks(server: FlowServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.token_seconds = 86_399_992
    with closing(FlowClient(server.login())) as client:
        list(calls.dataset_flows(client))
        begin = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: begin + 86_399)
        list(calls.dataset_flows(client))
    assert len(server.tokens) == 2


def test_a_withdrawn_token_is_renewed_once(server: FlowServer, client: FlowClient) -> None:
    list(calls.dataset_flows(client))
    server.tokens.append("another-that-somebody-fetched")
    list(calls.dataset_flows(client))
    server.takes_tokens = False
    asked = len(server.asks)
    with pytest.raises(DeniedError, match="status 401, 401013, the token is not valid"):
        list(calls.dataset_flows(client))
    assert len(server.asks) == asked + 2


def test_what_is_sent_carries_every_header(server: FlowServer, client: FlowClient) -> None:
    list(calls.dataset_flows(client))
    headers = server.asks[0].headers
    assert headers["X-Sandbox-Name"] == "prod"
    assert {"Authorization", "X-Api-Key", "X-Gw-Ims-Org-Id", "Accept"} <= set(headers)


REFUSALS: dict[str, tuple[Fault, type[SourceError], str]] = {
    "gateway": (
        Fault("GET", "/flows", status=403, body={"error_code": "403003", "message": "Api Key hush is invalid"}),
        DeniedError,
        "sandbox prod: GET /flows: status 403, 403003, the api key is not valid",
    ),
    "header": (
        Fault("GET", "/flows", status=400, body={"error_code": "400003", "message": "hush"}),
        SourceError,
        "status 400, 400003, a header is missing",
    ),
    "flow service": (
        Fault(
            "GET",
            "/flows",
            status=403,
            body={
                "type": "https://ns.adobe.com/aep/errors/FLOW-2120-403",
                "title": "Forbidden",
                "report": {"request-id": "abc-123-def", "detailed-message": "hush"},
            },
        ),
        DeniedError,
        "status 403, FLOW-2120-403, forbidden, request-id abc-123-def",
    ),
    "words of its own": (
        Fault("GET", "/flows", status=400, body={"title": "hush=hush; token", "type": "hush", "report": "hush"}),
        SourceError,
        "status 400",
    ),
    "no body": (Fault("GET", "/flows", status=404), NotFoundError, "status 404"),
    "no json": (Fault("GET", "/flows", status=418, body=b"<html>hush</html>"), SourceError, "status 418"),
    "redirect": (Fault("GET", "/flows", status=302), SourceError, "status 302"),
    "not json but well": (Fault("GET", "/flows", status=200, body=b"<html>hush"), AnswerError, "not what Adobe sends"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals_are_told_by_code_title_and_request_and_sent_once(
    server: FlowServer, client: FlowClient, case: str
) -> None:
    fault, family, text = REFUSALS[case]
    server.faults.append(replace(fault))
    with pytest.raises(family) as caught:
        list(calls.dataset_flows(client))
    assert caught.value.message.endswith(text)
    assert "hush" not in caught.value.message + str(caught.value.hint)
    assert len(server.asks) == 1


def test_an_unknown_sandbox_is_told_as_such(server: FlowServer) -> None:
    with closing(FlowClient(server.login("stage"))) as client, pytest.raises(NotFoundError) as caught:
        list(calls.dataset_flows(client))
    assert "sandbox stage: GET /flows: status 404, FLOW-2100-404, sandbox not found" in caught.value.message


def test_what_a_label_hides_is_not_found(server: FlowServer, client: FlowClient) -> None:
    flow = server.add_flow("nightly", datasets=[ALPHA], starts_at=JANUARY)
    server.hidden.add(flow)
    with pytest.raises(NotFoundError, match="FLOW-1439-404, resource not found"):
        calls.get_flow(client, flow)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, None])
def test_a_passing_fault_is_waited_out(server: FlowServer, client: FlowClient, status: int | None) -> None:
    server.add_flow("nightly", datasets=[ALPHA], starts_at=JANUARY)
    server.faults.append(Fault("GET", "/flows", status=status, times=4))
    assert len(list(calls.dataset_flows(client))) == 1
    assert len(server.asks) == 5


@pytest.mark.parametrize("status", [429, 500, None])
def test_patience_ends(server: FlowServer, client: FlowClient, status: int | None) -> None:
    server.faults.append(Fault("GET", "/flows", status=status, times=99))
    with pytest.raises(NetworkError):
        list(calls.dataset_flows(client))
    assert len(server.asks) == client_module.TRIES


@pytest.mark.parametrize("form", ["seconds", "moment"])
def test_as_long_as_adobe_asks_for_is_waited(
    server: FlowServer, client: FlowClient, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    asked = "7" if form == "seconds" else format_datetime(datetime.now(UTC) + timedelta(seconds=7))
    server.faults.append(Fault("GET", "/flows", status=429, retry_after=asked))
    list(calls.dataset_flows(client))
    assert 5 < max(waited) <= 7


def test_nobody_waits_for_hours(server: FlowServer, client: FlowClient) -> None:
    server.faults.append(Fault("GET", "/flows", status=429, retry_after="3600"))
    with pytest.raises(NetworkError, match="status 429"):
        list(calls.dataset_flows(client))
    assert len(server.asks) == 1


def test_requests_keep_their_distance(server: FlowServer, client: FlowClient, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(client_module, "SECONDS_BETWEEN", 100.0)
    monkeypatch.setattr(time, "sleep", waited.append)
    list(calls.dataset_flows(client))
    assert waited == []
    list(calls.dataset_flows(client))
    assert len(waited) == 1
    assert 90 < waited[0] <= 100


@pytest.mark.parametrize("status", [500, 503, None])
@pytest.mark.parametrize("done", [False, True])
def test_what_creates_is_sent_once_and_a_lost_answer_is_told(
    server: FlowServer, client: FlowClient, status: int | None, done: bool
) -> None:
    server.add_dataset(ALPHA, "Orders")
    server.faults.append(Fault("POST", "/sourceConnections", status=status, done=done, times=9))
    with pytest.raises(LostAnswerError):
        client.ask(Ask(method="POST", path="/sourceConnections", body=source_body()))
    assert len(server.asks) == 1
    assert len(server.sources) == int(done)


def test_what_creates_is_sent_again_only_where_it_was_not_taken(server: FlowServer, client: FlowClient) -> None:
    server.add_dataset(ALPHA, "Orders")
    server.faults.append(Fault("POST", "/sourceConnections", status=429, times=2))
    client.ask(Ask(method="POST", path="/sourceConnections", body=source_body()))
    assert (len(server.asks), len(server.sources)) == (3, 1)


def source_body() -> dict[str, Any]:
    return {
        "name": "one",
        "connectionSpec": {"id": "23598e46-f560-407b-88d5-ea6207e49db0", "version": "1.0"},
        "params": {"datasets": [{"dataSetId": ALPHA, "name": "Orders"}]},
    }


def test_a_change_stands_on_what_was_read(server: FlowServer, client: FlowClient) -> None:
    flow_id = server.add_flow("nightly", datasets=[ALPHA], every="3h", starts_at=JANUARY)
    flow = calls.get_flow(client, flow_id)
    change = [{"op": "replace", "path": "/scheduleParams/interval", "value": 6}]
    client.ask(Ask(method="PATCH", path=f"/flows/{flow_id}", body=change, etag=flow.etag))
    assert calls.get_flow(client, flow_id).schedule.every == hours(6)
    with pytest.raises(ChangedError, match="status 412"):
        client.ask(Ask(method="PATCH", path=f"/flows/{flow_id}", body=change, etag=flow.etag))
    assert server.asked_for("PATCH")[0].headers["If-Match"] == flow.etag


def test_logs_of_a_talkative_process_hold_no_secret(server: FlowServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), closing(FlowClient(server.login())) as client:
        list(calls.dataset_flows(client))
        server.takes_tokens = False
        with pytest.raises(DeniedError) as caught:
            list(calls.dataset_flows(client))
    told = caplog.text + str(caught.value) + repr(caught.value) + repr(server.login())
    assert all(secret not in told for secret in (CLIENT_SECRET, *server.tokens))


def test_runs_are_read_as_they_are_told(server: FlowServer, client: FlowClient) -> None:
    flow = server.add_flow("nightly", datasets=[ALPHA], starts_at=JANUARY)
    server.add_run(flow, started_at=JANUARY, status="Failed", errors=[("X-1", "Job aborted.")], ended="stoppedAtUTC",
                   without=["sizeSummary", "fileSummary"], rows=None)  # fmt: skip
    (run,) = calls.runs(client, flow)
    assert (run.status, run.rows, run.files, run.bytes) == (RunStatus.FAILED, None, None, None)
    assert (run.started_at, run.took) == (JANUARY, timedelta(seconds=15))
    assert [(e.code, e.message) for e in run.errors] == [("X-1", "Job aborted.")]
