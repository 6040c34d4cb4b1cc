"""Pieces made ahead of who takes them: the same, in order, errors in their place, nothing left running."""

from __future__ import annotations

import gzip
import hashlib
import random
import sys
import threading
from collections.abc import Iterator

import pytest

from verifier.errors import NetworkError
from verifier.findings import Level
from verifier.formats.ahead import PIECE, ahead
from verifier.formats.base import Limits
from verifier.formats.gzip import Inflated, Stored
from verifier.formats.ndjson import verify_json_gzip
from verifier.model import Content, Depth


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("ahead")]


def test_the_pieces_are_the_same_in_the_same_order() -> None:
    pieces = [b"%d" % number for number in range(50)]
    assert list(ahead(iter(pieces))) == pieces
    assert list(ahead(iter([]))) == []


def test_pieces_are_made_in_another_thread_and_few_of_them_beforehand() -> None:
    made: list[str] = []

    def pieces() -> Iterator[bytes]:
        for number in range(20):
            made.append(threading.current_thread().name)
            yield b"%d" % number

    most = 0
    for taken, _ in enumerate(ahead(pieces()), 1):
        most = max(most, len(made) - taken)
    assert threading.current_thread().name not in made
    assert len(made) == 20
    assert most <= 6


def test_an_error_comes_after_the_pieces_before_it() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"one"
        yield b"two"
        raise NetworkError("the store hung up")

    made_ahead = ahead(pieces())
    assert [next(made_ahead), next(made_ahead)] == [b"one", b"two"]
    with pytest.raises(NetworkError, match="hung up"):
        next(made_ahead)
    assert threads() == []


def test_who_stops_early_leaves_nothing_running() -> None:
    usual = sys.getswitchinterval()
    made: list[int] = []

    def pieces() -> Iterator[bytes]:
        for number in range(1000):
            made.append(number)
            yield b"x"

    pieces_ahead = ahead(pieces())
    assert next(pieces_ahead) == b"x"
    pieces_ahead.close()
    assert threads() == []
    assert len(made) < 10
    assert sys.getswitchinterval() == usual


# ---- a whole file


class Large:
    """A file in memory, large enough that its pieces may be made ahead."""

    path = "part-00000.json.gz"
    is_local = True

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read_range(self, start: int, end: int) -> bytes:
        return self._data[start:end]

    def stream(self) -> Iterator[bytes]:
        for start in range(0, self.size, 1 << 20):
            yield self._data[start : start + (1 << 20)]


def rough_lines(count: int) -> bytes:
    chance = random.Random(29)
    return b"".join(
        b'{"id":"%x","timestamp":"2026-11-01T00:00:%02dZ"}\n' % (chance.getrandbits(800), number % 60)
        for number in range(count)
    )


BODY = rough_lines(44_000)
STORED = gzip.compress(BODY, compresslevel=1, mtime=0)


@pytest.fixture(params=[True, False], ids=["ahead", "in turn"])
def verified(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> object:
    """The validator, for which a file is large enough for a thread of its own or not."""
    monkeypatch.setattr("verifier.formats.ahead._WORTH_BYTES", 0 if request.param else 1 << 60)
    return lambda data: verify_json_gzip(Large(data), Depth.FULL, Limits())


def look(verified: object, data: bytes) -> Content:
    assert callable(verified)
    content = verified(data)
    assert isinstance(content, Content)
    return content


def test_a_large_file_is_told_in_full(verified: object) -> None:
    assert len(STORED) > 4 << 20
    content = look(verified, STORED)
    assert content.findings == ()
    assert (content.rows, content.facts["expanded_bytes"]) == (44_000, len(BODY))
    assert content.sha256 == hashlib.sha256(STORED).hexdigest()
    assert content.events is not None


@pytest.mark.parametrize("seed", range(3))
def test_damage_at_any_place_is_an_error(verified: object, seed: int) -> None:
    chance = random.Random(seed)
    flipped, zeroed = bytearray(STORED), bytearray(STORED)
    flipped[chance.randrange(10, len(STORED))] ^= 1 << chance.randrange(8)
    start = chance.randrange(10, len(STORED) - 512)
    zeroed[start : start + 512] = bytes(512)
    cut = STORED[: chance.randrange(1, len(STORED))]
    for data in (bytes(flipped), bytes(zeroed), cut):
        content = look(verified, data)
        assert any(found.level is Level.ERROR and found.code.startswith("gzip.") for found in content.findings)
        assert content.rows is None
        assert content.sha256 == hashlib.sha256(data).hexdigest()


def test_a_bad_line_far_in_is_named_by_number_and_offset(verified: object) -> None:
    place = BODY.index(b"\n", len(BODY) * 2 // 3) + 1
    data = gzip.compress(BODY[:place] + b"nope\n" + BODY[place:], compresslevel=1, mtime=0)
    (found,) = look(verified, data).findings
    assert found.code == "json.invalid-line"
    assert found.where == {"line": BODY[:place].count(b"\n") + 1, "byte_offset": place}


def test_pieces_are_never_larger_than_asked_for() -> None:
    data = gzip.compress(bytes(20 << 20), mtime=0)
    inflated = Inflated(Stored([data], PIECE // 8), len(data), Limits(expansion_ratio=2000), PIECE)
    sizes = list(map(len, inflated))
    assert (max(sizes), sum(sizes)) == (PIECE, 20 << 20)
