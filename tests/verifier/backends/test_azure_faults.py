"""Faults that only Azure has, in front of Azurite: what is noticed, how it is sorted, and what is never shown."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from support.azure_store import AzureStore
from support.proxy import Fault, Proxy, Request, Response, Rule, empty_page, faulty_proxy, refused, reset, rewrite, say

from verifier.backends import azure as azure_backend
from verifier.backends.base import Backend
from verifier.backends.registry import open_backend
from verifier.errors import NetworkError, NotFoundError, SourceError
from verifier.model import StoredFile

PAGE_BLOBS = 10
KEYS = [f"folder/{number:03}" for number in range(25)]
pytestmark = pytest.mark.usefixtures("short_waits")


@pytest.fixture
def filled(azure: AzureStore, monkeypatch: pytest.MonkeyPatch) -> AzureStore:
    monkeypatch.setattr(azure_backend, "PAGE_BLOBS", PAGE_BLOBS)
    azure.put_many(KEYS)
    return azure


@contextmanager
def behind(store: AzureStore, *rules: Rule) -> Iterator[tuple[Backend, Proxy]]:
    with faulty_proxy(store.url, *rules) as proxy, closing(open_backend(store.through(proxy.url))) as backend:
        yield backend, proxy


def is_listing(request: Request) -> bool:
    return "comp=list" in request.target


def is_read(request: Request) -> bool:
    return request.method == "GET" and not is_listing(request)


def is_second_page(request: Request) -> bool:
    return "marker=" in request.target


def paths(backend: Backend) -> list[str]:
    return [file.path for page in backend.list() for file in page]


def only(backend: Backend) -> StoredFile:
    (file,) = [file for page in backend.list() for file in page]
    return file


def test_a_container_that_is_gone_at_the_second_page_is_not_found(filled: AzureStore) -> None:
    gone = refused(404, "", x_ms_error_code="ContainerNotFound")
    with behind(filled, Rule(is_second_page, gone)) as (backend, proxy):
        pages = backend.list()
        assert len(next(pages)) == PAGE_BLOBS
        with pytest.raises(NotFoundError) as caught:
            next(pages)
        assert caught.value.hint
        assert len(proxy.requests) == 2


@pytest.mark.parametrize(
    "fault",
    [
        empty_page,
        rewrite(b"NextMarker", b"NextMarkex"),
        rewrite(b"</Blobs>", b"</Blobs><Blobs/>"),
        refused(200, "<Error><Code>InternalError</Code></Error>"),
    ],
    ids=["an empty 200", "does not say what follows", "two lists", "an error inside 200"],
)
def test_a_second_page_that_cannot_be_trusted_is_asked_for_again_and_never_the_last(
    filled: AzureStore, fault: Fault
) -> None:
    with behind(filled, Rule(is_second_page, fault, on=[1])) as (backend, _):
        assert paths(backend) == KEYS
        assert backend.requests == 4
    with behind(filled, Rule(is_second_page, fault)) as (backend, _):
        pages = backend.list()
        next(pages)
        with pytest.raises(NetworkError, match="not a page of a listing"):
            next(pages)


def test_pages_that_repeat_or_never_end_raise(filled: AzureStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(azure_backend, "EMPTY_PAGES_IN_A_ROW", 5)
    first: list[bytes] = []

    def repeat(response: Response) -> None:
        first.append(response.body)
        response.replace_body(first[0])

    def go_on(response: Response) -> None:
        first.append(b"")
        text = f"<EnumerationResults><Blobs/><NextMarker>{len(first)}</NextMarker></EnumerationResults>"
        response.replace_body(text.encode())

    for fault in (repeat, go_on):
        with behind(filled, Rule(is_listing, fault)) as (backend, proxy):
            with pytest.raises(NetworkError, match="do not come to an end"):
                paths(backend)
            assert len(proxy.requests) < 10


@pytest.mark.parametrize(
    ("status", "code", "kind", "hint"),
    [
        (403, "AuthenticationFailed", "denied", "key or SAS"),
        (403, "AuthorizationFailure", "denied", "firewall"),
        (403, "AuthorizationPermissionMismatch", "denied", "Storage Blob Data Reader"),
        (403, "AuthorizationSourceIPMismatch", "denied", "addresses"),
        (403, "KeyBasedAuthenticationNotPermitted", "denied", "takes no keys"),
        (403, "SomethingNew", "denied", "key or SAS"),
        (401, "NoAuthenticationInformation", "denied", "anonymous"),
        (409, "PublicAccessNotPermitted", "denied", "anonymous"),
        (404, "ContainerNotFound", "not-found", "container's name"),
        (404, "ResourceNotFound", "not-found", "anonymous"),
        (409, "ContainerBeingDeleted", "not-found", ""),
        (409, "BlobArchived", "source", "rehydrate"),
        (412, "ConditionNotMet", "changed", ""),
        (416, "InvalidRange", "changed", ""),
        (429, "ServerBusy", "network", ""),
        (500, "OperationTimedOut", "network", ""),
        (503, "ServerBusy", "network", ""),
        (501, "NotImplemented", "source", ""),
        (307, "TemporaryRedirect", "source", ""),
        (400, "\x1b[31m<evil>", "source", ""),
    ],
)
def test_answers_are_sorted_into_kinds(azure: AzureStore, status: int, code: str, kind: str, hint: str) -> None:
    text = f"<Error><Code>{code}</Code><Message>the key {azure.server.key}</Message></Error>"
    fault = refused(status, text, x_ms_error_code=code, location="http://127.0.0.1:9/")
    with behind(azure, Rule(is_listing, fault)) as (backend, _), pytest.raises(SourceError) as caught:
        paths(backend)
    assert caught.value.kind == kind
    assert hint in (caught.value.hint or "")
    assert azure.server.key not in f"{caught.value!r}{caught.value.hint}"
    assert str(caught.value).isprintable()


def test_a_clock_that_is_off_is_named_as_the_cause(azure: AzureStore) -> None:
    fault = refused(403, "", x_ms_error_code="AuthenticationFailed", date="Sun, 22 Nov 2020 02:32:59 GMT")
    with behind(azure, Rule(is_listing, fault)) as (backend, _), pytest.raises(SourceError) as caught:
        paths(backend)
    assert caught.value.hint == "set this machine's clock"


def test_an_archived_blob_could_not_be_looked_at(azure: AzureStore) -> None:
    azure.put("file", b"data")
    with behind(azure, Rule(is_read, refused(409, "", x_ms_error_code="BlobArchived"))) as (backend, _):
        with pytest.raises(SourceError) as caught:
            backend.open(only(backend)).read_range(0, 1)
        assert caught.value.kind == "source"


@pytest.mark.parametrize(
    ("kind", "sums"),
    [
        ("AppendBlob", {"Content-Md5": "jXd/OF09/siBXSD3SWAm3A=="}),
        ("BlockBlob", {"Content-Md5": "bm90IGFuIG1kNQ=="}),
        ("BlockBlob", {"Content-Md5": "?"}),
        ("BlockBlob", {}),
    ],
    ids=["appended to", "too short", "no base64", "none"],
)
def test_what_cannot_be_trusted_as_the_sum_of_the_whole_blob_is_no_checksum(
    azure: AzureStore, kind: str, sums: dict[str, str]
) -> None:
    def change(response: Response) -> None:
        for name in ("Content-Md5", "X-Ms-Blob-Content-Md5"):
            response.headers.pop(name)
        response.headers.update({"X-Ms-Blob-Type": kind, **sums})

    azure.put("file", b"data")
    with behind(azure, Rule(is_read, change)) as (backend, _):
        source = backend.open(only(backend))
        list(source.stream())
        assert source.provider_checksum() is None


def test_the_sum_of_a_range_is_no_checksum_and_that_of_the_blob_beside_it_is(azure: AzureStore) -> None:
    azure.put("file", b"data")
    with behind(azure) as (backend, proxy):
        source = backend.open(only(backend))
        source.read_range(1, 2)
        whole = source.provider_checksum()
        assert whole is not None
        assert whole.value == "8d777f385d3dfec8815d20f7496026dc"

        def of_the_range(response: Response) -> None:
            response.headers["Content-Md5"] = response.headers.pop("X-Ms-Blob-Content-Md5")

        proxy.rules.append(Rule(is_read, of_the_range))
        source.read_range(1, 2)
        assert source.provider_checksum() is None


@pytest.mark.parametrize("fault", [reset, say("X-Odd", "a\r\n broken\r\n\x00:header")], ids=["reset", "bad headers"])
@pytest.mark.parametrize("kind", ["azure-account-sas", "azure-container-sas-policy"])
def test_no_signed_url_is_logged_or_raised_when_the_connection_fails(
    azure: AzureStore, kind: str, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    store = AzureStore(azure.server, f"{azure.container}-sas", kind)
    texts: list[str] = []
    with caplog.at_level(logging.DEBUG), behind(store, Rule(is_listing, fault)) as (backend, _):
        try:
            paths(backend)
        except NetworkError as error:
            texts += [repr(error), repr(error.__cause__), repr(error.__context__)]
    assert bool(texts) == (fault is reset)
    assert "sig=" not in f"{texts}{caplog.text}"
