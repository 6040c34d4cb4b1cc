"""By which rules stores delete and protect: asked of real servers, and of answers as the stores document them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session
from support import gcs_store
from support.azure_store import AzureServer, AzureStore
from support.faulty_s3 import behind
from support.gcs_store import GcsServer, GcsStore, gcs_server
from support.proxy import Request, Response, Rule, faulty_proxy
from support.servers import S3Server
from support.stores import S3Store

from verifier.backends.base import Location, Ruled
from verifier.backends.registry import open_backend
from verifier.backends.retention import Aspect, Expiration, Lock, RetentionRules
from verifier.backends.urls import parse_location
from verifier.errors import DeniedError, NetworkError, NotFoundError

pytestmark = pytest.mark.usefixtures("short_waits")
DAY = timedelta(days=1)
_numbers = itertools.count()


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcsServer]:
    """Google's server, which keeps neither lifecycle rules nor retention policies."""
    with gcs_server(tmp_path_factory.mktemp("gcs-rules")) as running:
        yield running


@pytest.fixture
def bucket(google: GcsServer) -> GcsStore:
    """An empty bucket of Google's."""
    return GcsStore(google, f"rules-{next(_numbers)}")


def rules(location: Location) -> RetentionRules:
    with closing(open_backend(location)) as backend:
        assert isinstance(backend, Ruled)
        return backend.retention()


def unseen(told: RetentionRules) -> list[tuple[str, str]]:
    return [(one.aspect.value, one.blindness.value) for one in told.unseen]


def answers(status: int, text: bytes) -> Callable[[Response], None]:
    def answer(response: Response) -> None:
        response.status = status
        response.replace_body(text)

    return answer


class TestS3:
    @pytest.fixture
    def client(self, server: S3Server) -> Any:
        return Session().create_client(
            "s3", "us-east-1", endpoint_url=server.url, aws_access_key_id="k", aws_secret_access_key="s"
        )

    def test_a_bucket_without_any_has_none(self, store: S3Store) -> None:
        assert rules(store.location("exports")) == RetentionRules(root="exports/", is_versioned=False)

    def test_lifecycle_rules_are_told_that_are_on_and_delete_what_is_current(self, store: S3Store, client: Any) -> None:
        tag = {"Key": "keep", "Value": "no"}
        every = [
            {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "exports/"}, "Expiration": {"Days": 7}},
            {"ID": "b", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Date": "2027-01-01T00:00:00Z"}},
            {"ID": "c", "Status": "Enabled", "Filter": {"And": {"Prefix": "x", "Tags": [tag]}},
             "Expiration": {"Days": 1}},
            {"ID": "d", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 2}},
            {"ID": "e", "Status": "Enabled", "Filter": {"Prefix": ""},
             "NoncurrentVersionExpiration": {"NoncurrentDays": 3}},
        ]  # fmt: skip
        client.put_bucket_lifecycle_configuration(Bucket=store.bucket, LifecycleConfiguration={"Rules": every})
        assert rules(store.location()).expirations == (
            Expiration(prefix="exports/", after=7 * DAY),
            Expiration(at=datetime(2027, 1, 1, tzinfo=UTC)),
            Expiration(prefix="x", after=DAY, is_partial=True),
        )

    @pytest.mark.parametrize(
        ("default", "lock"),
        [
            ({"Mode": "COMPLIANCE", "Days": 30}, Lock(mode="COMPLIANCE", length=30 * DAY, is_firm=True)),
            ({"Mode": "GOVERNANCE", "Years": 1}, Lock(mode="GOVERNANCE", length=365 * DAY, is_firm=False)),
            (None, None),
        ],
    )
    def test_object_lock_and_versions_are_told(
        self, server: S3Server, client: Any, default: dict[str, object] | None, lock: Lock | None
    ) -> None:
        bucket = f"locked-{next(_numbers)}"
        client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
        rule = {"Rule": {"DefaultRetention": default}} if default else {}
        client.put_object_lock_configuration(
            Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", **rule}
        )
        told = rules(parse_location(f"s3://{bucket}", server.options()))
        assert (told.lock, told.is_versioned, told.unseen) == (lock, True, ())

    def test_what_the_credentials_do_not_show_is_said_and_the_rest_told(self, store: S3Store) -> None:
        rule = Rule(lambda r: "lifecycle" in r.target, answers(403, b"<Error><Code>AccessDenied</Code></Error>"))
        with behind(store, rule) as (backend, _):
            told = backend.retention()
        assert (unseen(told), told.is_versioned) == ([("lifecycle", "denied")], False)
        assert told.unseen[0].hint == "the credentials must allow s3:GetLifecycleConfiguration"
        assert not told.sees(Aspect.LIFECYCLE)
        assert told.sees(Aspect.LOCK)

    def test_what_a_server_does_not_know_is_unsupported(self, store: S3Store) -> None:
        rule = Rule(lambda r: "object-lock" in r.target, answers(501, b"<Error><Code>NotImplemented</Code></Error>"))
        with behind(store, rule) as (backend, _):
            assert unseen(backend.retention()) == [("lock", "unsupported")]

    @pytest.mark.parametrize(
        ("status", "code", "error"),
        [
            (403, "SignatureDoesNotMatch", DeniedError),
            (403, "ExpiredToken", DeniedError),
            (404, "NoSuchBucket", NotFoundError),
            (503, "SlowDown", NetworkError),
        ],
    )
    def test_a_bucket_that_cannot_be_asked_is_an_error(
        self, store: S3Store, status: int, code: str, error: type[Exception]
    ) -> None:
        rule = Rule(lambda r: True, answers(status, f"<Error><Code>{code}</Code></Error>".encode()))
        with behind(store, rule) as (backend, _), pytest.raises(error):
            backend.retention()

    def test_nothing_is_changed_in_the_bucket(self, store: S3Store) -> None:
        with behind(store) as (backend, proxy):
            backend.retention()
            assert {request.method for request in proxy.requests} == {"GET"}
            assert backend.requests == 3


class TestGoogle:
    def told(self, bucket: GcsStore, status: int, answer: object) -> RetentionRules:
        """Ask a bucket whose server answers so."""
        text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()

        def is_question(request: Request) -> bool:
            return "fields=lifecycle" in request.target

        with gcs_store.behind(bucket, Rule(is_question, answers(status, text))) as (backend, _):
            assert isinstance(backend, Ruled)
            return backend.retention()

    def test_a_bucket_is_asked_and_its_versions_are_told(self, bucket: GcsStore) -> None:
        assert rules(bucket.location("exports")) == RetentionRules(root="exports/", is_versioned=False)
        bucket._send("PATCH", f"/storage/v1/b/{bucket.bucket}", b'{"versioning": {"enabled": true}}')
        assert rules(bucket.location()).is_versioned is True

    def test_lifecycle_and_retention_policy_are_told(self, bucket: GcsStore) -> None:
        conditions: list[dict[str, object]] = [
            {"age": 7},
            {"age": 30, "matchesPrefix": ["a/", "b/"], "isLive": True},
            {"createdBefore": "2026-06-01", "matchesStorageClass": ["STANDARD"]},
            {"age": 1, "isLive": False},
            {"numNewerVersions": 3},
        ]
        every = [{"action": {"type": "Delete"}, "condition": c} for c in conditions]
        other = {"action": {"type": "SetStorageClass", "storageClass": "ARCHIVE"}, "condition": {"age": 1}}
        policy = {"retentionPeriod": "2592000", "effectiveTime": "2026-01-01T00:00:00Z", "isLocked": True}
        answer = {"lifecycle": {"rule": [*every, other]}, "retentionPolicy": policy}
        told = self.told(bucket, 200, answer)
        assert told.expirations == (
            Expiration(after=7 * DAY),
            Expiration(prefix="a/", after=30 * DAY),
            Expiration(prefix="b/", after=30 * DAY),
            Expiration(at=datetime(2026, 6, 1, tzinfo=UTC), is_partial=True),
        )
        assert told.lock == Lock(mode="locked retention policy", length=30 * DAY, is_firm=True)

    def test_an_account_that_may_read_objects_only_is_told_what_it_takes(self, bucket: GcsStore) -> None:
        told = self.told(bucket, 403, {"error": {"errors": [{"reason": "forbidden"}]}})
        assert unseen(told) == [(a.value, "denied") for a in Aspect]
        assert "storage.buckets.get" in (told.unseen[0].hint or "")

    @pytest.mark.parametrize(
        "answer", [b"[]", b'{"lifecycle": 1}', b"{", b'{"retentionPolicy": {"retentionPeriod": "x"}}']
    )
    def test_an_answer_that_is_no_bucket_is_none(self, bucket: GcsStore, answer: bytes) -> None:
        with pytest.raises(NetworkError):
            self.told(bucket, 200, answer)

    def test_a_bucket_that_is_not_there_and_wrong_credentials_are_errors(self, bucket: GcsStore) -> None:
        with pytest.raises(NotFoundError):
            rules(bucket.missing())
        denied = bucket.denied()
        assert denied is not None
        with pytest.raises(DeniedError):
            rules(denied)

    def test_hmac_keys_do_not_tell(self, store: S3Store) -> None:
        server = store.server
        options = {"key": server.key, "secret": server.secret, "endpoint_url": server.url}
        told = rules(parse_location(f"gs://{store.bucket}", options))
        assert unseen(told) == [(a.value, "unsupported") for a in Aspect]


class TestAzure:
    def test_a_container_tells_of_its_immutability_alone(self, azure: AzureStore) -> None:
        told = rules(azure.location("exports"))
        assert (told.root, told.lock, told.is_versioned) == ("exports/", None, None)
        assert unseen(told) == [("lifecycle", "unsupported"), ("versioning", "unsupported")]
        assert "cannot be read with these credentials" in told.unseen[0].message

    def test_immutability_and_legal_hold_are_told_without_their_length(self, azure: AzureStore) -> None:
        def immutable(response: Response) -> None:
            for name in ("x-ms-has-immutability-policy", "x-ms-has-legal-hold"):
                given = next((key for key in response.headers if key.lower() == name), name)
                response.headers[given] = "true"

        with faulty_proxy(azure.url, Rule(lambda r: r.method == "HEAD", immutable)) as proxy:
            endpoint = f"{proxy.url}/{azure.server.account}"
            told = rules(azure.location(endpoint_url=endpoint))
        assert told.lock == Lock(mode="immutability policy, legal hold")

    def test_a_sas_of_one_container_does_not_tell(
        self, azure_server: AzureServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING", raising=False)
        store = AzureStore(azure_server, f"rules-{next(_numbers)}", "azure-container-sas-policy")
        assert ("lock", "denied") in unseen(rules(store.location()))

    def test_a_container_that_is_not_there_is_an_error(self, azure: AzureStore) -> None:
        with pytest.raises(NotFoundError):
            rules(azure.missing())


def test_stores_without_such_rules_are_not_asked(tmp_path: Path) -> None:
    with closing(open_backend(parse_location(str(tmp_path), {}))) as backend:
        assert not isinstance(backend, Ruled)
