"""What S3 alone may answer wrongly while it is listed; faults of every store are tried in the contract."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.faulty_s3 import behind, paths
from support.proxy import (
    Fault,
    Request,
    Response,
    Rule,
    is_listing,
    rewrite,
)
from support.servers import S3Server
from support.stores import S3Store

from verifier.errors import NetworkError, SourceError

PAGE_KEYS = 10
KEYS = sorted(f"folder/{number:03}" for number in range(25))
pytestmark = pytest.mark.usefixtures("short_waits")


@pytest.fixture(scope="module")
def filled(server: S3Server) -> S3Store:
    store = S3Store(server, "filled")
    store.put_many(KEYS)
    return store


def is_page(number: int) -> Callable[[Request], bool]:
    tokens: list[str] = [""]

    def matches(request: Request) -> bool:
        token = request.target.partition("continuation-token=")[2].partition("&")[0]
        if is_listing(request) and token not in tokens:
            tokens.append(token)
        return is_listing(request) and tokens.index(token) == number - 1

    return matches


LISTING_FAULTS = {
    "a key gone, count kept": rewrite(b"<Key>folder", b"<Kez>folder"),
    "count too high": rewrite(b"<KeyCount>", b"<KeyCount>1"),
    "does not say whether it ends": rewrite(b"IsTruncated", b"IsTruncatex"),
    "no next token": rewrite(b"NextContinuationToken", b"NextContinuationTokex"),
    "an error inside 200": lambda response: response.replace_body(b"<Error><Code>InternalError</Code></Error>"),
    "a document type": lambda response: response.replace_body(b"<!DOCTYPE x><ListBucketResult/>"),
}


@pytest.mark.parametrize("fault", LISTING_FAULTS.values(), ids=LISTING_FAULTS.keys())
def test_a_listing_whose_second_page_is_never_whole_raises(filled: S3Store, fault: Fault) -> None:
    with behind(filled, Rule(is_listing, fault, on=range(2, 20))) as (backend, _):
        pages = backend.list()
        next(pages)
        with pytest.raises(NetworkError):
            list(pages)


@pytest.mark.parametrize("fault", LISTING_FAULTS.values(), ids=LISTING_FAULTS.keys())
def test_one_passing_fault_in_a_listing_shows_only_in_the_requests(filled: S3Store, fault: Fault) -> None:
    with behind(filled, Rule(is_page(2), fault, on=[1])) as (backend, proxy):
        assert paths(backend) == KEYS
        assert len(proxy.requests) == backend.requests == 4


def test_a_listing_whose_pages_repeat_raises(filled: S3Store) -> None:
    first: list[bytes] = []

    def repeat(response: Response) -> None:
        first.append(response.body)
        response.replace_body(first[0])

    with behind(filled, Rule(is_listing, repeat)) as (backend, proxy):
        with pytest.raises(NetworkError, match="do not come to an end"):
            paths(backend)
        assert len(proxy.requests) < 5


def test_keys_outside_the_prefix_are_left_out(filled: S3Store) -> None:
    with behind(filled, Rule(is_listing, rewrite(b"<Key>folder/003", b"<Key>elsewhere/003"))) as (backend, _):
        assert [file.path for page in backend.list("folder") for file in page] == [k for k in KEYS if "003" not in k]


@pytest.mark.parametrize(
    ("status", "code", "kind", "hint"),
    [
        (400, "ExpiredToken", "denied", "expired"),
        (403, "AccessDenied", "denied", "s3:ListBucket"),
        (403, "SignatureDoesNotMatch", "denied", "check key and secret"),
        (404, "NoSuchBucket", "not-found", "bucket's name"),
        (503, "SlowDown", "network", ""),
        (501, "NotImplemented", "source", ""),
        (400, "\x1b[31m<evil>", "source", ""),
    ],
)
def test_answers_are_sorted_into_kinds(filled: S3Store, status: int, code: str, kind: str, hint: str) -> None:
    def refuse(response: Response) -> None:
        response.status = status
        text = f"<Error><Code>{code}</Code><Message>the id {filled.server.key}</Message></Error>"
        response.replace_body(text.encode())

    with behind(filled, Rule(is_listing, refuse)) as (backend, _), pytest.raises(SourceError) as caught:
        paths(backend)
    assert caught.value.kind == kind
    assert hint in (caught.value.hint or "")
    assert filled.server.key not in str(caught.value)
    assert str(caught.value).isprintable()
