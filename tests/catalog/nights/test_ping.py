"""Pings reach a server on loopback, or say in words without the URL why they did not; nothing is ever raised."""

from __future__ import annotations

import logging
import socket
import uuid
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from support.ping_server import PingServer, ping_server

from catalog.nights.ping import Pinged, Pinger

RUN = str(uuid.UUID(int=7))


@pytest.fixture
def server() -> Iterator[PingServer]:
    with ping_server() as running:
        yield running


def pinger(url: str, *, seconds: float = 5, run: str = RUN) -> Pinger:
    return Pinger(url, run, seconds=seconds, pauses=(0, 0))


def test_a_night_is_told_at_its_start_and_at_its_end(server: PingServer) -> None:
    told = pinger(server.url)
    assert [told.start(), told.success("all is well"), told.fail("two are missing", 2)] == [
        Pinged("start", 1),
        Pinged("success", 1),
        Pinged("fail", 1),
    ]
    path = "/ping/a-secret-key"
    assert [(p.method, p.target, p.body) for p in server.pings] == [
        ("POST", f"{path}/start?rid={RUN}", b""),
        ("POST", f"{path}?rid={RUN}", b"all is well"),
        ("POST", f"{path}/fail?rid={RUN}", b"exit status 2\ntwo are missing"),
    ]


def test_the_query_of_the_url_stays(server: PingServer) -> None:
    pinger(f"{server.url}/?create=1&empty=&a=%26#part").start()
    parts = urlsplit(server.pings[0].target)
    assert parts.path == "/ping/a-secret-key/start"
    query = parse_qs(parts.query, keep_blank_values=True)
    assert query == {"create": ["1"], "empty": [""], "a": ["&"], "rid": [RUN]}


def test_a_run_id_that_is_no_uuid_becomes_one_that_stays_the_same(server: PingServer) -> None:
    pinger(server.url, run="0192f0a1b2c3night").start()
    pinger(server.url, run="0192f0a1b2c3night").success("")
    first, second = (parse_qs(urlsplit(p.target).query)["rid"][0] for p in server.pings)
    assert first == second == str(uuid.UUID(first))


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_server_in_trouble_is_asked_again(server: PingServer, status: int) -> None:
    server.statuses = [status, status, 200]
    assert pinger(server.url).success("x") == Pinged("success", 3)


def test_a_server_that_stays_in_trouble_is_given_up(server: PingServer) -> None:
    server.statuses = [500]
    done = pinger(server.url).success("x")
    assert (done.is_sent, str(done)) == (False, "ping success: not sent after 3 tries: status 500")
    assert len(server.pings) == 3


@pytest.mark.parametrize("status", [404, 400, 409])
def test_a_refusal_is_final(server: PingServer, status: int) -> None:
    server.statuses = [status]
    assert pinger(server.url).start() == Pinged("start", 1, f"status {status}")


def test_a_redirect_is_not_followed(server: PingServer) -> None:
    server.statuses, server.headers = [302], {"location": f"{server.url}/elsewhere"}
    assert pinger(server.url).start() == Pinged("start", 1, "status 302: redirects are not followed")
    assert len(server.pings) == 1


def test_a_ping_that_is_answered_with_200_and_thrown_away_is_not_sent(server: PingServer) -> None:
    server.words = b"OK (not found)"
    assert pinger(server.url).start() == Pinged("start", 1, "the server says: not found")


def test_a_server_that_is_down_is_told_of() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        done = pinger(f"http://127.0.0.1:{unused.getsockname()[1]}/a-secret-key").start()
    assert done == Pinged("start", 3, "could not be reached: ConnectError")


def test_a_server_that_is_slow_is_not_waited_for(server: PingServer) -> None:
    server.slow_seconds = 30
    assert pinger(server.url, seconds=0.05).start() == Pinged("start", 3, "no answer within 0.05 s")


def test_a_server_whose_answer_never_ends_is_not_waited_for(server: PingServer) -> None:
    server.drips = True
    done = Pinger(server.url, RUN, seconds=0.05, pauses=()).start()
    assert done == Pinged("start", 1, "no answer within 0.05 s")


def test_a_summary_is_cut_to_what_the_server_keeps(server: PingServer) -> None:
    server.headers = {"Ping-Body-Limit": "30"}
    told = pinger(server.url)
    told.success("ü" * 20_000)
    told.success("ü" * 20_000)
    first, second = (p.body for p in server.pings)
    assert first.decode() == "ü" * 4998 + "\n…", "10 kB until the server says what it keeps"
    assert second.decode() == "ü" * 13 + "\n…"


@pytest.mark.parametrize("said", ["100000000", "many", "-1", ""])
def test_no_server_gets_more_than_100_kb(server: PingServer, said: str) -> None:
    server.headers = {"Ping-Body-Limit": said}
    told = pinger(server.url)
    told.start()
    told.success("x" * 200_000)
    assert len(server.pings[-1].body) in (10_000, 100_000)


@pytest.mark.parametrize(
    "url", ["", "a-secret-key", "ftp://host/a-secret-key", "http://[::1/a-secret-key", "http://a b/a-secret-key"]
)
def test_a_url_that_is_none_raises_nothing_and_is_not_shown(url: str) -> None:
    done = Pinger(url, RUN, seconds=1, pauses=()).success("x")
    assert not done.is_sent
    assert "secret" not in str(done)


def test_the_url_is_shown_and_logged_nowhere(server: PingServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.statuses = [404]
    told = pinger(server.url)
    done = told.start()
    assert "secret" not in f"{done!r} {done} {told!r} {caplog.text}"
