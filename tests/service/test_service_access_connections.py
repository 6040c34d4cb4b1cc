"""Connections of a real server: slow clients, heads without end, event streams, and the end of the service."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from support.doors_served import FETCH_SECONDS, HEAD_SECONDS, STOP_SECONDS, WHOLE_SECONDS

from catalog.service.access.tokens import create_token, revoke_token
from catalog.service.serving.connections import MOST_HEAD_BYTES
from catalog.service.values import Role
from catalog.workflow import utc_now

TESTS = Path(__file__).resolve().parents[1]
SLACK = 3.0
"""What a busy machine may take longer."""


@dataclass
class Served:
    """A server of its own process."""

    process: subprocess.Popen[str]
    port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connected(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def ended(self, seconds: float) -> tuple[int, str]:
        """Wait for its end; return status and what it printed."""
        out, _ = self.process.communicate(timeout=seconds)
        return self.process.returncode, out


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """The small app, open, on a port of its own."""
    environment = {**os.environ, "PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"}
    command = [sys.executable, "-m", "support.doors_served", str(tmp_path)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
    alarm = threading.Timer(60, process.kill)
    alarm.start()
    try:
        assert process.stderr
        line = process.stderr.readline()
        told = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        assert told, line + process.stderr.read()
        yield Served(process, int(told[1]), tmp_path)
    finally:
        alarm.cancel()
        process.kill()
        process.communicate()


def everything(connection: socket.socket) -> tuple[bytes, float]:
    """Read until the other side ends it; return that, and how long it took."""
    began, parts = time.monotonic(), []
    with suppress(ConnectionError):
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts), time.monotonic() - began


def test_a_connection_that_asks_nothing_is_closed_without_a_word(served: Served) -> None:
    with served.connected() as connection:
        told, took = everything(connection)
    assert told == b""
    assert HEAD_SECONDS * 0.9 <= took < HEAD_SECONDS + SLACK


def test_a_head_that_drips_is_given_up(served: Served) -> None:
    with served.connected() as connection:
        connection.sendall(b"GET /viewer HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        began = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() - began < HEAD_SECONDS + SLACK:
                connection.sendall(b"x: y\r\n")
                time.sleep(0.1)
                connection.setblocking(False)
                with suppress(BlockingIOError):
                    if told := connection.recv(1000):
                        break
                connection.setblocking(True)
    assert told.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - began < HEAD_SECONDS + SLACK


def test_a_body_that_does_not_come_is_given_up(served: Served) -> None:
    with served.connected() as connection:
        connection.sendall(b"POST /viewer/asks HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n")
        connection.sendall(b"Content-Type: application/x-www-form-urlencoded\r\n\r\na=b")
        told, took = everything(connection)
    assert told.startswith(b"HTTP/1.1 408 ")
    assert took < WHOLE_SECONDS + SLACK


@pytest.mark.parametrize(
    "head", [b"GET /viewer HTTP/1.1\r\nx: ", b"GET /", b"GET /viewer HTTP/1.1\r\n" + b"a: b\r\n" * 50]
)
def test_a_head_without_end_is_refused_before_it_fills_memory(served: Served, head: bytes) -> None:
    sent = 0
    with served.connected() as connection:
        connection.sendall(head)
        with suppress(ConnectionError):
            while sent < 50 * MOST_HEAD_BYTES:
                connection.sendall(b"x" * 1024)
                sent += 1024
                time.sleep(0.0005)
        with suppress(ConnectionError):
            told = connection.recv(1000)
            assert told.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))
    assert sent < 40 * MOST_HEAD_BYTES
    assert httpx.get(f"{served.url}/viewer", trust_env=False).status_code == 200


def test_a_head_that_is_long_but_bounded_is_answered(served: Served) -> None:
    headers = {f"x-{number}": "y" * 1000 for number in range(60)}
    assert httpx.get(f"{served.url}/viewer", headers=headers, trust_env=False).status_code == 200
    with httpx.Client(trust_env=False) as client:  # one connection: each request counts anew
        for _ in range(5):
            assert client.get(f"{served.url}/viewer", headers=headers).status_code == 200
            answer = client.post(f"{served.url}/viewer/asks", data={"a": "b" * 200_000})
            assert len(answer.json()["form"]["a"]) == 200_000


def test_who_fetches_nothing_of_an_answer_is_left(served: Served) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(20)
        connection.connect(("127.0.0.1", served.port))
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        time.sleep(FETCH_SECONDS + 1.5)
        told, _ = everything(connection)
    assert told.startswith(b"HTTP/1.1 200 ")
    assert len(told) < 50_000_000


def test_who_fetches_slowly_is_served(served: Served) -> None:
    received = 0
    with httpx.stream("GET", f"{served.url}/large", trust_env=False, timeout=30) as answer:
        for number, part in enumerate(answer.iter_raw(1_000_000)):
            received += len(part)
            if number < 15:
                time.sleep(0.2)  # longer in all than nothing may be fetched
    assert received == 100_000_000


def test_slow_clients_keep_nobody_else_waiting(served: Served) -> None:
    slow = [served.connected() for _ in range(150)]
    for connection in slow:
        connection.sendall(b"GET /viewer HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    assert httpx.get(f"{served.url}/viewer", trust_env=False, timeout=5).status_code == 200
    for connection in slow:
        connection.close()


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /viewer/asks HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /viewer/asks HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /viewer/asks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"GET /viewer HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\x00b\r\n\r\n",
        b"GET /viewer HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n",
        b"GET /viewer HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
    ],
)
def test_what_two_readers_could_read_differently_is_refused(served: Served, request_: bytes) -> None:
    with served.connected() as connection:
        connection.sendall(request_)
        told, _ = everything(connection)
    assert told.startswith(b"HTTP/1.1 400 ")


def test_a_websocket_is_no_way_in(served: Served) -> None:
    with served.connected() as connection:
        connection.sendall(b"GET /viewer HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade, close\r\n")
        connection.sendall(b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n")
        told, _ = everything(connection)
    assert told.startswith(b"HTTP/1.1 200 ")


def test_told_to_end_it_gives_the_answers_that_were_begun(served: Served) -> None:
    answers: list[httpx.Response] = []
    events: list[str] = []

    def ask() -> None:
        answers.append(httpx.get(f"{served.url}/slow?seconds=1", trust_env=False, timeout=20))

    def listen() -> None:
        with httpx.stream("GET", f"{served.url}/events", trust_env=False, timeout=20) as answer:
            events.extend(answer.iter_lines())  # raises unless the stream is whole

    threads = [threading.Thread(target=ask), threading.Thread(target=listen)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    began = time.monotonic()
    served.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    with pytest.raises(ConnectionError):
        socket.create_connection(("127.0.0.1", served.port), timeout=5).close()
    for thread in threads:
        thread.join(20)
    assert served.ended(20) == (0, "SIGTERM")
    assert time.monotonic() - began < 1 + SLACK
    assert [one.status_code for one in answers] == [200]
    assert "data: tick" in events


def test_told_to_end_by_a_person_it_says_so(served: Served) -> None:
    served.process.send_signal(signal.SIGINT)
    assert served.ended(20) == (0, "SIGINT")


@pytest.mark.parametrize("path", ["/slow?seconds=60", "/blocks?seconds=60"])
def test_it_ends_in_time_whatever_is_still_worked_on(served: Served, path: str) -> None:
    with served.connected() as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        time.sleep(0.5)
        began = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        assert served.ended(30)[0] == 0
        assert time.monotonic() - began < STOP_SECONDS + 1 + SLACK


def test_an_event_stream_ends_with_the_token_that_opened_it(served: Served) -> None:
    text = create_token(served.folder, "anna", Role.VIEWER, None, ("test", utc_now()))
    headers = {"Authorization": f"Bearer {text}"}
    with httpx.stream("GET", f"{served.url}/events", headers=headers, trust_env=False, timeout=20) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "data: tick"
        time.sleep(1)
        assert next(lines) == ""
        revoke_token(served.folder, "anna", utc_now())
        revoked = time.monotonic()
        for _ in lines:
            assert time.monotonic() - revoked < 1 + SLACK
    assert time.monotonic() - revoked < 1 + SLACK
    assert httpx.get(f"{served.url}/viewer", headers=headers, trust_env=False).status_code == 401


def test_a_mistake_of_ours_is_one_line_of_the_log_without_what_was_asked(served: Served) -> None:
    for _ in range(3):
        answer = httpx.get(f"{served.url}/fails?secret=4711", trust_env=False, headers={"Accept": "application/json"})
        assert (answer.status_code, answer.headers["x-content-type-options"]) == (500, "nosniff")
    assert httpx.get(f"{served.url}/viewer", trust_env=False).status_code == 200
    served.process.send_signal(signal.SIGTERM)
    _, told = served.process.communicate(timeout=20)
    lines = [line for line in told.splitlines() if "ZeroDivisionError" in line]
    assert len(lines) == 1
    assert re.fullmatch(r"ZeroDivisionError in landproof itself, at support/doors\.py:\d+", lines[0])
    assert "Traceback" not in told
    assert "4711" not in told
