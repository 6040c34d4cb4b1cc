"""Faults between us and every store that speaks HTTP while it is listed or looked at: what passes is tried again."""

from __future__ import annotations

import random
import socket
from contextlib import closing

import pytest
from support.destinations import DESTINATIONS
from support.faulty_line import DATA, PASSING, Line, OfWire
from support.proxy import (
    Fault,
    Response,
    Rule,
    delay,
    empty_page,
    refused,
    reset,
)

from verifier.backends import retry
from verifier.backends.registry import open_backend
from verifier.errors import DeniedError, NetworkError

TRIES = 3
_HTTP = [row for row in DESTINATIONS if row.wire]
pytestmark = [
    pytest.mark.usefixtures("short_waits"),
    pytest.mark.parametrize("destination", _HTTP, ids=lambda row: row.name, indirect=True),
]

PAGE_ONLY: dict[str, OfWire] = {
    "somebody else's page": lambda _: refused(200, "<html><body>sign in</body></html>", content_type="text/html"),
}
passing = pytest.mark.parametrize("fault", (PASSING | PAGE_ONLY).values(), ids=PASSING | PAGE_ONLY)


@passing
def test_one_passing_fault_in_a_listing_shows_only_in_the_requests(line: Line, fault: OfWire) -> None:
    pages = line.spoil_listings(fault(line.wire), on=[2])
    assert line.listed() == line.keys
    assert pages.seen == 4


@passing
def test_a_lasting_fault_on_the_third_page_raises_and_never_makes_the_listing_shorter(
    line: Line, fault: OfWire
) -> None:
    pages = line.spoil_listings(fault(line.wire), on=range(3, 1000))
    seen: list[str] = []
    with pytest.raises(NetworkError):
        seen.extend(file.path for files in line.backend.list("keys") for file in files)
    assert seen
    assert seen == line.keys[: len(seen)]
    assert len(seen) < len(line.keys)
    assert pages.seen <= 2 + 2 * TRIES  # a reset connection is dialled again by some libraries themselves


@pytest.mark.parametrize("fault", [empty_page, refused(503, ""), reset], ids=["an empty 200", "503", "reset"])
def test_a_first_page_that_never_comes_is_no_empty_place(line: Line, fault: Fault) -> None:
    line.spoil_listings(fault)
    with pytest.raises(NetworkError):
        line.listed()


@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_page_cut_at_any_byte_is_never_taken_for_a_page(line: Line, page: int) -> None:
    dice = random.Random(page)

    def cut_somewhere(response: Response) -> None:
        response.replace_body(response.body[: dice.randrange(len(response.body.rstrip()))])

    for _ in range(3):
        line.spoil_listings(cut_somewhere, on=range(page, 1000))
        with pytest.raises(NetworkError):
            line.listed()


def test_an_answer_that_begins_late_is_waited_for(line: Line) -> None:
    pages = line.spoil_listings(delay(0.3), on=[2])
    assert line.listed() == line.keys
    assert pages.seen == 3
    reads = line.spoil_reads(delay(0.3), on=[1])
    assert b"".join(line.backend.open(line.file()).stream()) == DATA
    assert reads.seen == 1


def test_an_answer_that_never_begins_is_a_network_error(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    source = line.backend.open(line.file())
    monkeypatch.setattr(retry, "SECONDS", 0.3)
    line.spoil_listings(delay(3))
    with pytest.raises(NetworkError):
        line.listed()
    line.spoil_reads(delay(3))
    with pytest.raises(NetworkError):
        source.read_range(0, 10)


def test_credentials_that_expire_between_two_pages_are_denied_and_not_tried_again(line: Line) -> None:
    pages = line.spoil_listings(line.wire.expired, on=range(2, 1000))
    with pytest.raises(DeniedError) as caught:
        line.listed()
    assert caught.value.hint
    assert pages.seen <= 1 + 2  # once more with fresh credentials where they can be had


@pytest.mark.parametrize("fault", [reset, refused(503, "")], ids=["reset", "503"])
def test_looking_up_a_file_outlives_one_fault_and_no_lasting_one(line: Line, fault: Fault) -> None:
    file = line.file()
    line.proxy.rules[:] = [Rule(lambda _: True, fault, on=[1])]
    assert line.backend.stat("data/file") == file
    line.proxy.rules[:] = [Rule(lambda _: True, fault)]
    with pytest.raises(NetworkError):
        line.backend.stat("data/file")


def test_a_closed_port_is_a_network_error_after_as_many_tries_as_any_other(line: Line) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        place = line.store.through(f"http://127.0.0.1:{taken.getsockname()[1]}")
        with closing(open_backend(place)) as backend:
            with pytest.raises(NetworkError):
                list(backend.list())
            assert TRIES <= backend.requests <= TRIES + 2  # those to Adobe included
