"""A small server on loopback that speaks as Adobe's Flow Service does: it keeps connections, flows and runs.

    with flow_server() as server:
        flow = server.add_flow("nightly", datasets={ALPHA: "Orders"}, every="3h", starts_at=JANUARY)
        server.add_run(flow, started_at=JANUARY, rows=10, files=2, bytes=4096)
        server.login()             # the login that it takes, for a FlowClient
        server.settings()          # the same as the text of [adobe]; the secret is ${ADOBE_CLIENT_SECRET}
        server.asked_for("POST")   # what it was asked: method, path, parameters, body

Spellings are as the documentation has them, which is to say in several ways: `add_flow(template_key=…)`,
`add_run(status="Success", ended="stoppedAtUTC", without=["sizeSummary"])`. Anything of an object may be set by name:
`add_run(flow, metrics={…})`; `server.flows[id]`, `.runs`, `.sources`, `.targets`, `.bases` are the objects as kept.

It checks headers, filters, sorts and pages (`page_items` a page, tokens that hold `=` and `&`), answers errors in both
families, masks secrets in what it gives back, and refuses what `flow_rules` knows Adobe refuses. Faults come in turn:
`server.faults.append(Fault("GET", "/runs", status=429, retry_after="1"))`; with `done=True` the thing is done before
the answer goes wrong, and `status=None` gives no answer at all. `without_waits(monkeypatch)` makes clients hurry.
"""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from support import flow_rules
from support.adobe_server import CLIENT_ID, CLIENT_SECRET, ORG_ID, Adobe, DropLineError, Reply, serving
from support.flow_lists import listed, sliced
from support.flow_rules import DATA_LAKE, SPECS, RefusedError, refusal
from support.proxy import Request

from catalog.adobe import client
from verifier.backends import retry
from verifier.backends.adobe_login import Login

BASE = "/data/foundation/flowservice"
CONFIGS = f"/connectionSpecs/{DATA_LAKE}/configs"
Item = dict[str, Any]
_UNITS = {"h": "hour", "d": "day"}


@dataclass(slots=True)
class Fault:
    """What goes wrong with the next requests for a path (a pattern for its end), so many times."""

    method: str
    path: str
    status: int | None = 500
    times: int = 1
    retry_after: str | None = None
    done: bool = False
    body: Mapping[str, Any] | bytes = b""

    def reply(self, server: FlowServer) -> Reply:
        """Return what is answered, or drop the line."""
        if self.status is None:
            raise DropLineError
        server.more_headers = {"Retry-After": self.retry_after} if self.retry_after is not None else {}
        return self.status, self.body


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for Flow Service: its path below it, its parameters, its body."""

    method: str
    path: str
    params: tuple[tuple[str, str], ...]
    body: Any
    headers: Mapping[str, str] = field(repr=False)


@dataclass(slots=True)
class FlowServer(Adobe):
    """A running server and all that it keeps, by id."""

    datasets: dict[str, Item] = field(default_factory=dict)
    bases: dict[str, Item] = field(default_factory=dict)
    sources: dict[str, Item] = field(default_factory=dict)
    targets: dict[str, Item] = field(default_factory=dict)
    flows: dict[str, Item] = field(default_factory=dict)
    runs: dict[str, Item] = field(default_factory=dict)
    secrets: dict[str, Item] = field(default_factory=dict)
    page_items: int = 100
    faults: list[Fault] = field(default_factory=list)
    asks: list[Asked] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    hidden: set[str] = field(default_factory=set)
    """Ids that an access label hides: they answer as if they were not there."""

    def login(self, sandbox: str = "prod") -> Login:
        """Return a login that is taken."""
        return Login(
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            org_id=ORG_ID,
            sandbox=sandbox,
            ims_url=self.url,
            platform_url=self.url,
        )

    def settings(self, *more: str) -> str:
        """Return the table [adobe] for this server; the secret comes from ADOBE_CLIENT_SECRET."""
        lines = [
            "[adobe]",
            f'client_id = "{CLIENT_ID}"',
            'client_secret = "${ADOBE_CLIENT_SECRET}"',
            f'org_id = "{ORG_ID}"',
            f'ims_url = "{self.url}"',
            f'platform_url = "{self.url}"',
        ]
        return "\n".join([*lines, *more, ""])

    def asked_for(self, method: str | None = None, path: str | None = None) -> list[Asked]:
        """Return what was asked for, in order: all of it, or by method, or by path."""
        return [a for a in self.asks if method in (None, a.method) and path in (None, a.path)]

    def add_dataset(self, dataset_id: str, name: str, **more: Any) -> str:
        """Keep a dataset that may be exported; return its id."""
        self.datasets[dataset_id] = {"id": dataset_id, "name": name, "state": "DRAFT", "aspect": "production", **more}
        return dataset_id

    def add_flow(
        self,
        name: str,
        *,
        kind: str = "s3",
        datasets: Mapping[str, str | None] | Iterable[str] = (),
        every: str = "24h",
        starts_at: datetime,
        ends_at: datetime | None = None,
        mode: str | None = "FIRST_FULL_THEN_INCREMENTAL",
        template: str | None = None,
        template_key: str = "foldernameTemplate",
        place: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """Keep a flow and its three connections; return its id.

        `every` is as in settings: 3h, 24h, once. `place` are the params of the target connection that differ from
        GZIP Parquet in `exports`; `more` are fields of the flow, such as state="disabled".
        """
        named = dict(datasets) if isinstance(datasets, Mapping) else dict.fromkeys(datasets)
        for dataset_id, dataset_name in named.items():
            self.datasets.setdefault(dataset_id, {"id": dataset_id, "name": dataset_name, "state": "DRAFT"})
        listed_there = [{"dataSetId": i} | ({"name": n} if n else {}) for i, n in named.items()]
        source = self.keep(self.sources, _connection(name, DATA_LAKE, params={"datasets": listed_there}))
        spec = SPECS[kind][0]
        base = self.keep(self.bases, _connection(f"{name} login", spec, auth={"specName": "any", "params": {}}))
        params = {**flow_rules.default_place(kind), **(place or {})}
        params = {key: value for key, value in params.items() if value is not None}
        target = self.keep(self.targets, {**_connection(name, spec, params=params), "baseConnectionId": base})
        schedule = {"exportMode": mode, **schedule_of(every), "startTime": int(starts_at.timestamp())}
        schedule |= {"endTime": int(ends_at.timestamp())} if ends_at else {}
        schedule |= {template_key: template} if template else {}
        return self.keep_flow(
            {
                "name": name,
                "flowSpec": {"id": SPECS[kind][1], "version": "1.0"},
                "sourceConnectionIds": [source],
                "targetConnectionIds": [target],
                "scheduleParams": {key: value for key, value in schedule.items() if value is not None},
                "transformations": [],
                **more,
            }
        )

    def add_run(
        self,
        flow_id: str,
        *,
        status: str | None = "success",
        started_at: datetime,
        took: timedelta | None = timedelta(seconds=15),
        rows: int | None = 0,
        files: int | None = 0,
        bytes: int | None = 0,  # noqa: A002  as Adobe's and our documents call them
        errors: Iterable[tuple[str, str]] = (),
        ended: str = "completedAtUTC",
        without: Iterable[str] = (),
        **more: Any,
    ) -> str:
        """Keep a run; return its id. `without` are summaries left out; `more` are fields of the run."""
        began = milliseconds(started_at)
        times = {"startedAtUTC": began} | ({ended: began + took // timedelta(milliseconds=1)} if took else {})
        failed = [{"code": code, "message": message} for code, message in errors]
        metrics: Item = {
            "durationSummary": times,
            "sizeSummary": {"inputBytes": bytes, "outputBytes": bytes},
            "recordSummary": {"inputRecordCount": rows, "createdRecordCount": rows, "outputRecordCount": rows},
            "fileSummary": {"inputFileCount": files, "outputFileCount": files},
            "statusSummary": {"status": status, "activityRefs": []} | ({"errors": failed} if failed else {}),
        }
        run = {
            "flowId": flow_id,
            "flowSpec": self.flows[flow_id]["flowSpec"] if flow_id in self.flows else {},
            "metrics": {name: value for name, value in metrics.items() if name not in set(without)},
            "activities": [],
        }
        ran = self.keep(self.runs, {**run, "createdAt": began, "updatedAt": max(times.values()), **more})
        if flow_id in self.flows:
            ends = {ended: times[ended]} if ended in times else {}
            self.flows[flow_id]["lastRunDetails"] = {"id": ran, "state": status, "startedAtUTC": began, **ends}
        return ran

    def keep(self, kept: dict[str, Item], item: Item) -> str:
        """Keep an object under a new id, with what Adobe adds to it; return the id."""
        number = next(self.numbers)
        found = item.get("id") or f"{number:08x}-0000-4000-8000-{number:012x}"
        now = int(time.time() * 1000)
        added = {
            "id": found,
            "createdAt": now,
            "updatedAt": now,
            "createdBy": "someone@AdobeID",
            "sandboxName": "prod",
            "imsOrgId": ORG_ID,
            "state": "enabled",
            "etag": f'"{number:04x}-0"',
        }
        kept[found] = {**added, **item, "id": found}
        return str(found)

    def keep_flow(self, item: Item) -> str:
        """Keep a flow with what it takes over from its connections."""
        flow_id = self.keep(self.flows, {"runs": "", **item})
        flow = self.flows[flow_id]
        flow["runs"] = f"/runs?property=flowId=={flow_id}"
        flow["inheritedAttributes"] = {
            "properties": {"isDestinationFlow": True},
            "sourceConnections": [_inherited(self.sources[i]) for i in flow["sourceConnectionIds"]],
            "targetConnections": [_inherited(self.targets[i]) for i in flow["targetConnectionIds"]],
        }
        return flow_id

    def reply(self, request: Request, body: bytes) -> Reply:
        """Answer one request as Flow Service would, or as the service that is asked."""
        parts = urlsplit(request.target)
        if not parts.path.startswith(BASE):
            return Adobe.reply(self, request, body)
        params = tuple(parse_qsl(parts.query, keep_blank_values=True))
        content = json.loads(body) if body else None
        asked = Asked(request.method, parts.path.removeprefix(BASE), params, content, request.headers)
        self.asks.append(asked)
        fault = next((f for f in self.faults if f.method == asked.method and re.search(f"{f.path}$", asked.path)), None)
        if fault:
            fault.times -= 1
            if not fault.times:
                self.faults.remove(fault)
            if not fault.done:
                return fault.reply(self)
        answer = self._answered(asked)
        return fault.reply(self) if fault else answer

    def _answered(self, asked: Asked) -> Reply:
        try:
            self._check(asked)
            match asked.method:
                case "GET":
                    return self._get(asked)
                case "POST":
                    return 201, self._post(asked)
                case "PATCH":
                    return 200, self._patch(asked)
            raise refusal(405, "FLOW-1000-405", "Method not allowed")
        except RefusedError as error:
            return error.status, error.body

    def _check(self, asked: Asked) -> None:
        headers = asked.headers
        for name in ("Authorization", "X-Api-Key", "X-Gw-Ims-Org-Id"):
            if not headers.get(name):
                raise RefusedError(400, {"error_code": "400003", "message": f"Header {name} is missing"})
        if headers["X-Api-Key"] != CLIENT_ID:
            raise RefusedError(403, {"error_code": "403003", "message": f"Api Key is invalid: {headers['X-Api-Key']}"})
        if not self.takes_tokens or headers["Authorization"] != f"Bearer {self.tokens[-1]}":
            told = f"Oauth token is not valid: {headers['Authorization']}"
            raise RefusedError(401, {"error_code": "401013", "message": told})
        if headers["X-Gw-Ims-Org-Id"] != ORG_ID:
            raise RefusedError(403, {"error_code": "403025", "message": "Profile is not valid"})
        if not headers.get("X-Sandbox-Name"):
            raise refusal(400, "FLOW-2105-400", "Sandbox header missing")
        if headers["X-Sandbox-Name"] not in self.sandboxes:
            raise refusal(404, "FLOW-2100-404", "Sandbox not found")
        if asked.body is not None and headers.get("Content-Type") != "application/json":
            raise refusal(415, "FLOW-1000-415", "Unsupported media type")

    def _kept(self, name: str) -> dict[str, Item]:
        kept = {
            "connections": self.bases,
            "sourceConnections": self.sources,
            "targetConnections": self.targets,
            "flows": self.flows,
            "runs": self.runs,
        }
        if name not in kept:
            raise RefusedError(404, {"error_code": "404003", "message": "nothing is here"})
        return kept[name]

    def _get(self, asked: Asked) -> Reply:
        if asked.path == CONFIGS:
            return 200, sliced(list(self.datasets.values()), asked.params, self.page_items)
        name, _, found = asked.path.strip("/").partition("/")
        kept = self._kept(name)
        if found:
            return 200, {"items": [self._one(name, kept, unquote(found))]}
        items = [item for item in kept.values() if item["id"] not in self.hidden]
        return 200, listed(items, asked.path, asked.params, self.page_items)

    def _one(self, name: str, kept: Mapping[str, Item], found: str) -> Item:
        if found not in kept or found in self.hidden:
            raise refusal(404, "FLOW-1439-404", "Resource not found", type=name)
        return kept[found]

    def _post(self, asked: Asked) -> Item:
        name = asked.path.strip("/")
        kept = self._kept(name)
        item = dict(asked.body)
        flow_rules.check(name, item, self)
        if name == "connections":
            auth = item.get("auth")
            item, hidden = flow_rules.masked(item)
        item.setdefault("description", "")
        found = self.keep_flow(item) if name == "flows" else self.keep(kept, item)
        if name == "connections":
            self.secrets[found] = hidden if auth else {}
        return {"id": found, "etag": kept[found]["etag"]}

    def _patch(self, asked: Asked) -> Item:
        name, _, found = asked.path.strip("/").partition("/")
        item = self._one(name, self._kept(name), found)
        if "If-Match" not in asked.headers:
            raise refusal(400, "FLOW-1424-400", "If-Match header missing")
        if asked.headers["If-Match"] != item["etag"]:
            raise refusal(412, "FLOW-1434-412", "Precondition failed")
        changed = flow_rules.patched(item, asked.body)
        flow_rules.check(name, changed, self)
        if name == "connections":
            changed, hidden = flow_rules.masked(changed)
            self.secrets[found] = {**self.secrets.get(found, {}), **hidden}
        head, _, count = item["etag"].strip('"').rpartition("-")
        changed |= {"etag": f'"{head}-{int(count) + 1}"', "updatedAt": int(time.time() * 1000)}
        item.update(changed)
        if name == "flows":
            sources = [_inherited(self.sources[i]) for i in item["sourceConnectionIds"]]
            item["inheritedAttributes"] = {**item["inheritedAttributes"], "sourceConnections": sources}
        return {"id": found, "etag": item["etag"]}


@contextmanager
def flow_server() -> Iterator[FlowServer]:
    """Run the server until the block ends."""
    with serving(lambda url: FlowServer(url, lambda number: {})) as server:
        yield server


def without_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients of this process hurry: hardly a pause between requests or tries."""
    monkeypatch.setattr(client, "SECONDS_BETWEEN", 0.0)
    for module in (client, retry):
        monkeypatch.setattr(module, "FIRST_WAIT_SECONDS", 0.01)
        monkeypatch.setattr(module, "GREATEST_WAIT_SECONDS", 0.01)


def schedule_of(every: str) -> Item:
    """Return unit and interval of a cadence as settings write it."""
    if every == "once":
        return {"timeUnit": "day", "interval": 0}
    count, unit = int(every[:-1]), every[-1]
    if unit == "h" and count % 24 == 0:
        count, unit = count // 24, "d"
    return {"timeUnit": _UNITS[unit], "interval": count}


def milliseconds(at: datetime) -> int:
    """Return a moment in epoch milliseconds."""
    return int(at.timestamp() * 1000)


def _connection(name: str, spec: str, **more: Any) -> Item:
    return {"name": name, "connectionSpec": {"id": spec, "version": "1.0"}, **more}


def _inherited(connection: Item) -> Item:
    return {"id": connection["id"], "connectionSpec": connection["connectionSpec"]}
