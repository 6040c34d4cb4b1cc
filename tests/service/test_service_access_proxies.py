"""Where a request came from: the word of named proxies counts, and nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.doors import Doors

from catalog.service.access.proxies import Came, Proxies
from catalog.settings.tables import ServiceTable

TRUSTED = {"trusted_proxies": ["10.1.0.0/16", "127.0.0.1", "fd00::/8"], "default_role": "viewer"}
Headers = list[tuple[str, str]]


def came(peer: str, headers: Headers, table: dict[str, object] | None = None) -> Came:
    proxies = Proxies(ServiceTable.model_validate(TRUSTED if table is None else table))
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    return proxies.came({"type": "http", "client": (peer, 1), "scheme": "http", "headers": raw})


@pytest.mark.parametrize(
    ("peer", "told", "client"),
    [
        ("10.1.2.3", ["203.0.113.9"], "203.0.113.9"),
        ("10.1.2.3", ["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
        ("10.1.2.3", ["1.1.1.1, 203.0.113.9, 10.1.9.9"], "203.0.113.9"),
        ("10.1.2.3", ["1.1.1.1", "203.0.113.9"], "203.0.113.9"),
        ("10.1.2.3", ["203.0.113.9:4711"], "203.0.113.9"),
        ("10.1.2.3", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.1.2.3", ["nonsense"], "10.1.2.3"),
        ("10.1.2.3", ["203.0.113.9, unknown"], "10.1.2.3"),
        ("10.1.2.3", ["203.0.113.9, nonsense, 10.1.9.9"], "10.1.9.9"),
        ("10.1.2.3", ["10.1.4.4"], "10.1.4.4"),
        ("10.1.2.3", [], "10.1.2.3"),
        ("::ffff:10.1.2.3", ["203.0.113.9"], "203.0.113.9"),
        ("fd00::1", ["203.0.113.9"], "203.0.113.9"),
        ("10.2.0.1", ["203.0.113.9"], "10.2.0.1"),
        ("", ["203.0.113.9"], "unknown"),
    ],
)
def test_the_client_is_the_last_address_that_is_no_proxy_of_ours(peer: str, told: list[str], client: str) -> None:
    assert came(peer, [("X-Forwarded-For", one) for one in told]).client == client


@given(st.lists(st.ip_addresses().map(str), max_size=6))
def test_nobody_becomes_another_by_what_they_say_of_themselves(said: list[str]) -> None:
    """A proxy appends whom it sees; what a client wrote before that changes nothing."""
    headers = [("X-Forwarded-For", ", ".join([*said, "203.0.113.9"]))]
    assert came("10.1.2.3", headers).client == "203.0.113.9"
    assert came("203.0.113.9", headers).client == "203.0.113.9"


@pytest.mark.parametrize(
    ("peer", "told", "scheme"),
    [
        ("10.1.2.3", ["https"], "https"),
        ("10.1.2.3", ["HTTPS"], "https"),
        ("10.1.2.3", ["https, http"], "http"),
        ("10.1.2.3", ["javascript"], "http"),
        ("203.0.113.9", ["https"], "http"),
    ],
)
def test_whether_it_was_encrypted_is_for_proxies_to_say(peer: str, told: list[str], scheme: str) -> None:
    assert came(peer, [("X-Forwarded-Proto", one) for one in told]).scheme == scheme


def test_a_proxy_s_word_counts_once_there_are_roles() -> None:
    headers = [("X-Forwarded-User", "anna@acme")]
    assert came("10.1.2.3", headers).identity == "anna@acme"
    assert came("203.0.113.9", headers).identity is None
    assert came("10.1.2.3", headers, {"trusted_proxies": ["10.1.0.0/16"]}).identity is None
    assert came("10.1.2.3", [("X-Forwarded-User", "J\xc3\xb6rg")]).identity == "Jörg"


@pytest.mark.parametrize("names", [["anna", "boss"], ["anna\x07"], ["x" * 300], ["\xff"]])
def test_an_identity_that_is_not_one_name_is_refused(tmp_path: Path, names: list[str]) -> None:
    doors = Doors(tmp_path, TRUSTED)
    headers = [("X-Forwarded-User", name.encode("latin-1")) for name in names]
    answer = doors.client(peer="10.1.2.3").get("/viewer", headers=[(k.encode(), v) for k, v in headers])
    assert answer.status_code == 400


def test_roles_are_by_name_and_who_has_none_is_refused(tmp_path: Path) -> None:
    table = {"trusted_proxies": ["10.1.2.3"], "roles": {"anna@acme": "operator"}, "identity_header": "Remote-User"}
    client = Doors(tmp_path, table).client(peer="10.1.2.3")
    named = client.get("/operator", headers={"Remote-User": "anna@acme"})
    assert (named.status_code, named.json()["way"], named.json()["name"]) == (200, "proxy", "anna@acme")
    other = client.get("/viewer", headers={"Remote-User": "Anna@acme"})
    assert (other.status_code, "has no role here" in other.text) == (403, True)
    for headers in ({}, {"Remote-User": ""}, {"X-Forwarded-User": "anna@acme"}):
        assert client.get("/viewer", headers=headers).status_code == 401


def test_identity_from_any_other_address_is_nothing(tmp_path: Path) -> None:
    doors = Doors(tmp_path, {"trusted_proxies": ["10.1.2.3"], "default_role": "operator", "hosts": ["h.example"]})
    spoof = {
        "X-Forwarded-User": "anna",
        "X-Forwarded-For": "10.1.2.3",
        "X-Real-IP": "10.1.2.3",
        "Forwarded": "for=10.1.2.3",
    }
    assert doors.client(peer="10.1.2.4").get("/viewer", headers=spoof).status_code == 401
    assert doors.client(peer="10.1.2.3").get("/viewer", headers=spoof).status_code == 200


def test_a_session_is_of_the_person_whom_the_proxy_named_at_login(tmp_path: Path) -> None:
    table = {"trusted_proxies": ["10.1.2.3"], "default_role": "viewer"}
    doors = Doors(tmp_path, table)
    browser = doors.client(peer="10.1.2.3")
    browser.headers["X-Forwarded-User"] = "anna"
    assert browser.post("/login", data={"token": doors.token("operator")}).status_code == 303
    assert browser.get("/operator").json()["way"] == "session"
    other = browser.get("/viewer", headers={"X-Forwarded-User": "bert"})
    assert (other.json()["name"], other.json()["way"]) == ("bert", "proxy")
    assert browser.get("/operator").status_code == 403  # the session has ended


def test_failures_are_counted_for_the_client_and_not_for_the_proxy(tmp_path: Path) -> None:
    doors = Doors(tmp_path, {"trusted_proxies": ["10.1.2.3"]})
    doors.token()
    client = doors.client(peer="10.1.2.3")
    attacker, other = {"X-Forwarded-For": "203.0.113.9"}, {"X-Forwarded-For": "203.0.113.10"}
    answers = [client.post("/login", data={"token": "x"}, headers=attacker).status_code for _ in range(15)]
    assert answers == [401] * 10 + [429] * 5
    assert client.post("/login", data={"token": "x"}, headers=other).status_code == 401
