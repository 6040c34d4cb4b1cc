"""The API described by itself: whole, right, and tried by schemathesis, which believes nothing else."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from support.service import Served, serving
from support.zones import ALPHA, BETA, Zone, daily, some_json

from catalog.service.api.examples import EXAMPLES, PARAMETERS
from fixtures.content import TIME, json_part, moment

Description = dict[str, Any]

_LEFT_OUT = {
    "positive_data_acceptance": "a text that names nothing is right in form, and refused",
    "ignored_auth": "wrong tokens are throttled; who may do what is tried role by role elsewhere",
}
_METHODS = {"get", "post", "put", "patch", "delete"}
_EXAMPLES = 40
"""Of each operation, at most; not bounded by time, so that it tries the same on every machine."""


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Zone:
    """What examples may name: a dataset that goes by the name of the examples, and one that is bad."""
    zone = Zone(tmp_path_factory.mktemp("openapi"), "cja")
    zone.settings(daily(ALPHA, 'name = "Web events"', 'mode = "full"', zone="cja"), daily(BETA, zone="cja"))
    zone.exports(3, files=2)
    folder = zone.export(BETA)
    zone.scan()
    zone.put(f"{folder}/{json_part()}", some_json(9), moment("202609210100"))
    zone.scan()
    return zone


@pytest.fixture(scope="module")
def served(zone: Zone) -> Iterator[Served]:
    with serving(zone.config, roles=("operator", "viewer")) as served:
        yield served


@pytest.fixture(scope="module")
def description(served: Served) -> Description:
    return served.document("/openapi.json", "viewer")


def _operations(description: Description) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in description["paths"].items():
        for method, one in operations.items():
            if method in _METHODS:
                yield method, path, one


def _documents(description: Description) -> dict[str, str]:
    """Return the schema of the document by address, of all that answer GET with one."""
    found = {}
    for method, path, one in _operations(description):
        schema = one["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
        if method == "get" and "$ref" in schema:
            found[path] = schema["$ref"].rpartition("/")[2]
    return found


def _validator(description: Description, name: str) -> Any:
    schemas = {"$defs": description["components"]["schemas"], "$ref": f"#/$defs/{name}"}
    text = json.dumps(schemas).replace("#/components/schemas/", "#/$defs/")
    return jsonschema_rs.validator_for(json.loads(text))


def test_every_operation_says_what_it_is_and_what_may_go_wrong(description: Description) -> None:
    assert description["openapi"].startswith("3.1")
    tags = {one["name"] for one in description["tags"]}
    ids = []
    for method, path, one in _operations(description):
        assert one["summary"], path
        assert not one["summary"].endswith("."), path
        assert "422" not in one["responses"], path
        ids.append(one["operationId"])
        if path.startswith("/api/"):
            assert one["tags"], path
            assert set(one["tags"]) <= tags, (method, path, one["tags"])
            assert {"400", "401", "403", "404", "429", "503"} <= set(one["responses"]), (method, path)
            assert one["x-landproof-role"] in ("viewer", "auditor", "operator")
    assert len(ids) == len(set(ids))
    assert set(description["components"]["securitySchemes"]) == {"token", "session"}


def test_every_parameter_says_what_it_means(description: Description) -> None:
    for _method, path, one in _operations(description):
        if one["tags"][0] in ("look-ups", "judgements", "record", "sql"):
            assert [p["name"] for p in one["parameters"] if not p.get("description")] == [], path


def test_examples_are_what_they_are_examples_of(description: Description) -> None:
    for name, example in EXAMPLES.items():
        assert description["components"]["schemas"][name]["examples"] == [example]
        _validator(description, name).validate(example)
    used = {p["name"] for _m, _p, one in _operations(description) for p in one.get("parameters", ())}
    assert set(PARAMETERS) <= used


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/v1/show", f"snapshot=cja/{BETA}/{TIME}"),
        ("/api/v1/diff", f"a=cja/{ALPHA}/202609180100&b=cja/{ALPHA}/{TIME}"),
        ("/api/v1/history", f"subject=cja/{BETA}/{TIME}"),
        ("/api/v1/find", f"text={ALPHA}"),
        ("/api/v1/check", "at=2026-09-20T12:00:00Z&from=2026-09-18"),
        ("/api/v1/rpo", "dataset=Web events&from=2026-09-18&to=2026-09-21&objective=36h"),
        ("/api/v1/retention", "policy=keep-daily%3D2"),
        ("/api/v1/restore/plan", "dataset=Web events&as_of=2026-09-21"),
        ("/api/v1/sql", "query=SELECT 1"),
        ("/api/v1/snapshots", ""),
        ("/api/v1/datasets", ""),
        ("/api/v1/scans", ""),
        ("/api/v1/ledger", ""),
        ("/api/v1/metrics", ""),
    ],
)
def test_answers_with_something_in_them_are_as_described(
    served: Served, description: Description, path: str, query: str
) -> None:
    document = served.document(f"{path}?{query}", "operator")
    name = _documents(description)[path]
    _validator(description, name).validate(document)
    described = description["components"]["schemas"][name]["properties"]
    assert set(document) - set(described) == set(), "fields that the description does not know"


def _tried(served: Served, schema: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Have schemathesis try the API; its own words are the explanation of what it found."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", schema, "--url", served.url, "--no-color"]
    header = f"Authorization: Bearer {served.token('operator')}"
    command += ["--header", header, "--seed", "7", "--no-shrink", "--warnings", "off", "--request-timeout", "60"]
    command += ["--exclude-checks", ",".join(_LEFT_OUT), "--generation-database", "none", *words]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SCHEMATHESIS")}
    folder = served.config.parent
    return subprocess.run(command, capture_output=True, text=True, timeout=900, cwd=folder, env=clean)


def test_schemathesis_finds_nothing_that_is_not_as_described(served: Served) -> None:
    url = f"{served.url}/openapi.json"
    # By one worker: with two, Python's parser, which the tool asks about its own code, at times fails in one of them.
    done = _tried(served, url, "--phases", "examples,coverage,fuzzing", "--max-examples", str(_EXAMPLES))
    assert done.returncode == 0, done.stdout[:8000] + done.stderr[-2000:]
    assert "Tested" in done.stdout


def test_schemathesis_would_find_what_is_not_as_described(
    served: Served, description: Description, tmp_path: Path
) -> None:
    wrong = copy.deepcopy(description)
    wrong["paths"] = {"/api/v1/datasets": wrong["paths"]["/api/v1/datasets"]}
    wrong["components"]["schemas"]["Dataset"]["required"].append("owner")
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(wrong), encoding="utf-8")
    done = _tried(served, str(file), "--phases", "fuzzing", "--max-examples", "5")
    assert done.returncode == 1
    assert "'owner'" in done.stdout or '"owner"' in done.stdout


def test_the_description_is_for_those_who_are_let_in(served: Served) -> None:
    assert served.get("/openapi.json").status_code == 401
    first = served.get("/openapi.json", "viewer")
    again = served.get("/openapi.json", "viewer", **{"If-None-Match": first.headers["etag"]})
    assert (first.headers["content-type"], again.status_code) == ("application/json", 304)
    assert isinstance(httpx.Response(200, content=first.content).json(), dict)
