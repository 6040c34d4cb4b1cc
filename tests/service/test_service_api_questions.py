"""What is asked of the API by mistake, or with no good in mind: refused in words, and nothing else comes of it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from support.processes import until
from support.service import Served, serving
from support.zones import ALPHA, Zone, daily

from catalog.service.api.few import Few
from catalog.service.responses.problems import Problem
from fixtures.content import TIME

_HOSTILE = {
    "sql": "' OR 1=1; DROP TABLE snapshot; --",
    "comment": "zone'/**/UNION/**/SELECT/**/1--",
    "path": "../../../../etc/passwd",
    "url": "file:///etc/passwd",
    "template": "{{ 7*7 }}${7*7}<script>alert(1)</script>",
    "newlines": "a\r\nSet-Cookie: x=1",
    "control": "\x01\x1b[31m\x7f",
    "right to left": "\u202eabc",
    "long": "n" * 4000,
    "a parameter of SQL": "$zone",
    "percent": "%00%2e%2e%2f",
    "emoji": "\U0001f4a9",
    "like": "%_%",
    "number": "9" * 300,
}
_TEXTS = (
    ("datasets", "zone"),
    ("snapshots", "zone"),
    ("snapshots", "dataset"),
    ("snapshots", "from"),
    ("snapshots", "as_known_at"),
    ("show", "snapshot"),
    ("history", "subject"),
    ("find", "text"),
    ("scans", "zone"),
    ("check", "zone"),
    ("check", "at"),
    ("rpo", "dataset"),
    ("retention", "policy"),
    ("restore/plan", "dataset"),
    ("restore/plan", "as_of"),
    ("waive", "dataset"),
    ("sql", "query"),
)


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Zone:
    zone = Zone(tmp_path_factory.mktemp("questions"))
    zone.settings(daily(ALPHA, 'name = "Web events"', 'mode = "full"'))
    zone.exports(3)
    zone.scan()
    return zone


@pytest.fixture(scope="module")
def served(zone: Zone) -> Iterator[Served]:
    with serving(zone.config, roles=("viewer", "auditor")) as served:
        yield served


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with served.client("auditor") as client:
        yield client


def _assert_told(answer: httpx.Response) -> None:
    """An answer that found nothing, or a problem in our words: no trace of how it was looked for."""
    assert answer.status_code in (200, 400, 404), answer.text
    if answer.status_code == 200:
        return
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "hint", "instance"}
    for word in ("Traceback", "pydantic", "Input should", "value_error", "duckdb.", ".py"):
        assert word not in answer.text, word


@pytest.mark.parametrize("kind", _HOSTILE)
def test_hostile_texts_are_names_of_nothing(client: httpx.Client, kind: str) -> None:
    for path, parameter in _TEXTS:
        answer = client.get(f"/api/v1/{path}", params={parameter: _HOSTILE[kind]})
        _assert_told(answer)
        assert "set-cookie" not in answer.headers
        if answer.status_code == 200:
            listed = [value for value in answer.json().values() if isinstance(value, list)]
            assert not any(listed), (path, parameter)
    assert client.get("/api/v1/snapshots").json()["snapshots"].__len__() == 3


@pytest.mark.parametrize("name", ["\0", "a\0b"])
def test_nul_is_refused_wherever_it_stands(client: httpx.Client, name: str) -> None:
    for path, parameter in _TEXTS:
        if (path, parameter) != ("snapshots", "as_known_at"):
            answer = client.get(f"/api/v1/{path}", params={parameter: name})
            assert (answer.status_code, "without NUL" in answer.json()["detail"]) == (400, True), (path, parameter)
    for address in (f"snapshots/zone/{quote(name)}/{TIME}", f"scans/{quote(name)}"):
        _assert_told(client.get(f"/api/v1/{address}"))


@pytest.mark.parametrize("name", ["%2e%2e", "%2F", "a%2Fb", "%ff%fe", "%ED%A0%80", "n" * 5000])
def test_paths_lead_nowhere_else(client: httpx.Client, name: str) -> None:
    for address in (f"snapshots/{name}/{ALPHA}/{TIME}", f"snapshots/zone/{ALPHA}/{name}", f"scans/{name}"):
        answer = client.get(f"/api/v1/{address}")
        assert answer.status_code in (400, 404)
        _assert_told(answer)


def test_ten_thousand_characters_are_too_many(client: httpx.Client) -> None:
    answer = client.get("/api/v1/find", params={"text": "x" * 10_000})
    assert (answer.status_code, answer.json()["detail"]) == (400, "text: expected at most 4096 characters, got 10000")


@pytest.mark.parametrize(
    ("address", "detail", "hint"),
    [
        ("snapshots?limt=5", "no parameter 'limt' at this address", "the nearest known is limit"),
        ("snapshots?offset=5", "no parameter 'offset' at this address", None),
        ("retention?store=true", "no parameter 'store' at this address", None),
        ("ledger?x=1", "no parameter 'x' at this address", "it takes none"),
        ("snapshots?zone=a&zone=b", "zone: expected it once, got it 2 times", None),
        ("snapshots?verdict=god", None, None),
        ("snapshots?latest=yes", "latest: expected true or false, got 'yes'", None),
        ("snapshots?from=2026-09-20&to=2026-09-01", "to 2026-09-01 is before from 2026-09-20", None),
        ("show", "snapshot: field required", None),
        ("show?snapshot=", "snapshot: expected a text, got none", None),
        ("check?from=2020-01-01&at=2026-09-20", "from: expected at most 400 days before at", None),
        ("restore/plan?dataset=Web%20events&key=id", "key goes with format=sql", None),
        (
            "snapshots?as_known_at=2999-01-01",
            "as_known_at 2999-01-01 is in the future, of which nothing is known",
            None,
        ),
        (f"diff?a=zone/{ALPHA}/{TIME}&b=zone/{ALPHA}/999", None, None),
    ],
)
def test_what_is_wrong_with_a_question_is_told(
    client: httpx.Client, address: str, detail: str | None, hint: str | None
) -> None:
    answer = client.get(f"/api/v1/{address}")
    assert answer.status_code == 400, answer.text
    _assert_told(answer)
    assert detail in (None, answer.json()["detail"])
    assert hint in (None, answer.json()["hint"])


def test_the_words_of_a_parameter_are_named(client: httpx.Client) -> None:
    detail = client.get("/api/v1/snapshots?verdict=god").json()["detail"]
    assert detail.startswith("verdict: expected one of arriving, corrupt,")
    assert detail.endswith("got 'god'; the nearest is good")


@pytest.mark.parametrize(
    "address", [f"show?snapshot=zone/{ALPHA}/202001010000", "history?subject=nothing", "scans/none", "rpo?dataset=x"]
)
def test_what_is_not_known_is_not_found(client: httpx.Client, address: str) -> None:
    answer = client.get(f"/api/v1/{address}")
    assert answer.status_code == 404
    _assert_told(answer)
    assert answer.json()["hint"]


def test_nobody_learns_anything_without_a_token(served: Served) -> None:
    for address in ("snapshots", "snapshots?limt=1", "nothing", "", "../openapi.json"):
        answer = served.get(f"/api/v1/{address}", Accept="application/json")
        assert (answer.status_code, answer.json()["title"]) == (401, "Unauthorized"), address


@pytest.mark.parametrize(
    "question",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/*')",
        "COPY snapshots TO '/tmp/x'",
        "ATTACH '/tmp/x.db'",
        "INSTALL httpfs",
        "SET memory_limit = '8GB'",
        "SELECT getenv('HOME')",
        "DROP TABLE snapshot",
        "SELECT 1; SELECT 2",
        "",
        "\ud800",
        "SELECT",
        "SELECT '" + "(" * 2000,
        "SELECT " + "(" * 2000 + "1" + ")" * 2000,
    ],
)
def test_sql_reaches_nothing_but_the_catalog(client: httpx.Client, question: str) -> None:
    body = json.dumps({"query": question}).encode()
    answer = client.post("/api/v1/sql", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    _assert_told(answer)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"query": 1}', b'{"query": ["a"]}', b"null", b'{"query": {"a": 1}}', b"[" * 100_000]
)
def test_a_body_that_is_no_question_is_refused(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/api/v1/sql", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    _assert_told(answer)


def test_sql_that_is_long_is_cut(client: httpx.Client) -> None:
    answer = client.get("/api/v1/sql", params={"query": "SELECT * FROM range(6000)"}).json()
    assert (len(answer["rows"]), answer["is_cut"]) == (5000, True)


def test_a_question_without_end_ends_and_others_are_answered_meanwhile(served: Served) -> None:
    endless = "SELECT sum(a.range ^ b.range) FROM range(1000000) a, range(10000000) b, range(1000) c"
    answers: list[httpx.Response] = []

    def ask() -> None:
        with served.client("auditor") as client:
            answers.append(client.get("/api/v1/sql", params={"query": endless}))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        time.sleep(1)
        with served.client("auditor") as client:
            second = client.get("/api/v1/sql?query=SELECT 1")
            assert (second.status_code, second.headers["retry-after"]) == (429, "5")
            assert client.get("/api/v1/snapshots?limit=1").status_code == 200
    finally:
        asking.join()
    assert (answers[0].status_code, answers[0].json()["detail"]) == (400, "sql: took longer than 15 s")
    with served.client("auditor") as client:
        assert client.get("/api/v1/sql?query=SELECT 1").status_code == 200


def test_only_few_wait_for_their_turn() -> None:
    few = Few(1, "questions", wait_seconds=30)
    passed: list[str] = []

    def wait() -> None:
        with few.one("patient"):
            passed.append("patient")

    with few.one("first"):
        patient = threading.Thread(target=wait)
        patient.start()
        assert until(lambda: few._waiting == 1, 10)
        began = time.monotonic()
        with pytest.raises(Problem, match="others"), few.one("late"):
            raise AssertionError("passed")
        assert time.monotonic() - began < 10
        assert passed == []
    patient.join()
    assert passed == ["patient"]


def test_few_pass_at_a_time_and_of_one_name_fewer() -> None:
    few = Few(2, "questions", each=1, wait_seconds=0.05)
    with few.one("a"):
        with pytest.raises(Problem, match="one's own") as mine, few.one("a"):
            raise AssertionError("passed")
        with few.one("b"), pytest.raises(Problem, match="others") as late, few.one("c"):
            raise AssertionError("passed")
        with few.one("c"):
            pass
    assert (mine.value.status, late.value.headers["Retry-After"]) == (429, "5")
    with few.one("a"), few.one("b"):
        pass
