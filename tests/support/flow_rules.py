"""What Flow Service refuses, destination by destination, and in which words; not what it keeps."""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from support.flow_server import FlowServer

Item = dict[str, Any]

DATA_LAKE = "23598e46-f560-407b-88d5-ea6207e49db0"
SPECS = {
    "s3": ("4fce964d-3f37-408f-9778-e597338a21ee", "269ba276-16fc-47db-92b0-c1049a3c131f"),
    "azure-blob": ("6d6b59bf-fb58-4107-9064-4d246c0e5bb2", "95bd8965-fc8a-4119-b9c3-944c2c2df6d2"),
    "adls-gen2": ("be2c3209-53bc-47e7-ab25-145db8b873e1", "17be2013-2549-41ce-96e7-a70363bec293"),
    "data-landing-zone": ("10440537-2a7b-4583-ac39-ed38d4b848e8", "cd2fc47e-e838-4f38-a581-8fff2f99b63a"),
    "gcs": ("c5d93acb-ea8b-4b14-8f53-02138444ae99", "585c15c4-6cbf-4126-8f87-e26bff78b657"),
    "sftp": ("36965a81-b1c6-401b-99f8-22508f1e6a26", "354d6aad-4754-46e4-a576-1b384561c440"),
}
"""Connection spec and flow spec of each kind."""

_AUTHS = {
    ("s3", "Access Key"): {"s3AccessKey": r"[A-Z2-7]{20}", "s3SecretKey": r"[A-Za-z0-9/+]{40}"},
    ("s3", "Assumed Role"): {"s3Role": r"arn:aws:iam::\d{12}:role/.+"},
    ("azure-blob", "ConnectionString"): {"connectionString": r"DefaultEndpointsProtocol=https;.*AccountKey=.+"},
    ("adls-gen2", "Azure Service Principal Auth"): {
        "url": r"abfss://[^@/]+@[^/]+\.dfs\.core\.windows\.net.*",
        "tenant": ".+",
        "servicePrincipalId": ".+",
        "servicePrincipalKey": ".+",
    },
    ("gcs", "Google Cloud Storage authentication credentials"): {
        "accessKeyId": r".{61}",
        "secretAccessKey": r"[A-Za-z0-9+/=]{40}",
    },
    ("sftp", "SFTP with Password"): {"domain": ".+", "username": ".+", "password": ".+"},
    ("sftp", "SFTP with SSH Key"): {"domain": ".+", "username": ".+", "sshKey": r"[A-Za-z0-9+/=\s]+"},
}
_SECRETS = {
    *("s3SecretKey", "connectionString", "servicePrincipalKey", "secretAccessKey", "password", "sshKey", "publicKey"),
}
_PATH_OF_S3 = r"[0-9a-zA-Z/!\-_.*'()]*(%SEGMENT_(NAME|ID)%)?/?"
_PLACES = {
    "s3": {"bucketName": r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "path": _PATH_OF_S3},
    "azure-blob": {"container": r"[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]", "path": r"[0-9a-zA-Z/!\-_.*'()]+"},
    "adls-gen2": {"path": ".+"},
    "data-landing-zone": {"path": ".+"},
    "gcs": {"bucketName": r"(?!goog)[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]", "path": _PATH_OF_S3},
    "sftp": {"remotePath": ".+"},
}
_INTERVALS = {("day", 1), *(("hour", hours) for hours in (3, 6, 8, 9, 12))}
_request_ids = itertools.count(1)


class RefusedError(Exception):
    """An answer that is a refusal."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(status)
        self.status, self.body = status, body


def refusal(status: int, code: str, title: str, **report: Any) -> RefusedError:
    """Return a refusal in Flow Service's own family."""
    request_id = f"request-{next(_request_ids):06}"
    return RefusedError(
        status,
        {
            "type": f"https://ns.adobe.com/aep/errors/{code}",
            "title": title,
            "status": status,
            "report": {"detailed-message": "not for anybody's eyes", "request-id": request_id, **report},
            "errorMessage": "not for anybody's eyes",
        },
    )


def default_place(kind: str) -> Item:
    """Return the params of a target connection that nothing was said about."""
    named = {"s3": "bucketName", "gcs": "bucketName", "azure-blob": "container"}.get(kind)
    folder = {"remotePath" if kind == "sftp" else "path": "exports"}
    how = {"mode": "Server-to-server", "compression": "GZIP", "datasetFileType": "PARQUET"}
    return how | folder | ({named: "landing"} if named else {})


def check(name: str, item: Item, server: FlowServer) -> None:
    """Refuse an object that Flow Service would not create, nor change another into."""
    if not item.get("name"):
        raise _bad("Name missing")
    match name:
        case "sourceConnections":
            _check_source(item, server)
        case "connections":
            _check_base(item)
        case "targetConnections":
            _check_target(item, server)
        case "flows":
            _check_flow(item, server)
        case _:
            raise _bad("Resource cannot be created")


def _check_source(item: Item, server: FlowServer) -> None:
    _same(_spec(item), DATA_LAKE)
    datasets = item.get("params", {}).get("datasets")
    if not datasets or any("dataSetId" not in one for one in datasets):
        raise _bad("Datasets missing")
    if any(one["dataSetId"] not in server.datasets for one in datasets):
        raise refusal(400, "FLOW-1412-400", "Dataset not found")


def _check_base(item: Item) -> None:
    kind, auth = _kind(item), item.get("auth")
    if kind == "data-landing-zone":
        if auth:
            raise _bad("Auth not supported")
        return
    wanted = _AUTHS.get((kind, (auth or {}).get("specName")))
    if wanted is None:
        raise _bad("Auth spec unknown")
    params = auth["params"]
    if any(not re.fullmatch(pattern, str(params.get(name, ""))) for name, pattern in wanted.items()
           if name not in _SECRETS or name in params or "authorizedDate" not in params):  # fmt: skip
        raise _bad("Auth params invalid")
    if set(params) - set(wanted) - ({"port"} if kind == "sftp" else set()) - {"authorizedDate"}:
        raise _bad("Auth params unknown")


def _check_target(item: Item, server: FlowServer) -> None:
    kind, params = _kind(item), item.get("params", {})
    if item.get("baseConnectionId") not in server.bases:
        raise refusal(404, "FLOW-1439-404", "Resource not found", type="connections")
    _same(_spec(server.bases[item["baseConnectionId"]]), _spec(item))
    wanted = _PLACES[kind]
    if any(not re.fullmatch(pattern, str(params.get(name, ""))) for name, pattern in wanted.items()):
        raise _bad("Params invalid")
    known = {"mode", "compression", "datasetFileType", "includeFileManifest", *wanted}
    is_known = params.get("mode") == "Server-to-server" and not set(params) - known
    is_format = params.get("compression") in ("NONE", "GZIP") and params.get("datasetFileType") in ("JSON", "PARQUET")
    if not is_known or not is_format or not isinstance(params.get("includeFileManifest", False), bool):
        raise _bad("Params invalid")


def _check_flow(item: Item, server: FlowServer) -> None:
    targets, sources = item.get("targetConnectionIds") or [], item.get("sourceConnectionIds") or []
    if not targets or not sources or set(targets) - set(server.targets) or set(sources) - set(server.sources):
        raise refusal(404, "FLOW-1439-404", "Resource not found", type="connections")
    _same(item.get("flowSpec", {}).get("id"), SPECS[_kind(server.targets[targets[0]])][1])
    if item.get("transformations") != []:
        raise _bad("Transformations not supported")
    schedule = item.get("scheduleParams", {})
    mode, every = schedule.get("exportMode"), (schedule.get("timeUnit"), schedule.get("interval"))
    is_once = mode == "DAILY_FULL_EXPORT" and every == ("day", 0)
    if not is_once and not (mode == "FIRST_FULL_THEN_INCREMENTAL" and every in _INTERVALS):
        raise _bad("Schedule invalid")
    start, end = schedule.get("startTime"), schedule.get("endTime")
    if not isinstance(start, int) or start > 10_000_000_000 or (end is not None and end <= start):
        raise _bad("Schedule invalid")


def masked(item: Item) -> tuple[Item, Item]:
    """Return a login as it is given back, and the secrets that are not."""
    item = copy.deepcopy(item)
    hidden: Item = {}
    for part in ("auth", "encryption"):
        params = (item.get(part) or {}).get("params")
        if params is None:
            continue
        for name in _SECRETS & set(params):
            hidden[name] = params.pop(name)
        params["authorizedDate"] = 1_700_000_000_000
    return item, hidden


def patched(item: Item, operations: Sequence[Mapping[str, Any]]) -> Item:
    """Return an object with a JSON patch applied."""
    changed = copy.deepcopy(item)
    for operation in operations:
        *parents, name = operation["path"].strip("/").split("/")
        place = changed
        for parent in parents:
            place = place[parent]
        if operation["op"].lower() not in ("add", "replace") or (operation["op"] == "replace" and name not in place):
            raise _bad("Patch invalid")
        place[name] = operation["value"]
    return changed


def _spec(item: Item) -> str:
    return str(item.get("connectionSpec", {}).get("id"))


def _kind(item: Item) -> str:
    kind = next((kind for kind, (spec, _) in SPECS.items() if spec == _spec(item)), None)
    if kind is None:
        raise refusal(400, "FLOW-1413-400", "Connection spec unknown")
    return kind


def _same(found: str | None, wanted: str) -> None:
    if found != wanted:
        raise _bad("Spec does not fit")


def _bad(title: str) -> RefusedError:
    return refusal(400, "FLOW-1400-400", title)
