"""`/metrics` over HTTP on loopback: computed when asked, kept for seconds, and 503 where the catalog cannot be read."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from socketserver import BaseServer
from typing import Any

import httpx
import pytest
from support.watched import FULL_FACTS

from catalog.metrics.server import Address, Metrics, listening, parse_address
from catalog.metrics_values import Facts
from verifier.errors import CatalogError, UsageError


class Source:
    """Gives facts that are a second newer each time, or the error it was told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.error: CatalogError | None = None
        self.takes_seconds = 0.0
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self) -> Facts:
        self.asked += 1
        assert self.may_answer.wait(10)
        time.sleep(self.takes_seconds)
        if self.error:
            raise self.error
        return replace(FULL_FACTS, at=FULL_FACTS.at + timedelta(seconds=self.asked))


@contextmanager
def serving(source: Source, kept_seconds: float = 0, host: str = "127.0.0.1") -> Iterator[str]:
    server: BaseServer
    with listening(Metrics(source, kept_seconds), Address(host, 0)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            name = f"[{host}]" if ":" in host else host
            yield f"http://{name}:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def get(url: str, **more: Any) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=10, **more)


@pytest.fixture
def source() -> Source:
    return Source()


def test_metrics_are_given_in_the_format_that_was_asked_for(source: Source) -> None:
    with serving(source) as url:
        plain = get(f"{url}/metrics")
        other = get(f"{url}/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert (plain.status_code, other.status_code) == (200, 200)
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert plain.headers["cache-control"] == "no-store"
    assert other.headers["content-type"].startswith("application/openmetrics-text")
    assert other.text.endswith("# EOF\n")


def test_each_scrape_computes_anew_once_the_answer_is_old(source: Source) -> None:
    with serving(source) as url:
        assert get(f"{url}/metrics").text != get(f"{url}/metrics").text


def test_an_answer_is_kept_for_a_while(source: Source) -> None:
    with serving(source, kept_seconds=600) as url:
        assert get(f"{url}/metrics").text == get(f"{url}/metrics").text
    assert source.asked == 1


def test_an_answer_that_took_long_is_kept_for_longer(source: Source) -> None:
    source.takes_seconds = 0.5
    with serving(source) as url:
        assert get(f"{url}/metrics").text == get(f"{url}/metrics").text
    assert source.asked == 1


def test_several_at_once_have_it_computed_once(source: Source) -> None:
    source.may_answer.clear()
    seen: list[int] = []
    with serving(source, kept_seconds=600) as url:
        threads = [threading.Thread(target=lambda: seen.append(get(f"{url}/metrics").status_code)) for _ in range(4)]
        for thread in threads:
            thread.start()
        source.may_answer.set()
        for thread in threads:
            thread.join()
    assert (seen, source.asked) == ([200] * 4, 1)


def test_a_catalog_that_cannot_be_read_is_503_and_never_an_answer_from_before(source: Source) -> None:
    with serving(source) as url:
        assert get(f"{url}/metrics").status_code == 200
        source.error = CatalogError("catalog x: locked by PID 7", hint="try again")
        locked = get(f"{url}/metrics")
        source.error = None
        assert get(f"{url}/metrics").status_code == 200
    assert (locked.status_code, locked.text) == (503, "catalog x: locked by PID 7\nhint: try again\n")


def test_there_is_no_other_page_and_no_other_method(source: Source) -> None:
    with serving(source) as url:
        assert get(f"{url}/").status_code == get(f"{url}/metrics/x").status_code == 404
        assert httpx.post(f"{url}/metrics", trust_env=False).status_code == 405
        head = httpx.head(f"{url}/metrics", trust_env=False)
    assert (head.status_code, head.content, source.asked) == (200, b"", 1)
    assert int(head.headers["content-length"]) > 1000


def test_ipv6_is_listened_on(source: Source) -> None:
    try:
        with serving(source, host="::1") as url:
            assert get(f"{url}/metrics").status_code == 200
    except UsageError:
        pytest.skip("this machine has no IPv6")


def test_an_address_that_is_taken_is_wrong_usage(source: Source) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match="cannot be listened on: address already in use"), serving_at(source, port):
            """Not reached."""


def serving_at(source: Source, port: int) -> Any:
    return listening(Metrics(source), Address("127.0.0.1", port))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("9437", Address("127.0.0.1", 9437)),
        (":9437", Address("127.0.0.1", 9437)),
        ("0.0.0.0:9437", Address("0.0.0.0", 9437)),
        ("[::1]:9437", Address("::1", 9437)),
        ("localhost:0", Address("localhost", 0)),
    ],
)
def test_an_address_without_a_host_is_loopback(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", "host", "host:", "host:http", "host:65536", "host:-1", "host:٣"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected HOST:PORT"):
        parse_address(text)
