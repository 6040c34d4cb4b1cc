"""Waive, accept and hold over HTTP: the documents and effects of the commands, and nothing for who may not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.landproof import Answer
from support.service import Served, serving
from support.zones import ALPHA, Zone, daily, some_json

from fixtures.content import json_part

ROLES = ("viewer", "auditor", "operator")
BAD = f"zone/{ALPHA}/202609190100"
Document = dict[str, Any]
PARTS = [some_json() for _ in range(3)]
"""The same in every zone, so that two of them are told apart by nothing."""
BODIES: dict[str, Document] = {
    "/waive": {"dataset": "Web events", "from": "2026-09-19", "to": "2026-09-20", "reason": "planned move"},
    "/accept": {"subject": BAD, "code": "gzip.corrupt", "reason": "known", "until": "2099-01-01"},
    "/hold/add": {"snapshots": [BAD, "Web events/latest"], "reason": "case 12"},
}


def made(folder: Path) -> Zone:
    """A daily dataset whose export of the 19th is damaged, scanned."""
    zone = Zone(folder)
    days = ("202609180100", "202609190100", "202609200100")
    folders = [zone.export(time=day, files={json_part(0): data}) for day, data in zip(days, PARTS, strict=True)]
    zone.flip(folders[1], at=-5)
    zone.settings(daily(ALPHA, 'name = "Web events"', starts_at="2026-09-18T01:00:00Z"))
    zone.scan()
    return zone


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    return made(tmp_path / "served")


@pytest.fixture
def served(zone: Zone) -> Iterator[Served]:
    with serving(zone.config, roles=ROLES) as found:
        yield found


def code_of(zone: Zone) -> str:
    """The finding that the damage is."""
    return str(zone.run("sql", "SELECT code FROM findings WHERE level = 'error'").document["rows"][0][0])


def same(document: Document) -> Document:
    """A document without who said it and when."""
    text = json.dumps(document)
    told: Document = json.loads(text)
    for name in ("waivers", "acceptances", "holds"):
        for one in told.get(name, ()):
            assert one.pop("by")
            assert one.pop("at")
    return told


def command(zone: Zone, words: tuple[str, ...]) -> Answer:
    done = zone.run(*words)
    assert done.status == 0, done.err
    return done


@pytest.mark.parametrize("lifted", [False, True])
def test_the_documents_and_effects_are_those_of_the_commands(
    zone: Zone, served: Served, tmp_path: Path, lifted: bool
) -> None:
    twin = made(tmp_path / "twin")
    code = code_of(zone)
    commands: dict[str, tuple[str, ...]] = {
        "/waive": (
            "waive", "Web events", "--from", "2026-09-19", "--to", "2026-09-20", "--reason", "planned move",
        ),
        "/accept": ("accept", BAD, "--code", code, "--reason", "known", "--until", "2099-01-01"),
        "/hold/add": ("hold", "add", BAD, "Web events/latest", "--reason", "case 12"),
    }  # fmt: skip
    back: dict[str, tuple[str, Document, tuple[str, ...]]] = {
        "/waive": ("/waive", {"dataset": "Web events", "lifted": True}, ("waive", "Web events", "--lift")),
        "/accept": (
            "/accept",
            {"subject": BAD, "code": [code], "lifted": True},
            ("accept", BAD, "--code", code, "--lift"),
        ),
        "/hold/add": (
            "/hold/remove",
            {"snapshots": [BAD], "reason": "over"},
            ("hold", "remove", BAD, "--reason", "over"),
        ),
    }
    with served.client("operator") as client:
        for path, words in commands.items():
            body = BODIES[path] | ({"code": code} if path == "/accept" else {})
            answer = client.post(f"/api/v1{path}", json=body)
            assert answer.status_code == 200, answer.text
            assert same(answer.json()) == same(command(twin, words).document)
            who = next(one["by"] for name in answer.json() for one in answer.json()[name] if isinstance(one, dict))
            assert who.startswith("operator (token) via ")
            if lifted:
                other, told, then = back[path]
                answer = client.post(f"/api/v1{other}", json=told)
                assert answer.status_code == 200, answer.text
                assert same(answer.json()) == same(command(twin, then).document)
        for name in ("waive", "accept", "hold"):
            listed = client.get(f"/api/v1/{name}")
            if listed.status_code == 200:  # answered from the copy, which is renewed by then
                words = ("hold", "list") if name == "hold" else (name, "--list")
                told = {key: listed.json()[key] for key in command(zone, words).document}
                assert told == command(zone, words).document
    at = ("check", "--at", "2026-09-20T12:00:00Z", "--from", "2026-09-18")
    assert zone.run(*at).document["counts"] == twin.run(*at).document["counts"]
    assert zone.run("ledger", "verify").status == twin.run("ledger", "verify").status
    assert zone.run("catalog", "verify").status == 0


@pytest.mark.parametrize(
    ("path", "body", "status", "detail"),
    [
        ("/waive", {"dataset": "Web events"}, 400, "a waiver needs from, to and a reason"),
        ("/waive", {"dataset": "nothing", "from": "2026-09-01", "to": "2026-09-02", "reason": "x"}, 400, "no dataset"),
        ("/waive", {"dataset": "Web events", "from": "x", "to": "2026-09-02", "reason": "x"}, 400, "from: expected"),
        ("/waive", {"dataset": "Web events", "lifted": True}, 400, "nothing is waived"),
        ("/waive", {"dataset": "Web events", "catalog": "/tmp/x"}, 400, "catalog"),
        ("/waive", {"reason": "x"}, 400, "dataset"),
        ("/accept", {"subject": BAD, "code": "gzip.trailer", "reason": "x"}, 400, "no finding"),
        ("/accept", {"subject": BAD, "code": [], "reason": "x"}, 400, "code"),
        ("/accept", {"subject": "zone/x/202609190100", "code": "file.unreadable", "reason": "x"}, 404, "no snapshot"),
        ("/hold/add", {"snapshots": [BAD], "reason": " "}, 400, "reason"),
        ("/hold/add", {"snapshots": ["zone/x/202609190100"], "reason": "x"}, 404, "no snapshot"),
        ("/hold/remove", {"snapshots": [BAD], "reason": "x"}, 400, "is not on hold"),
        ("/hold/remove", {"snapshots": [], "reason": "x"}, 400, "snapshots"),
    ],
)
def test_what_is_not_asked_for_as_it_should_be_is_refused_in_the_words_of_the_api(
    shared: Served, path: str, body: Document, status: int, detail: str
) -> None:
    with shared.client("operator") as client:
        answer = client.post(f"/api/v1{path}", json=body)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
        assert detail in answer.json()["detail"]
        assert "--" not in answer.json()["detail"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service in which nothing is ever changed."""
    with serving(made(tmp_path_factory.mktemp("shared")).config, roles=ROLES) as found:
        yield found


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("viewer", "/waive", 403),
        ("viewer", "/accept", 403),
        ("viewer", "/hold/add", 403),
        ("viewer", "/hold/remove", 403),
        ("auditor", "/waive", 403),
        ("auditor", "/accept", 403),
        (None, "/waive", 401),
        (None, "/hold/add", 401),
    ],
)
def test_who_may_not_changes_nothing(shared: Served, role: str | None, path: str, status: int) -> None:
    with shared.client(role) as client:
        answer = client.post(f"/api/v1{path}", json=BODIES.get(path, {"snapshots": [BAD], "reason": "x"}))
        assert answer.status_code == status


def test_an_auditor_holds(served: Served) -> None:
    with served.client("auditor") as client:
        assert client.post("/api/v1/hold/add", json=BODIES["/hold/add"]).status_code == 200


def test_where_nobody_is_known_nothing_is_changed(zone: Zone) -> None:
    with serving(zone.config) as served, served.client() as client:
        for path, body in BODIES.items():
            assert client.post(f"/api/v1{path}", json=body).status_code == 403
    assert zone.run("hold", "list").document["holds"] == []


def test_a_form_of_a_page_is_taken_with_its_secret_only(zone: Zone, served: Served) -> None:
    form = {"dataset": "Web events", "from": "2026-09-19", "to": "2026-09-20", "reason": "planned", "back": "/findings"}
    served.expect("login: operator")
    with httpx.Client(base_url=served.url, trust_env=False, headers={"Accept": "text/html"}) as client:
        client.post("/login", data={"token": served.token("operator")})
        assert client.post("/api/v1/waive", data=form).status_code == 403
        secret = client.get("/scans").text.partition('name="csrf" value="')[2].partition('"')[0]
        assert client.post("/api/v1/waive", data=form | {"csrf": "x" * len(secret)}).status_code == 403
        assert zone.run("waive", "--list").document["waivers"] == []
        done = client.post("/api/v1/waive", data=form | {"csrf": secret})
        assert (done.status_code, done.headers["location"]) == (303, "/findings")
        several = {"snapshots": [BAD, "Web events/latest"], "reason": "case", "csrf": secret}
        assert client.post("/api/v1/hold/add", data=several).headers["location"] == "/"
        mistaken = client.post("/api/v1/waive", data=form | {"csrf": secret, "from": ""})
        assert mistaken.status_code == 400
        assert "a waiver needs" in mistaken.text
    waivers = zone.run("waive", "--list").document["waivers"]
    assert [one["by"].partition(" via ")[0] for one in waivers] == ["operator (session)"]
    assert len(zone.run("hold", "list").document["holds"]) == 2


def test_a_checkpoint_that_does_not_get_outside_is_told_and_what_was_said_stands(tmp_path: Path) -> None:
    zone = made(tmp_path)
    outside = tmp_path / "outside"
    outside.write_text("a file where a folder should be")
    text = zone.config.read_text()
    zone.config.write_text(text.replace("[catalog]\n", f'[catalog]\ncheckpoints = "{outside}/below"\n'))
    with serving(zone.config, roles=ROLES) as served, served.client("operator") as client:
        answer = client.post("/api/v1/hold/add", json=BODIES["/hold/add"])
        assert answer.status_code == 200
        assert answer.json()["trouble"]["message"].startswith("checkpoint of the ledger: ")
        assert len(answer.json()["holds"]) == 2
    assert len(zone.run("hold", "list").document["holds"]) == 2


def test_many_at_once_are_all_recorded(zone: Zone, served: Served) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def say(number: int) -> int:
        with served.client("operator") as client:
            body = BODIES["/waive"] | {"to": f"2026-10-{number + 1:02}"}
            return client.post("/api/v1/waive", json=body).status_code

    served.token("operator")
    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(say, range(12))) == {200}
    assert len(zone.run("waive", "--list").document["waivers"]) == 12
    assert zone.run("ledger", "verify").status in (0, 1)
