"""Read Flow Service's JSON into values, as tolerantly as its spellings ask for; judges nothing of what it says.

Every function raises `AnswerError` for a shape that Flow Service does not send.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from catalog.adobe.kinds import DATA_LAKE, Kind, kind_of_connection, kind_of_flow
from catalog.adobe.model import (
    BaseConnection,
    DatasetRef,
    EligibleDataset,
    EntityRows,
    Flow,
    FlowSchedule,
    Format,
    LastRun,
    Page,
    Run,
    RunError,
    RunStatus,
    SourceConnection,
    TargetConnection,
)
from catalog.adobe.shapes import AnswerError, Shape, shape_of

_STATUSES = {
    "success": RunStatus.SUCCESS,
    "completed": RunStatus.SUCCESS,
    "partialsuccess": RunStatus.PARTIAL,
    "partialfailure": RunStatus.PARTIAL,
    "failed": RunStatus.FAILED,
    "failure": RunStatus.FAILED,
    "inprogress": RunStatus.IN_PROGRESS,
    "processing": RunStatus.IN_PROGRESS,
    "waiting": RunStatus.IN_PROGRESS,
    "queued": RunStatus.IN_PROGRESS,
    "scheduled": RunStatus.IN_PROGRESS,
}


_SHOWN = ("url", "tenant", "servicePrincipalId", "domain", "username", "port", "s3Role")
"""What of a login is no secret."""


def parse_status(text: str | None) -> RunStatus:
    """Return the status of a run in its one form."""
    plain = "".join(c for c in (text or "").lower() if c not in "_- ")
    return _STATUSES.get(plain, RunStatus.UNKNOWN)


def parse_page(document: object) -> Page:
    """Read `items` and the token of the next page; an object that is in no `items` is a page of one."""
    shape = shape_of(document, "answer")
    if "items" not in shape.values and "id" in shape.values:
        return Page(items=(dict(shape.values),))
    if shape.values.get("items") is None:
        raise AnswerError("answer.items: expected an array, got nothing")
    items = tuple(dict(item.values) for item in shape.items("items"))
    href = shape.inner("_links", "next").text("href")
    return Page(items=items, token=_token(href) if href else None, count=shape.count("count"))


def _token(href: str) -> str:
    """Return the whole token: it may hold `=` and stand behind other parameters."""
    found = parse_qs(urlsplit(href).query).get("continuationToken")
    if not found:
        raise AnswerError("answer._links.next.href: expected a continuationToken, got none")
    return found[0]


def is_dataset_flow(mapping: object) -> bool:
    """Tell whether a dataflow exports datasets, by its ids alone: other flows may have shapes of their own."""
    shape = shape_of(mapping, "flow")
    sources = shape.inner("inheritedAttributes").items("sourceConnections")
    return kind_of_flow(shape.inner("flowSpec").text("id")) is not None or DATA_LAKE in map(_spec_id, sources)


def parse_flow(mapping: object) -> Flow:
    """Read a dataflow, of whatever kind it is."""
    shape = shape_of(mapping, "flow")
    spec_id, inherited = shape.inner("flowSpec").text("id"), shape.inner("inheritedAttributes")
    targets = [_spec_id(one) for one in inherited.items("targetConnections")]
    last = shape.inner("lastRunDetails")
    kind = kind_of_flow(spec_id)
    return Flow(
        id=shape.needed("id"),
        name=shape.text("name") or "",
        description=shape.text("description") or "",
        state=_lower(shape.text("state")),
        flow_spec_id=spec_id,
        kind=kind or next((found for one in targets if (found := kind_of_connection(one))), None),
        exports_datasets=is_dataset_flow(mapping),
        source_connection_ids=shape.texts("sourceConnectionIds"),
        target_connection_ids=shape.texts("targetConnectionIds"),
        schedule=_schedule(shape.inner("scheduleParams")),
        created_at=shape.moment("createdAt"),
        updated_at=shape.moment("updatedAt"),
        etag=shape.text("etag"),
        last_run=_last_run(last) if last.values else None,
        raw=_raw(shape),
    )


def parse_schedule(params: object) -> FlowSchedule:
    """Read a dataflow's `scheduleParams`, as they come or as they are to be."""
    return _schedule(shape_of(params, "scheduleParams"))


def _schedule(shape: Shape) -> FlowSchedule:
    return FlowSchedule(
        export_mode=shape.text("exportMode"),
        unit=_lower(shape.text("timeUnit")),
        interval=shape.count("interval"),
        start_at=shape.moment_of_seconds("startTime"),
        end_at=shape.moment_of_seconds("endTime"),
        template=shape.text("foldernameTemplate", "folderNameTemplate") or None,
    )


def _last_run(shape: Shape) -> LastRun:
    return LastRun(
        id=shape.text("id"),
        status=parse_status(shape.text("state", "status")),
        started_at=shape.moment("startedAtUTC"),
        completed_at=shape.moment("completedAtUTC", "stoppedAtUTC"),
    )


def parse_source_connection(mapping: object) -> SourceConnection:
    """Read what a flow exports."""
    shape = shape_of(mapping, "source connection")
    datasets = [
        DatasetRef(found, one.text("name"))
        for one in shape.inner("params").items("datasets")
        if (found := one.text("dataSetId", "datasetId", "id"))
    ]
    return SourceConnection(
        id=shape.needed("id"),
        name=shape.text("name") or "",
        description=shape.text("description") or "",
        spec_id=_spec_id(shape),
        state=_lower(shape.text("state")),
        datasets=tuple(datasets),
        updated_at=shape.moment("updatedAt"),
        etag=shape.text("etag"),
        raw=_raw(shape),
    )


def parse_target_connection(mapping: object) -> TargetConnection:
    """Read where a flow exports to, and how."""
    shape = shape_of(mapping, "target connection")
    params = shape.inner("params")
    formats: Mapping[str, Format] = {"parquet": "parquet", "json": "json"}
    compressed = {"none": False, "gzip": True}
    return TargetConnection(
        id=shape.needed("id"),
        name=shape.text("name") or "",
        description=shape.text("description") or "",
        base_connection_id=shape.text("baseConnectionId"),
        kind=_kind(shape),
        state=_lower(shape.text("state")),
        bucket=params.text("bucketName"),
        container=params.text("container"),
        path=params.text("path", "remotePath"),
        format=formats.get(_lower(params.text("datasetFileType")) or ""),
        compressed=compressed.get(_lower(params.text("compression")) or ""),
        manifest=params.truth("includeFileManifest"),
        updated_at=shape.moment("updatedAt"),
        etag=shape.text("etag"),
        raw=_raw(shape),
    )


def parse_base_connection(mapping: object) -> BaseConnection:
    """Read how Adobe logs in; what it masks is not kept."""
    shape = shape_of(mapping, "connection")
    auth = shape.inner("auth")
    params = auth.inner("params")
    return BaseConnection(
        id=shape.needed("id"),
        name=shape.text("name") or "",
        description=shape.text("description") or "",
        kind=_kind(shape),
        state=_lower(shape.text("state")),
        auth_spec=auth.text("specName"),
        url=params.text("url"),
        domain=params.text("domain"),
        port=params.count("port"),
        username=params.text("username"),
        login={name: str(params.values[name]) for name in _SHOWN if _is_shown(params.values.get(name))},
        encrypts=bool(shape.inner("encryption").inner("params").values),
        updated_at=shape.moment("updatedAt"),
        etag=shape.text("etag"),
        raw=_raw(Shape({name: value for name, value in shape.values.items() if name != "auth"}, shape.where)),
    )


def parse_run(mapping: object) -> Run:
    """Read a run; every summary in it may be missing."""
    shape = shape_of(mapping, "run")
    metrics = shape.inner("metrics")
    times, records = metrics.inner("durationSummary"), metrics.inner("recordSummary")
    status = metrics.inner("statusSummary")
    return Run(
        id=shape.needed("id"),
        flow_id=shape.text("flowId"),
        flow_spec_id=shape.inner("flowSpec").text("id"),
        status=parse_status(status.text("status") or shape.text("state", "status")),
        started_at=times.moment("startedAtUTC"),
        completed_at=times.moment("completedAtUTC", "stoppedAtUTC"),
        created_at=shape.moment("createdAt"),
        updated_at=shape.moment("updatedAt"),
        rows=records.count("outputRecordCount", "createdRecordCount"),
        rows_skipped=records.count("skippedRecordCount"),
        rows_failed=records.count("failedRecordCount"),
        files=metrics.inner("fileSummary").count("outputFileCount"),
        bytes=metrics.inner("sizeSummary").count("outputBytes"),
        entities=tuple(_entities(records)),
        errors=tuple(dict.fromkeys((*_errors(status, "errors"), *_errors(records, "failedInfo")))),
        skipped=tuple(_errors(records, "skippedInfo")),
        raw=_raw(shape),
    )


def parse_runs(document: object) -> tuple[Run, ...]:
    """Read a saved `/runs` document: its `items`, a single run, or an array of either."""
    if isinstance(document, list):
        return tuple(run for one in document for run in parse_runs(one))
    return tuple(parse_run(item) for item in parse_page(document).items)


def load_runs(text: str, where: str) -> tuple[Run, ...]:
    """Read the text of a saved `/runs` document. Raises `AnswerError` that names `where`."""
    try:
        return parse_runs(json.loads(text))
    except (ValueError, RecursionError):
        raise AnswerError(f"{where}: not JSON", hint="save it with: landproof adobe runs FLOW --output FILE") from None
    except AnswerError as error:
        raise AnswerError(f"{where}: {error.message}") from None


def parse_eligible(mapping: object) -> EligibleDataset:
    """Read a dataset that may be exported."""
    shape = shape_of(mapping, "dataset")
    return EligibleDataset(
        id=shape.needed("id"),
        name=shape.text("name"),
        state=shape.text("state"),
        description=shape.text("description"),
        schema_id=shape.inner("schemaRef").text("id"),
        updated_at=shape.moment("updated"),
        raw=_raw(shape),
    )


def _errors(shape: Shape, name: Literal["errors", "failedInfo", "skippedInfo"]) -> Iterator[RunError]:
    for one in shape.items(name):
        yield RunError(one.text("code"), one.text("message") or "", one.count("count"))


def _entities(records: Shape) -> Iterator[EntityRows]:
    for target in records.items("targetSummaries"):
        for one in target.items("entitySummaries"):
            entity = (one.text("id") or "").rpartition(":")[2]
            if entity:
                yield EntityRows(entity, one.count("outputRecordCount", "createdRecordCount"))


def _spec_id(shape: Shape) -> str | None:
    return shape.inner("connectionSpec").text("id")


def _kind(shape: Shape) -> Kind | None:
    return kind_of_connection(_spec_id(shape))


def _is_shown(value: object) -> bool:
    """Tell whether a value came as it is, not masked."""
    return isinstance(value, str | int) and "**" not in str(value)


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _raw(shape: Shape) -> str:
    return json.dumps(shape.values, ensure_ascii=False, separators=(",", ":"))
