"""What S3 credentials are worth: written nothing, told from the answer; anonymous reading; answers without an end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.faulty_s3 import behind, paths
from support.proxy import Request, Response, Rule, is_listing
from support.servers import rclone_s3
from support.stores import S3Store

from verifier.backends import s3_http
from verifier.backends.base import Access
from verifier.backends.registry import open_backend
from verifier.backends.urls import parse_location
from verifier.errors import DeniedError, NetworkError

pytestmark = pytest.mark.usefixtures("short_waits")


def is_question(request: Request) -> bool:
    return request.method == "POST"


def answers(status: int, code: str) -> Callable[[Response], None]:
    def answer(response: Response) -> None:
        response.status = status
        response.replace_body(f"<Error><Code>{code}</Code></Error>".encode())

    return answer


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (404, "NoSuchUpload", ("write",)),
        (403, "AccessDenied", ()),
        (403, "SignatureDoesNotMatch", None),
        (404, "NoSuchBucket", None),
        (400, "MalformedXML", None),
        (405, "MethodNotAllowed", None),
        (501, "NotImplemented", None),
        (503, "SlowDown", None),
        (200, "AccessDenied", None),
    ],
)
def test_the_answer_to_one_question_tells_whether_writing_is_allowed(
    store: S3Store, status: int, code: str, expected: tuple[str, ...] | None
) -> None:
    with behind(store, Rule(is_question, answers(status, code))) as (backend, proxy):
        assert backend.access() == Access(beyond_reading=expected)
        assert [request.method for request in proxy.requests] == ["POST"]
        assert backend.requests == 1


def test_a_server_that_checks_credentials_is_asked_and_keeps_nothing(tmp_path: Path) -> None:
    bucket = tmp_path / "root" / "bucket"
    bucket.mkdir(parents=True)
    with rclone_s3(tmp_path / "root", tmp_path / "rclone.log") as server:
        with closing(open_backend(parse_location("s3://bucket/exports", server.options()))) as backend:
            assert backend.access().beyond_reading == ("write",)
        wrong = parse_location("s3://bucket", server.options(secret="an-entirely-wrong-secret"))
        with closing(open_backend(wrong)) as backend:
            assert backend.access().beyond_reading is None
    assert list(bucket.rglob("*")) == []


def test_a_server_that_stumbles_over_the_question_tells_nothing_and_keeps_nothing(store: S3Store) -> None:
    with behind(store) as (backend, _):
        assert backend.access().beyond_reading is None
        assert paths(backend) == []


def test_credentials_of_the_environment_tell_when_they_end(store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    place = parse_location(f"s3://{store.bucket}", {"endpoint_url": store.url, "region": "us-east-1"})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "something")
    with closing(open_backend(place)) as backend:
        assert backend.access().expires_at is None
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2199-01-01T02:00:00+02:00")
    with closing(open_backend(place)) as backend:
        assert backend.access().expires_at == datetime(2199, 1, 1, tzinfo=UTC)
    with closing(open_backend(store.location())) as backend:
        assert backend.access().expires_at is None


def test_anonymous_reading_sends_no_credentials_and_is_what_the_store_allows(
    store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "something")
    store.put("private", b"data")
    store.put("public", b"data", x_amz_acl="public-read")
    with behind(store, key=None, secret=None, anon=True) as (backend, proxy):
        private, public = (file for page in backend.list() for file in page)
        assert b"".join(backend.open(public).stream()) == b"data"
        with pytest.raises(DeniedError):
            list(backend.open(private).stream())
        assert {request.headers.get("Authorization") for request in proxy.requests} == {None}
        assert backend.access().expires_at is None


@pytest.mark.parametrize("status", [200, 404])
def test_an_answer_larger_than_any_of_s3s_is_given_up(
    store: S3Store, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(s3_http, "GREATEST_ANSWER_BYTES", 1 << 20)

    def swell(response: Response) -> None:
        response.status = status
        response.replace_body(b"<ListBucketResult>" + b" " * (2 << 20))

    with behind(store, Rule(is_listing, swell)) as (backend, _), pytest.raises(NetworkError, match="larger than any"):
        paths(backend)
