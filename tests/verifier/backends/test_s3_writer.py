"""New objects in a bucket: in how many parts, with which requests, and what becomes of an upload that fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from support.proxy import Proxy, Request, Rule, faulty_proxy, refused, unavailable
from support.stores import S3Store

from verifier.backends.base import Writer
from verifier.backends.registry import open_backend, open_writer
from verifier.backends.s3_writer import MOST_PARTS, PART_BYTES, part_bytes
from verifier.errors import DeniedError, ExistsError, NetworkError

MIB = 1 << 20
pytestmark = pytest.mark.usefixtures("short_waits")


@pytest.mark.parametrize("size", [0, 1, PART_BYTES, 80 << 30, 200 << 30, 5 << 40])
def test_parts_are_no_more_than_the_store_takes_and_no_smaller_than_it_wants(size: int) -> None:
    part = part_bytes(size)
    assert part >= PART_BYTES
    assert part % MIB == 0
    assert -(-size // part) <= MOST_PARTS


@contextmanager
def written_through(store: S3Store, *rules: Rule) -> Iterator[tuple[Writer, Proxy]]:
    """Open a bucket for new objects, behind a proxy with these rules."""
    with faulty_proxy(store.url, *rules) as proxy, closing(open_writer(store.through(proxy.url))) as writer:
        yield writer, proxy


def asked(proxy: Proxy) -> Counter[str]:
    """Count what was asked for, by kind of request."""
    kinds = {
        "look": lambda r: r.method == "GET",
        "put": lambda r: r.method == "PUT" and "partNumber" not in r.target,
        "part": lambda r: "partNumber" in r.target,
        "begin": lambda r: r.method == "POST" and r.target.endswith("?uploads"),
        "end": lambda r: r.method == "POST" and "uploadId=" in r.target,
        "abort": lambda r: r.method == "DELETE",
    }
    return Counter(next(kind for kind, is_one in kinds.items() if is_one(r)) for r in proxy.requests)


def sizes(store: S3Store) -> dict[str, int]:
    with closing(open_backend(store.location())) as backend:
        return {file.path: file.size for page in backend.list() for file in page}


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, {"look": 1, "put": 1}),
        (PART_BYTES, {"look": 1, "put": 1}),
        (PART_BYTES + 1, {"look": 1, "begin": 1, "part": 2, "end": 1}),
        (2 * PART_BYTES, {"look": 1, "begin": 1, "part": 2, "end": 1}),
    ],
)
def test_the_requests_of_one_object_each_on_condition_and_with_its_digest(
    store: S3Store, size: int, expected: dict[str, int]
) -> None:
    with written_through(store) as (writer, proxy):
        writer.write("folder/file", [bytes(size // 2), bytes(size - size // 2)], size)
    assert asked(proxy) == expected
    assert sizes(store) == {"folder/file": size}
    last = [r for r in proxy.requests if r.method in ("PUT", "POST")][-1]
    assert last.headers["If-None-Match"] == "*"
    assert all("Content-Md5" in r.headers for r in proxy.requests if r.method == "PUT")
    assert not any("Expect" in r.headers for r in proxy.requests)


def is_part(number: int) -> Rule:
    return Rule(lambda r: f"partNumber={number}" in r.target, unavailable)


def test_a_part_that_fails_once_is_sent_once_more_alone(store: S3Store) -> None:
    rule = is_part(2)
    rule.on = [1]
    with written_through(store, rule) as (writer, proxy):
        writer.write("file", [bytes(17 * MIB)], 17 * MIB)
    assert asked(proxy) == {"look": 1, "begin": 1, "part": 4, "end": 1}
    assert sizes(store) == {"file": 17 * MIB}


def test_a_part_that_fails_for_good_ends_the_upload(store: S3Store) -> None:
    with written_through(store, is_part(2)) as (writer, proxy), pytest.raises(NetworkError, match="503, SlowDown"):
        writer.write("file", [bytes(17 * MIB)], 17 * MIB)
    assert asked(proxy) == {"look": 1, "begin": 1, "part": 4, "abort": 1}
    assert sizes(store) == {}


def is_end(request: Request) -> bool:
    return request.method == "POST" and "uploadId=" in request.target


def test_an_end_whose_answer_was_lost_is_not_known_and_the_next_write_sees_it(store: S3Store) -> None:
    gone = refused(404, "<Error><Code>NoSuchUpload</Code></Error>")
    with written_through(store, Rule(is_end, unavailable, on=[1])) as (writer, proxy):
        writer.write("first", [bytes(9 * MIB)], 9 * MIB)  # a server that takes the same end twice
        proxy.rules[:] = [Rule(is_end, unavailable, on=[1]), Rule(is_end, gone, on=[2])]
        with pytest.raises(NetworkError, match="whether it was stored is not known"):
            writer.write("file", [bytes(9 * MIB)], 9 * MIB)
        with pytest.raises(ExistsError):
            writer.write("file", [bytes(9 * MIB)], 9 * MIB)
    assert sizes(store) == {"first": 9 * MIB, "file": 9 * MIB}


@pytest.mark.parametrize("code", ["ConditionalRequestConflict", "OperationAborted", "BadDigest"])
def test_what_is_not_lasting_is_tried_again(store: S3Store, code: str) -> None:
    conflict = Rule(lambda r: r.method == "PUT", refused(409, f"<Error><Code>{code}</Code></Error>"))
    with written_through(store, conflict) as (writer, proxy), pytest.raises(NetworkError, match=code):
        writer.write("file", [b"x"], 1)
    assert asked(proxy)["put"] == 3


@pytest.mark.parametrize(
    ("code", "words"), [("AccessDenied", "s3:PutObject"), ("ExpiredToken", "the session token has expired")]
)
def test_what_is_not_allowed_is_denied_with_a_hint(store: S3Store, code: str, words: str) -> None:
    refusal = Rule(lambda r: r.method == "PUT", refused(403, f"<Error><Code>{code}</Code></Error>"))
    with written_through(store, refusal) as (writer, proxy), pytest.raises(DeniedError) as caught:
        writer.write("file", [b"x"], 1)
    assert words in (caught.value.hint or "")
    assert asked(proxy)["put"] == 1
