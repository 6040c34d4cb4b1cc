"""Flow Service's objects read as values: both spellings, both units of time, and everything that may be missing."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.adobe.kinds import DATA_LAKE, KINDS
from catalog.adobe.model import EntityRows, FlowSchedule, RunError, RunStatus
from catalog.adobe.parse import (
    is_dataset_flow,
    load_runs,
    parse_base_connection,
    parse_eligible,
    parse_flow,
    parse_page,
    parse_run,
    parse_runs,
    parse_source_connection,
    parse_status,
    parse_target_connection,
)
from catalog.adobe.shapes import AnswerError
from catalog.schedule import Every, Once

AT = datetime(2022, 11, 15, 0, 0, tzinfo=UTC)
PARSERS = (
    parse_flow,
    parse_run,
    parse_source_connection,
    parse_target_connection,
    parse_base_connection,
    parse_eligible,
)
RUN: dict[str, Any] = {
    "id": "run",
    "flowId": "flow",
    "flowSpec": {"id": "269ba276-16fc-47db-92b0-c1049a3c131f", "version": "1.0"},
    "createdAt": 1659018528378,
    "updatedAt": 1659019046995,
    "metrics": {
        "durationSummary": {"startedAtUTC": 1659018529865, "completedAtUTC": 1659018929923},
        "sizeSummary": {"inputBytes": 855202780, "outputBytes": 855202781},
        "recordSummary": {
            "inputRecordCount": 100,
            "createdRecordCount": 97,
            "outputRecordCount": 98,
            "skippedRecordCount": 2,
            "targetSummaries": [
                {"id": "t", "entitySummaries": [{"id": "dataset:6504a2f1abf9b128d3f90e5d", "outputRecordCount": 98}]}
            ],
            "skippedInfo": [{"code": "ACTIVATION_BATCH-0000-SKIP", "message": "left out", "count": 2}],
        },
        "fileSummary": {"inputFileCount": 1, "outputFileCount": 2},
        "statusSummary": {"status": "success", "activityRefs": ["a"]},
    },
}


def run_of(**metrics: Any) -> dict[str, Any]:
    return {"id": "run", "metrics": metrics}


def test_a_run_is_read_whole() -> None:
    run = parse_run(RUN)
    assert (run.id, run.flow_id, run.flow_spec_id) == ("run", "flow", KINDS["s3"].flow_spec)
    assert run.started_at == datetime(2022, 7, 28, 14, 28, 49, 865000, UTC)
    assert run.took == timedelta(milliseconds=400_058)
    assert (run.rows, run.rows_skipped, run.files, run.bytes) == (98, 2, 2, 855202781)
    assert run.entities == (EntityRows("6504a2f1abf9b128d3f90e5d", 98),)
    assert run.skipped == (RunError("ACTIVATION_BATCH-0000-SKIP", "left out", 2),)
    assert json.loads(run.raw) == RUN


@pytest.mark.parametrize("missing", RUN["metrics"])
def test_every_summary_of_a_run_may_be_missing(missing: str) -> None:
    for nothing in ({}, {missing: None}):
        metrics = {name: value for name, value in RUN["metrics"].items() if name != missing} | nothing
        assert parse_run({**RUN, "metrics": metrics}).id == "run"
    assert parse_run({"id": "run"}).status == RunStatus.UNKNOWN


STATUSES = {
    "success": ("success", "Success", "SUCCESS", "COMPLETED"),
    "partial_success": ("partialSuccess", "PARTIAL_SUCCESS", "PARTIAL_FAILURE"),
    "failed": ("failed", "Failed", "FAILED"),
    "in_progress": ("inProgress", "Processing", "Waiting", "IN_PROGRESS", "QUEUED", "SCHEDULED"),
    "unknown": ("", "exploded", None),
}


@pytest.mark.parametrize(("normal", "spelling"), [(n, s) for n, spellings in STATUSES.items() for s in spellings])
def test_a_status_has_one_form(normal: str, spelling: str | None) -> None:
    assert parse_status(spelling) == normal
    assert parse_run(run_of(statusSummary={"status": spelling})).status == normal


def test_a_run_that_only_has_a_state_is_known_by_it() -> None:
    assert parse_run({"id": "run", "state": "inProgress"}).status == RunStatus.IN_PROGRESS


def test_the_end_of_a_run_has_two_names() -> None:
    for name in ("completedAtUTC", "stoppedAtUTC"):
        assert parse_run(run_of(durationSummary={name: 1659018929923})).completed_at is not None


def test_errors_are_gathered_once_from_both_places() -> None:
    failure = {"code": "ACTIVATION_BATCH-0000-FAILED", "message": "Job aborted."}
    run = parse_run(run_of(statusSummary={"errors": [failure]}, recordSummary={"failedInfo": [failure, {"code": "B"}]}))
    assert run.errors == (RunError("ACTIVATION_BATCH-0000-FAILED", "Job aborted."), RunError("B", ""))


def test_rows_are_those_created_where_no_others_are_told() -> None:
    assert parse_run(run_of(recordSummary={"createdRecordCount": 7})).rows == 7


def test_numbers_may_come_as_texts_and_with_a_point() -> None:
    assert parse_run(run_of(fileSummary={"outputFileCount": "7"})).files == 7
    assert parse_run(run_of(fileSummary={"outputFileCount": 7.0})).files == 7


ODD: dict[str, Any] = {
    "run.metrics": {"metrics": []},
    "run.metrics.fileSummary": {"metrics": {"fileSummary": "2"}},
    "run.metrics.fileSummary.outputFileCount": {"metrics": {"fileSummary": {"outputFileCount": -1}}},
    "run.metrics.sizeSummary.outputBytes": {"metrics": {"sizeSummary": {"outputBytes": True}}},
    "run.metrics.recordSummary.failedInfo": {"metrics": {"recordSummary": {"failedInfo": {}}}},
    "run.metrics.statusSummary.status": {"metrics": {"statusSummary": {"status": 1}}},
    "run.createdAt": {"createdAt": 10**17},
    "run.flowId": {"flowId": {}},
}


@pytest.mark.parametrize("where", ODD)
def test_a_shape_that_nobody_sends_is_told_with_its_place(where: str) -> None:
    with pytest.raises(AnswerError) as caught:
        parse_run({"id": "run", **ODD[where]})
    assert caught.value.message.startswith(f"{where}: expected ")


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("odd", [None, [], "x", {}, {"id": ""}, {"id": 1}])
def test_what_has_no_id_is_nothing(parse: Any, odd: object) -> None:
    with pytest.raises(AnswerError):
        parse(odd)


NAMES = st.sampled_from(
    [
        *("id", "name", "state", "flowSpec", "connectionSpec", "scheduleParams", "startTime", "interval", "timeUnit"),
        *("metrics", "durationSummary", "startedAtUTC", "recordSummary", "failedInfo", "params", "datasets", "auth"),
        *("dataSetId", "items", "_links", "next", "href", "inheritedAttributes", "targetConnections", "updatedAt"),
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(NAMES, ANYTHING))
def test_whatever_comes_is_read_or_refused(document: dict[str, Any]) -> None:
    for parse in (*PARSERS, parse_page, parse_runs, is_dataset_flow):
        with suppress(AnswerError):
            parse({"id": "x", **document})


class TestSchedule:
    def flow(self, **schedule: Any) -> FlowSchedule:
        return parse_flow({"id": "flow", "scheduleParams": schedule}).schedule

    @pytest.mark.parametrize(
        ("mode", "unit", "interval", "words", "read_as"),
        [
            ("DAILY_FULL_EXPORT", "day", 0, "once", "full"),
            ("FIRST_FULL_THEN_INCREMENTAL", "day", 1, "every 24h", "full-then-incremental"),
            ("FIRST_FULL_THEN_INCREMENTAL", "hour", 9, "every 9h", "full-then-incremental"),
            (None, "HOUR", 3, "every 3h", None),
            ("DAILY_FULL_EXPORT", None, None, "once", "full"),
            (None, None, None, None, None),
            ("OTHER", "month", 1, None, None),
        ],
    )
    def test_a_cadence_is_told_in_words(
        self, mode: str | None, unit: str | None, interval: int | None, words: str | None, read_as: str | None
    ) -> None:
        schedule = self.flow(exportMode=mode, timeUnit=unit, interval=interval, startTime=1668470400)
        assert (schedule.words(), schedule.mode) == (words, read_as)
        cadence = schedule.cadence()
        assert isinstance(cadence, Once if words == "once" else Every if words else type(None))

    def test_times_are_seconds_and_milliseconds_where_they_must_be(self) -> None:
        assert self.flow(startTime=1668470400).start_at == AT
        assert self.flow(startTime=1668470400000).start_at == AT
        assert self.flow(startTime=1668470400, endTime=253402300799).end_at == datetime(
            9999, 12, 31, 23, 59, 59, 0, UTC
        )
        assert self.flow(startTime=1668470400, endTime=0).end_at is None
        assert parse_flow({"id": "f", "updatedAt": 1668470400000}).updated_at == AT
        assert parse_flow({"id": "f", "updatedAt": 1668470400}).updated_at == AT

    def test_the_template_has_two_spellings(self) -> None:
        for name in ("foldernameTemplate", "folderNameTemplate"):
            assert self.flow(**{name: "%DATASET_ID%"}).template == "%DATASET_ID%"
        assert self.flow(foldernameTemplate="").template is None

    def test_no_start_no_cadence(self) -> None:
        assert self.flow(timeUnit="day", interval=1).cadence() is None


def test_the_kind_of_a_flow_is_that_of_its_target_where_its_own_spec_is_another() -> None:
    flow = parse_flow(
        {
            "id": "f",
            "flowSpec": {"id": "other"},
            "inheritedAttributes": {
                "sourceConnections": [{"id": "s", "connectionSpec": {"id": DATA_LAKE}}],
                "targetConnections": [{"id": "t", "connectionSpec": {"id": KINDS["sftp"].connection_spec}}],
            },
        }
    )
    assert (flow.kind, flow.exports_datasets) == (KINDS["sftp"], True)


def test_the_last_run_of_a_flow_is_told_with_it() -> None:
    last = parse_flow(
        {"id": "f", "lastRunDetails": {"id": "r", "state": "Failed", "startedAtUTC": 1668470400000}}
    ).last_run
    assert last is not None
    assert (last.id, last.status, last.started_at, last.completed_at) == ("r", RunStatus.FAILED, AT, None)


def test_secrets_of_a_login_are_not_kept() -> None:
    auth = {
        "specName": "SFTP with Password",
        "params": {"domain": "sftp.example", "username": "me", "password": "hush"},
    }
    base = parse_base_connection({"id": "b", "auth": auth, "encryption": {"params": {"publicKey": "x"}}})
    assert (base.auth_spec, base.domain, base.username, base.encrypts) == (
        "SFTP with Password",
        "sftp.example",
        "me",
        True,
    )
    assert "hush" not in base.raw + repr(base)


def test_a_saved_document_is_read_in_any_of_its_forms() -> None:
    forms = ({"items": [RUN, RUN]}, [RUN, RUN], [{"items": [RUN]}, RUN], [{"items": [RUN, RUN]}])
    for form in forms:
        assert [run.id for run in load_runs(json.dumps(form), "runs.json")] == ["run", "run"]
    for odd in ("", "{", "1", '{"x": 1}', "[" * 100_000):
        with pytest.raises(AnswerError, match=r"^runs\.json: "):
            load_runs(odd, "runs.json")
