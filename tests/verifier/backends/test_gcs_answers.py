"""How the answers of Google Cloud Storage are sorted, and what it says of access, billing and its clock."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from support.gcs_store import GcsServer, GcsStore, behind, gcs_server
from support.proxy import Fault, Rule, empty_page, refused, say

from verifier.backends.base import Access
from verifier.errors import SourceError

pytestmark = pytest.mark.usefixtures("short_waits")
_numbers = itertools.count()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcsServer]:
    with gcs_server(tmp_path_factory.mktemp("gcs")) as running:
        yield running


@pytest.fixture
def store(server: GcsServer) -> GcsStore:
    return GcsStore(server, f"bucket-{next(_numbers)}")


def error(status: int, reason: str) -> Fault:
    details = {"code": status, "message": "Caller a@b lacks it", "errors": [{"reason": reason, "message": "a@b"}]}
    return refused(status, json.dumps({"error": details}))


@pytest.mark.parametrize(
    ("fault", "kind", "hint"),
    [
        (error(401, "authError"), "denied", "expired"),
        (error(401, "required"), "denied", "set token"),
        (error(403, "forbidden"), "denied", "roles/storage.objectViewer"),
        (error(403, "insufficientPermissions"), "denied", "scope"),
        (error(400, "userProjectMissing"), "denied", "requester_pays"),
        (error(403, "accountDisabled"), "denied", "billing"),
        (error(403, "userProjectAccessDenied"), "denied", "may not bill"),
        (error(403, "rateLimitExceeded"), "network", ""),
        (error(408, "timeout"), "network", ""),
        (error(429, "rateLimitExceeded"), "network", ""),
        (error(500, "backendError"), "network", ""),
        (refused(502, "<html>"), "network", ""),
        (error(404, "notFound"), "not-found", "bucket's name"),
        (error(412, "conditionNotMet"), "changed", ""),
        (refused(304, ""), "changed", ""),
        (error(400, "\x1b[31m<evil>"), "source", ""),
        (refused(302, "", location="http://127.0.0.1:1/elsewhere"), "source", ""),
        (refused(204, ""), "source", ""),
        (refused(400, '{"error": "a@b"}'), "source", ""),
    ],
)
def test_answers_are_sorted_into_kinds_without_the_servers_words(
    store: GcsStore, fault: Fault, kind: str, hint: str
) -> None:
    with behind(store, Rule(store.is_listing, fault)) as (backend, _), pytest.raises(SourceError) as caught:
        list(backend.list())
    assert caught.value.kind == kind
    assert hint in (caught.value.hint or "")
    assert "a@b" not in str(caught.value)
    assert str(caught.value).isprintable()


def test_who_pays_is_said_with_every_request(store: GcsStore) -> None:
    store.put("file", b"x")
    with behind(store, requester_pays=True, project="payer") as (backend, proxy):
        (file,) = next(iter(backend.list()))
        backend.open(file).read_range(0, 1)
        backend.access()
        queries = [parse_qs(urlsplit(request.target).query) for request in proxy.requests]
    assert [query["userProject"] for query in queries] == [["payer"]] * 3


@pytest.mark.parametrize(
    ("held", "beyond"),
    [
        ((), ()),
        (("storage.objects.create",), ("write",)),
        (("storage.objects.delete", "storage.objects.create", "storage.objects.get"), ("write", "delete")),
    ],
)
def test_what_the_account_may_beyond_reading_is_told(
    store: GcsStore, held: tuple[str, ...], beyond: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """fake-gcs-server does not know testPermissions; the gate answers as Google documents."""
    monkeypatch.setattr(store.server.gate, "permissions", held)
    with behind(store) as (backend, proxy):
        assert backend.access() == Access(beyond_reading=beyond)
        assert {request.method for request in proxy.requests} == {"GET"}


@pytest.mark.parametrize(
    "fault",
    [
        refused(404, ""),
        refused(403, ""),
        refused(200, "[]"),
        refused(200, '{"permissions": null}'),
        refused(503, ""),
        empty_page,
    ],
)
def test_where_it_is_not_told_nothing_is_known(store: GcsStore, fault: Fault) -> None:
    with behind(store, Rule(lambda request: "testPermissions" in request.target, fault)) as (backend, _):
        assert backend.access() == Access()


def test_the_clock_is_asked_for_when_nothing_was_asked_before(store: GcsStore) -> None:
    with behind(store, Rule(store.is_listing, say("Date", "Sun, 01 Nov 2026 01:02:03 GMT"))) as (backend, _):
        found = backend.now()
    assert found is not None
    assert found.isoformat().startswith("2026-11-01T01:02:0")


def test_a_server_that_shows_no_clock_has_none(store: GcsStore) -> None:
    with behind(store, Rule(store.is_listing, say("Date", "noon"))) as (backend, _):
        assert backend.now() is None
