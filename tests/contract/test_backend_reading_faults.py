"""Faults between us and every store that speaks HTTP while it is read: exactly the listed bytes, or an error."""

from __future__ import annotations

import gzip

import pytest
from support.destinations import DESTINATIONS, Destination
from support.faulty_line import DATA, PASSING, PIECES, Line, OfWire
from support.proxy import (
    Response,
    cut,
    flip,
    say,
)

from verifier.checksums import hasher
from verifier.errors import ChangedError, DeniedError, NetworkError

TRIES = 3
_HTTP = [row for row in DESTINATIONS if row.wire]
pytestmark = [
    pytest.mark.usefixtures("short_waits"),
    pytest.mark.parametrize("destination", _HTTP, ids=lambda row: row.name, indirect=True),
]

passing = pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)


def test_credentials_that_expire_between_two_reads_are_denied_and_not_tried_again(line: Line) -> None:
    reads = line.spoil_reads(line.wire.expired, on=range(2, 1000))
    source = line.backend.open(line.file())
    assert source.read_range(0, 10) == DATA[:10]
    with pytest.raises(DeniedError) as caught:
        source.read_range(10, 20)
    assert caught.value.hint
    assert reads.seen <= 1 + 2


@passing
def test_one_passing_fault_in_reading_shows_only_in_the_requests(line: Line, fault: OfWire) -> None:
    source = line.backend.open(line.file())
    reads = line.spoil_reads(fault(line.wire), on=[1])
    assert b"".join(source.stream()) == DATA
    assert reads.seen == 2
    reads = line.spoil_reads(fault(line.wire), on=[1])
    assert source.read_range(100, 20_000) == DATA[100:20_000]
    assert reads.seen == 2


@passing
def test_a_lasting_fault_in_reading_is_a_network_error_and_never_a_short_read(line: Line, fault: OfWire) -> None:
    source = line.backend.open(line.file())
    reads = line.spoil_reads(fault(line.wire))
    with pytest.raises(NetworkError):
        source.read_range(100_000, 110_000)
    assert reads.seen <= 20
    reads = line.spoil_reads(fault(line.wire))
    pieces: list[bytes] = []
    with pytest.raises(NetworkError):
        pieces.extend(source.stream())
    got = b"".join(pieces)
    assert got == DATA[: len(got)]
    assert len(got) < len(DATA)
    assert reads.seen <= 20


def test_a_stream_goes_on_from_where_it_was_cut_off(line: Line) -> None:
    source = line.backend.open(line.file("pieces/file"))
    reads = line.spoil_reads(cut(1_234_567), on=[1])
    assert b"".join(source.stream()) == PIECES
    assert reads.seen == 2
    headers = line.proxy.requests[-1].headers
    asked = headers.get("Range") or headers["X-Ms-Range"]
    assert 1 << 20 <= int(asked.removeprefix("bytes=").partition("-")[0]) <= 1_234_567


def test_an_undisturbed_stream_is_one_request(line: Line) -> None:
    file = line.file()
    before, sent = line.backend.requests, len(line.proxy.requests)
    assert b"".join(line.backend.open(file).stream()) == DATA
    assert line.backend.requests - before == len(line.proxy.requests) - sent == 1


@pytest.mark.parametrize("is_gone", [True, False], ids=["deleted", "replaced"])
def test_what_is_deleted_or_replaced_while_it_is_read_has_changed(line: Line, is_gone: bool) -> None:
    line.store.put("moving/file", PIECES)
    stream = line.backend.open(line.file("moving/file")).stream()
    line.spoil_reads(cut(1_234_567), on=[1])
    next(stream)
    if is_gone:
        line.store.delete("moving/file")
    else:
        line.store.put("moving/file", PIECES[::-1])
    with pytest.raises(ChangedError):
        list(stream)


def test_a_server_that_sends_the_whole_body_for_a_range_still_works(line: Line) -> None:
    def whole(response: Response) -> None:
        response.status = 200
        response.headers.pop("Content-Range", None)
        response.replace_body(DATA)

    source = line.backend.open(line.file())
    line.spoil_reads(whole)
    assert source.read_range(345_678, 345_700) == DATA[345_678:345_700]


def test_a_server_that_sends_another_range_is_not_believed(line: Line) -> None:
    source = line.backend.open(line.file())
    line.spoil_reads(say("Content-Range", f"bytes 9-18/{len(DATA)}"))
    with pytest.raises(NetworkError):
        source.read_range(10, 20)


def test_a_flipped_bit_on_the_way_contradicts_the_stores_checksum(line: Line) -> None:
    if not line.backend.capabilities.checksums:
        pytest.skip("this store gives no checksum")
    source = line.backend.open(line.file())
    line.spoil_reads(flip(200_000))
    got, checksum = b"".join(source.stream()), source.provider_checksum()
    assert len(got) == len(DATA)
    assert got != DATA
    assert checksum is not None
    found, expected = hasher(checksum.algorithm), hasher(checksum.algorithm)
    found.update(got)
    expected.update(DATA)
    assert found.hexdigest() != checksum.value == expected.hexdigest()


@pytest.mark.parametrize("data", [gzip.compress(b"row\n" * 1000), b"not gzip"], ids=["gzip", "not gzip"])
def test_what_is_said_to_be_encoded_comes_as_it_is_stored(line: Line, destination: Destination, data: bytes) -> None:
    if not destination.keeps_encodings:
        pytest.skip("this server keeps no Content-Encoding")
    line.store.put("encoded/file", data, encoding="gzip")
    source = line.backend.open(line.file("encoded/file"))
    assert b"".join(source.stream()) == data
    assert source.read_range(2, 8) == data[2:8]
