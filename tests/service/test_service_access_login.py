"""Logins of people: the page, its cookie, its end, and how often it may be tried."""

from __future__ import annotations

from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest
from support.doors import PAGE, Doors

BEHIND_TLS = {"trusted_proxies": ["10.1.2.3"], "hosts": ["landproof.example"]}


@pytest.fixture
def doors(tmp_path: Path) -> Doors:
    return Doors(tmp_path)


def cookie(answer: httpx.Response) -> SimpleCookie:
    return SimpleCookie(answer.headers["set-cookie"])


def test_a_token_begins_a_session_and_leads_to_where_one_wanted(doors: Doors) -> None:
    client = doors.client()
    token = doors.token("auditor", "anna")
    page = client.get("/login?next=/findings%3Fcode%3Da", headers=PAGE)
    assert (page.status_code, 'value="/findings?code=a"' in page.text) == (200, True)
    answer = client.post("/login", data={"token": f" {token}\n", "next": "/findings?code=a"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/findings?code=a")
    made = cookie(answer)["landproof_session"]
    assert (made["httponly"], made["samesite"], made["path"], made["secure"]) == (True, "lax", "/", "")
    assert int(made["max-age"]) == 12 * 3600
    assert token not in answer.headers["set-cookie"]
    told = client.get("/auditor").json()
    assert (told["name"], told["role"], told["way"]) == ("anna", "auditor", "session")
    assert doors.said == [line for line in doors.said if "anna (auditor" in line and token not in line]
    assert len(doors.said) == 1


def test_behind_tls_the_cookie_is_for_tls_and_for_this_host_alone(tmp_path: Path) -> None:
    doors = Doors(tmp_path, BEHIND_TLS)
    client = doors.client(peer="10.1.2.3", base="https://landproof.example")
    client.headers["X-Forwarded-Proto"] = "https"
    answer = client.post("/login", data={"token": doors.token()})
    made = cookie(answer)["__Host-landproof_session"]
    assert (made["secure"], made["path"], made["domain"]) == (True, "/", "")
    assert client.get("/viewer").status_code == 200
    assert "max-age" in answer.headers["strict-transport-security"]
    secret = made.value
    plain = doors.client(peer="10.1.2.3")
    for name in ("landproof_session", "__Host-landproof_session"):
        assert plain.get("/viewer", headers={"Cookie": f"{name}={secret}"}).status_code == (
            200 if name == "landproof_session" else 401
        )


def test_logging_in_makes_a_new_session_whatever_was_brought(doors: Doors) -> None:
    token = doors.token()
    client = doors.client()
    client.cookies.set("landproof_session", "chosen-by-somebody-else")
    answer = client.post("/login", data={"token": token})
    first = cookie(answer)["landproof_session"].value
    assert first != "chosen-by-somebody-else"
    again = doors.client()
    second = cookie(again.post("/login", data={"token": token}, headers={"Cookie": f"landproof_session={first}"}))
    assert second["landproof_session"].value != first
    assert doors.client().get("/viewer", headers={"Cookie": f"landproof_session={first}"}).status_code == 401


def test_logging_out_ends_the_session_on_both_sides(doors: Doors) -> None:
    browser = doors.browser(doors.token())
    csrf = browser.get("/viewer").json()["csrf"]
    secret = browser.cookies["landproof_session"]
    assert browser.post("/logout").status_code == 403
    answer = browser.post("/logout", data={"csrf": csrf})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert "landproof_session" not in browser.cookies
    assert answer.headers["clear-site-data"] == '"cache"'
    assert doors.client().get("/viewer", headers={"Cookie": f"landproof_session={secret}"}).status_code == 401


def test_a_session_ends_with_its_token(doors: Doors) -> None:
    token = doors.token()
    browsers = [doors.browser(token) for _ in range(2)]
    assert [one.get("/viewer").status_code for one in browsers] == [200, 200]
    doors.revoke(token)
    answers = [one.get("/viewer?a=b", headers=PAGE) for one in browsers]
    assert [one.status_code for one in answers] == [401, 401]  # nobody has a token any more
    doors.token("operator")
    assert browsers[0].get("/viewer", headers=PAGE).headers["location"] == "/login?next=/viewer"


def test_a_session_ends_when_its_token_expires_and_after_its_hours(doors: Doors) -> None:
    short, long = doors.browser(doors.token("viewer", "short", hours=1)), doors.browser(doors.token("viewer", "long"))
    doors.now += timedelta(hours=1)
    assert (short.get("/viewer").status_code, long.get("/viewer").status_code) == (303, 200)
    doors.now += timedelta(hours=11)
    assert long.get("/viewer").status_code == 303


def test_a_wrong_token_is_said_on_the_page_and_shown_nowhere(doors: Doors) -> None:
    doors.token()
    client = doors.client()
    answer = client.post("/login", data={"token": "lp_secret<script>", "next": "/findings"}, headers=PAGE)
    assert answer.status_code == 401
    assert "The token is not known" in answer.text
    assert 'value="/findings"' in answer.text
    assert "lp_secret" not in answer.text + "".join(doors.said)
    expired = doors.token("viewer", "old", hours=1)
    doors.now += timedelta(hours=2)
    assert "The token is expired" in client.post("/login", data={"token": expired}, headers=PAGE).text
    assert "of old (" in doors.said[-1]
    problem = client.post("/login", data={"token": expired})
    assert (problem.status_code, problem.json()["detail"]) == (401, "the token is expired")


def test_logins_that_fail_are_slowed_from_where_they_fail(doors: Doors) -> None:
    token = doors.token()
    client, elsewhere = doors.client(), doors.client(peer="127.0.0.2")
    answers = [client.post("/login", data={"token": "x"}, headers=PAGE) for _ in range(13)]
    assert [one.status_code for one in answers] == [401] * 10 + [429] * 3
    assert 0 < int(answers[-1].headers["retry-after"]) <= 31
    assert "Too many wrong tokens" in answers[-1].text
    assert client.post("/login", data={"token": token}).status_code == 429
    assert elsewhere.post("/login", data={"token": token}).status_code == 303
    assert len(doors.said) == 11


def test_wrong_tokens_of_programs_are_slowed_and_the_right_one_is_let_in(doors: Doors) -> None:
    wrong, right = doors.client("lp_" + "0" * 12 + "_" + "x" * 43), doors.client(doors.token())
    assert [wrong.get("/viewer").status_code for _ in range(12)] == [401] * 10 + [429] * 2
    assert right.get("/viewer").status_code == 200


def test_without_access_control_there_is_nothing_to_log_in_to(doors: Doors) -> None:
    answer = doors.client().get("/login?next=/findings", headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/findings")


def test_the_page_runs_nothing_and_loads_nothing_from_elsewhere(doors: Doors) -> None:
    doors.token()
    answer = doors.client().get("/login", headers=PAGE)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    for forbidden in ("style=", "onclick", "hx-on", "javascript:", "http://", "https://"):
        assert forbidden not in answer.text
    assert 'type="password"' in answer.text
