"""What others may try: forged requests, foreign names and sites, redirects, headers, sizes, paths."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.doors import HERE, PAGE, Doors

from catalog.service.access.arrivals import next_path
from catalog.service.middleware.headers import MOST_BYTES, is_loopback

CLOSED = {"hosts": ["landproof.example"], "host": "0.0.0.0"}


@pytest.fixture
def doors(tmp_path: Path) -> Doors:
    return Doors(tmp_path)


# Forged requests


def test_a_forged_form_changes_nothing(doors: Doors) -> None:
    browser = doors.browser(doors.token("operator"))
    csrf = browser.get("/viewer").json()["csrf"]
    other = doors.browser(doors.token("operator", "other")).get("/viewer").json()["csrf"]
    path = "/operator/changes"
    forged: list[dict[str, object]] = [
        {},
        {"data": {"csrf": ""}},
        {"data": {"csrf": other}},
        {"data": {"csrf": csrf[:-1]}},
        {"data": {"csrf": "ä"}},
        {"json": {"csrf": csrf}},
        {"headers": {"X-CSRF-Token": other}},
        {"headers": {"X-CSRF-Token": "wrong"}, "data": {"csrf": csrf}},
        {"params": {"csrf": csrf}},
        {"headers": {"Content-Type": "text/plain"}, "content": f"csrf={csrf}"},
        {"files": {"csrf": ("csrf", csrf)}},
    ]
    for request in forged:
        answer = browser.post(path, **request)
        assert answer.status_code == 403, request
    assert browser.post(path, data={"csrf": csrf}).status_code == 200
    assert browser.post(path, headers={"X-CSRF-Token": csrf}, json={}).status_code == 200


def test_the_secret_is_asked_for_whatever_the_route_does(doors: Doors) -> None:
    browser = doors.browser(doors.token())
    assert browser.post("/viewer/asks", data={"query": "SELECT 1"}).status_code == 403
    csrf = browser.get("/viewer").json()["csrf"]
    answer = browser.post("/viewer/asks", data={"query": "SELECT 1", "csrf": csrf})
    assert answer.json()["form"]["query"] == "SELECT 1"  # the body is still there for the route


def test_the_word_of_a_proxy_is_no_protection_against_forged_forms(tmp_path: Path) -> None:
    doors = Doors(tmp_path, {"trusted_proxies": ["10.1.2.3"], "default_role": "operator"})
    client = doors.client(peer="10.1.2.3")
    client.headers["X-Forwarded-User"] = "anna"
    csrf = client.get("/viewer").json()["csrf"]
    assert client.post("/operator/changes").status_code == 403
    assert client.post("/operator/changes", data={"csrf": csrf}).status_code == 200
    assert (
        client.post("/operator/changes", data={"csrf": csrf}, headers={"X-Forwarded-User": "bert"}).status_code == 403
    )


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, False),
        ({"Sec-Fetch-Site": "nonsense"}, False),
        ({"Origin": HERE}, True),
        ({"Origin": "http://127.0.0.1"}, False),
        ({"Origin": "http://127.0.0.1:8438"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "http://127.0.0.1:8437.evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://["}, False),
        ({}, True),
    ],
)
def test_nobody_logs_a_browser_in_from_another_site(doors: Doors, headers: dict[str, str], allowed: bool) -> None:
    answer = doors.client().post("/login", data={"token": doors.token()}, headers=headers)
    assert (answer.status_code, "set-cookie" in answer.headers) == ((303, True) if allowed else (403, False))


@pytest.mark.parametrize(
    ("sent", "allowed"),
    [
        (("cross-site", "navigate", "document"), True),
        (("same-site", "navigate", "document"), True),
        (("cross-site", "navigate", "iframe"), False),
        (("cross-site", "no-cors", "image"), False),
        (("cross-site", "cors", "empty"), False),
        (("same-site", "no-cors", "script"), False),
        (("same-origin", "cors", "empty"), True),
    ],
)
def test_another_site_may_link_to_a_page_and_ask_for_nothing_else(
    doors: Doors, sent: tuple[str, str, str], allowed: bool
) -> None:
    site, mode, target = sent
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": target}
    assert doors.client().get("/viewer", headers=headers).status_code == (200 if allowed else 403)


def test_a_site_behind_a_name_of_its_own_is_same_origin(tmp_path: Path) -> None:
    doors = Doors(tmp_path, {"trusted_proxies": ["127.0.0.1"], "hosts": ["landproof.example"]})
    form = {"data": {"token": doors.token()}}
    own = {"Origin": "https://landproof.example"}
    assert doors.client().post("/login", headers=own, **form).status_code == 303


# Names of the host


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8437", 200), ("127.0.0.1", 200), ("127.1.2.3", 200), ("localhost:8437", 200), ("LOCALHOST", 200),
        ("[::1]:8437", 200), ("landproof.localhost", 200), ("evil.example", 421), ("evil.example:8437", 421),
        ("127.0.0.1.evil.example", 421), ("localhost.evil.example", 421), ("0.0.0.0:8437", 421), ("10.0.0.1", 421),
        ("[::ffff:10.0.0.1]", 421), ("", 400), ("a b", 400), ("localhost/x", 400), ("user@localhost", 400),
        ("localhost:8437:1", 400), ("localhost\\evil", 400), ("[::1", 400),
    ],
)  # fmt: skip
def test_a_service_of_this_machine_has_the_names_of_this_machine(doors: Doors, host: str, status: int) -> None:
    assert doors.client().get("/viewer", headers={"Host": host}).status_code == status


def test_two_names_at_once_are_refused(doors: Doors) -> None:
    answer = doors.client().get("/viewer", headers=[("Host", "127.0.0.1"), ("Host", "evil.example")])
    assert answer.status_code == 400


def test_names_that_were_set_count_beside_those_of_this_machine(tmp_path: Path) -> None:
    doors = Doors(tmp_path, {"hosts": ["Landproof.Example."]})
    for host, status in (("landproof.example", 200), ("LANDPROOF.example:443", 200), ("x.landproof.example", 421)):
        assert doors.client().get("/viewer", headers={"Host": host}).status_code == status
    wide = Doors(tmp_path, {**CLOSED})
    token = wide.token()
    for host, status in (("landproof.example", 200), ("10.0.0.1", 421)):
        assert wide.client(token).get("/viewer", headers={"Host": host}).status_code == status


def test_elsewhere_any_name_will_do_until_one_is_set(tmp_path: Path) -> None:
    doors = Doors(tmp_path, {"host": "0.0.0.0"})
    assert doors.client(doors.token()).get("/viewer", headers={"Host": "box.lan:8437"}).status_code == 200


def test_no_address_is_made_of_the_name_that_was_asked_for(tmp_path: Path) -> None:
    doors = Doors(tmp_path, {"host": "0.0.0.0"})
    token = doors.token()
    for answer in (
        doors.client().get("/viewer", headers=PAGE | {"Host": "evil.example"}),
        doors.client().get("/login", headers=PAGE | {"Host": "evil.example"}),
        doors.client().post("/login", data={"token": token}, headers={"Host": "evil.example"}),
    ):
        assert "evil.example" not in answer.text + json.dumps(dict(answer.headers))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "a.localhost", "Localhost."])
def test_these_are_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "localhost.example", "127.0.0.1.nip.io", "", "127.1"])
def test_these_are_not(host: str) -> None:
    assert not is_loopback(host)


# Redirects


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
        "/\n//evil", "javascript:alert(1)", "evil.example", " //evil.example", "/%0d%0aSet-Cookie: a=b\r\nX: y", "",
        "/ü", "/login", "/login/", "/login?next=/login", "/logout", "/" + "a" * 3000,
    ],
)  # fmt: skip
def test_a_login_leads_nowhere_else(doors: Doors, target: str) -> None:
    answer = doors.client().post("/login", data={"token": doors.token(), "next": target})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert list(answer.headers.get_list("set-cookie")) == [answer.headers["set-cookie"]]


_SIGNS = st.sampled_from(
    ["/", "\\", "//", "\t", "\r", "\n", "@", ":", ".", "..", "http:", "evil.example", "?", "#", "%2f", "a"]
)


@given(st.one_of(st.text(max_size=60), st.lists(_SIGNS, max_size=8).map("".join)))
@example("/@evil.example")
@example("/.//evil.example")
@example("/..//evil.example")
def test_wherever_a_login_leads_is_on_this_host(text: str) -> None:
    path = next_path(text)
    assert path.startswith("/")
    assert path.isascii()
    assert path.isprintable()
    browser = path.replace("\\", "/")
    assert urlsplit(urljoin("http://here.example/login", browser)).netloc == "here.example"
    assert not browser.startswith("//")


@given(path=st.text(min_size=1, max_size=30), query=st.text(max_size=30))
def test_the_way_to_the_login_page_is_one_header_whatever_was_asked_for(path: str, query: str) -> None:
    assume_sent = path.encode("utf-8", "replace"), query.encode("utf-8", "replace")
    url = httpx.URL("http://127.0.0.1/viewer", params={"p": assume_sent[0].decode(), "q": assume_sent[1].decode()})
    target = next_path(url.raw_path.decode())
    assert target == url.raw_path.decode() or len(target) == 1


# Headers, sizes and paths


ANSWERS = ("/login", "/viewer", "/auditor", "/operator", "/nothing", "/fails", "/static/nothing")


@pytest.mark.parametrize("path", ANSWERS)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_every_answer_has_the_headers_failures_included(doors: Doors, path: str, accept: str) -> None:
    doors.token("viewer", "x")
    answer = doors.client(doors.token()).get(path, headers={"Accept": accept})
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in answer.headers
    assert "server" not in answer.headers
    assert "Traceback" not in answer.text


def test_a_failure_of_ours_tells_nothing_of_who_asked(doors: Doors) -> None:
    answer = doors.client(doors.token("viewer", "Secret name")).get("/fails", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["title"]) == (500, "Internal Server Error")
    assert "Secret name" not in answer.text


def test_a_name_is_text_on_the_page(doors: Doors) -> None:
    browser = doors.browser(doors.token("viewer", "<script>alert(1)</script>"))
    answer = browser.get("/nothing", headers=PAGE)
    assert "<script>alert" not in answer.text


def test_what_is_sent_is_bounded(doors: Doors) -> None:
    client = doors.client(doors.token())
    small = client.post("/viewer/asks", data={"a": "x" * 1000})
    assert small.status_code == 200
    large = client.post("/viewer/asks", content=b"a=" + b"x" * MOST_BYTES)
    assert (large.status_code, large.headers["connection"]) == (413, "close")
    assert large.headers["content-type"] == "application/problem+json"

    def chunks() -> object:
        yield from (b"x" * 65_536 for _ in range(20))

    headers = {"Content-Type": "application/x-www-form-urlencoded", "Transfer-Encoding": "chunked"}
    assert client.post("/viewer/asks", content=b"".join(chunks()), headers=headers).status_code == 413
    assert client.post("/login", content=b"token=" + b"x" * MOST_BYTES).status_code == 413
    for length in ("-1", "1e3", "9" * 30, "0x10", ""):
        assert client.get("/viewer", headers={"Content-Length": length}).status_code == 413


def test_tokens_are_taken_from_the_header_alone(doors: Doors) -> None:
    token = doors.token()
    client = doors.client()
    assert client.get("/viewer", params={"token": token, "access_token": token}).status_code == 401
    assert client.get("/viewer", headers={"Cookie": f"landproof_session={token}"}).status_code == 401
    assert client.get("/viewer", headers={"Authorization": f"bearer {token}"}).status_code == 200
    for scheme in ("Token", "Basic", "BearerX", ""):
        assert client.get("/viewer", headers={"Authorization": f"{scheme} {token}"}).status_code == 401
