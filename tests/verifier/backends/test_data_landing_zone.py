"""Landing zones on AWS with credentials that Adobe gives and takes back, against real servers for both."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.adobe_server import CLIENT_SECRET, CREDENTIALS, ORG_ID, TOKEN, Adobe, Reply, adobe, on_aws
from support.proxy import Proxy, Request, Rule, faulty_proxy, is_listing, is_read, refused
from support.stores import S3Store

from verifier.backends import adobe_desk
from verifier.backends.base import Backend
from verifier.backends.data_landing_zone import open_writer
from verifier.backends.registry import open_backend
from verifier.backends.urls import parse_location
from verifier.errors import DeniedError, NetworkError, NotFoundError, SourceError, UsageError

PATHS = [f"{number:02}" for number in range(35)]  # four pages
EXPIRED = refused(400, "<Error><Code>ExpiredToken</Code></Error>")
pytestmark = pytest.mark.usefixtures("short_waits")


def is_of(grant: int, of: Callable[[Request], bool] = lambda request: True) -> Callable[[Request], bool]:
    """Tell the requests that are signed with the credentials given by Adobe as number so and so, from 0."""
    seen: list[str] = []

    def matches(request: Request) -> bool:
        token = request.headers.get("X-Amz-Security-Token", "")
        if token not in seen:
            seen.append(token)
        return seen.index(token) == grant and of(request)

    return matches


@contextmanager
def landing(
    store: S3Store, *rules: Rule, url: str = "dlz://prod", lasts: timedelta | None = timedelta(hours=1)
) -> Iterator[tuple[Backend, Adobe, Proxy]]:
    """Open a landing zone in a bucket behind a proxy; each time it is asked, Adobe gives other credentials."""

    def grant(number: int) -> dict[str, Any]:
        return {**on_aws(store.server, store.bucket, expires_at=time.time() + lasts.total_seconds() if lasts else None)}

    with faulty_proxy(store.server.url, *rules) as proxy, adobe(grant) as server:
        place = parse_location(url, server.options(endpoint_url=proxy.url, region="us-east-1"), "data-landing-zone")
        with closing(open_backend(place)) as backend:
            yield backend, server, proxy


def fill(store: S3Store) -> None:
    store.put_many([f"dlz-destination/exports/{path}" for path in PATHS])
    store.put("elsewhere/exports/x", b"x")


def listed(backend: Backend) -> list[str]:
    return [file.path for page in backend.list() for file in page]


def test_a_folder_of_the_landing_zone_is_listed_and_read_with_what_adobe_gives(store: S3Store) -> None:
    fill(store)
    with landing(store, url="dlz://prod/exports") as (backend, server, proxy):
        assert (server.requests, proxy.requests, backend.requests) == ([], [], 0)
        assert listed(backend) == PATHS
        file = backend.stat("07")
        assert file is not None
        with closing(backend.open(file)) as source:
            assert (source.read_range(0, 1), b"".join(source.stream())) == (b"x", b"x")
        assert backend.capabilities.lifetime == timedelta(days=7)
        now, access = backend.now(), backend.access()
        assert now is not None
        assert access.expires_at is not None
        assert (access.renews, abs(access.expires_at - now - timedelta(hours=1)) < timedelta(minutes=1)) == (True, True)
        assert (len(server.asked(TOKEN)), len(server.asked(CREDENTIALS))) == (1, 1)
        assert backend.requests == len(server.requests) + len(proxy.requests)


def test_the_whole_landing_zone_is_its_folder_in_the_bucket(store: S3Store) -> None:
    fill(store)
    with landing(store) as (backend, _, _):
        assert listed(backend) == [f"exports/{path}" for path in PATHS]
    with landing(store, url=f"s3://{store.bucket}/dlz-destination/exports") as (backend, server, _):
        assert listed(backend) == PATHS
        assert server.asked(CREDENTIALS)[0].headers["X-Sandbox-Name"] == "prod"


def test_a_url_that_is_not_in_the_sandboxs_landing_zone_is_not_found(store: S3Store) -> None:
    for url in (f"s3://{store.bucket}", "s3://another-bucket/dlz-destination"):
        with landing(store, url=url) as (backend, _, proxy), pytest.raises(NotFoundError) as caught:
            listed(backend)
        assert f"{url}: the landing zone of sandbox prod is at s3://{store.bucket}/dlz-destination" == str(caught.value)
        assert proxy.requests == []


def test_the_request_for_credentials_is_a_get_with_all_headers_and_nothing_else_is_asked(store: S3Store) -> None:
    fill(store)
    with landing(store, Rule(is_of(0), EXPIRED), url="dlz://dev") as (backend, server, _):
        listed(backend)
        login, *grants = server.requests
    assert (login.method, login.target) == ("POST", "/ims/token/v3")
    assert len(grants) == 2
    for request in grants:
        assert (request.method, request.target) == ("GET", f"{CREDENTIALS}?type=dlz_destination")
        assert (request.headers["X-Gw-Ims-Org-Id"], request.headers["X-Sandbox-Name"]) == (ORG_ID, "dev")


class TestCredentialsThatEnd:
    @pytest.mark.parametrize("page", [1, 2, 4])
    def test_in_mid_listing_are_fetched_again_and_each_file_is_listed_once(self, store: S3Store, page: int) -> None:
        fill(store)
        first = is_of(0, is_listing)
        on = list(range(page, 9))
        with landing(store, Rule(first, EXPIRED, on=on), url="dlz://prod/exports") as (backend, server, _):
            assert listed(backend) == PATHS
            assert len(server.asked(CREDENTIALS)) == 2

    def test_twice_in_one_listing_are_fetched_twice_as_long_as_it_gets_further(self, store: S3Store) -> None:
        fill(store)
        rules = [Rule(is_of(0), EXPIRED, on=[2]), Rule(is_of(1), EXPIRED, on=[3])]
        with landing(store, *rules, url="dlz://prod/exports") as (backend, server, _):
            assert listed(backend) == PATHS
            assert len(server.asked(CREDENTIALS)) == 3

    def test_again_before_a_listing_got_further_are_a_denial_and_no_shorter_listing(self, store: S3Store) -> None:
        fill(store)
        rules = [Rule(is_of(0), EXPIRED, on=[2]), Rule(is_of(1), EXPIRED, on=[2])]
        with landing(store, *rules, url="dlz://prod/exports") as (backend, server, _):
            with pytest.raises(DeniedError):
                listed(backend)
            assert len(server.asked(CREDENTIALS)) == 3 - 1

    def test_while_a_file_is_read_are_fetched_again_and_reading_goes_on(self, store: S3Store) -> None:
        data = bytes(range(256)) * 12_000
        store.put("dlz-destination/file", data)
        short = Rule(is_of(0, is_read), lambda response: setattr(response, "send_bytes", 1_200_000), on=[1])
        denied = Rule(is_of(0, is_read), EXPIRED, on=[2])
        with landing(store, denied, short) as (backend, server, proxy):
            (file,) = next(iter(backend.list()))
            assert b"".join(backend.open(file).stream()) == data
            assert len(server.asked(CREDENTIALS)) == 2
            start = int(
                [r for r in proxy.requests if is_read(r)][-1].headers["Range"].partition("=")[2].partition("-")[0]
            )
            assert 1 << 20 <= start <= 1_200_000

    def test_soon_are_fetched_again_before(self, store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(adobe_desk, "LEAST_SECONDS", 0.0)
        fill(store)
        with landing(store, lasts=timedelta(minutes=4)) as (backend, server, _):
            backend.stat("exports/07")
            backend.stat("exports/08")
            assert (len(server.asked(CREDENTIALS)), len(server.asked(TOKEN))) == (2, 1)

    def test_later_are_used_until_then_when_adobe_is_down(
        self, store: S3Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(adobe_desk, "LEAST_SECONDS", 0.0)
        fill(store)
        with landing(store, lasts=timedelta(minutes=4)) as (backend, server, _):
            assert backend.stat("exports/07")
            server.grant_reply = (503, {})
            assert backend.stat("exports/08")
        with landing(store, lasts=timedelta(minutes=-4)) as (backend, server, _):
            assert backend.stat("exports/07")
            server.grant_reply = (503, {})
            with pytest.raises(NetworkError):
                backend.stat("exports/08")


class TestDenials:
    def test_one_is_answered_with_other_credentials_and_tried_again_once(self, store: S3Store) -> None:
        fill(store)
        denied = Rule(lambda request: True, refused(403, "<Error><Code>AccessDenied</Code></Error>"))
        with landing(store, denied) as (backend, server, proxy):
            with pytest.raises(DeniedError):
                backend.stat("exports/07")
            assert (len(proxy.requests), len(server.asked(CREDENTIALS))) == (2, 2)
            with pytest.raises(DeniedError):
                backend.stat("exports/08")
            assert (len(proxy.requests), len(server.asked(CREDENTIALS))) == (3, 2), "Adobe is not asked for each file"

    def test_the_same_credentials_again_are_not_tried(self, store: S3Store) -> None:
        same = on_aws(store.server, store.bucket)
        denied = Rule(lambda request: True, refused(403, "<Error><Code>AccessDenied</Code></Error>"))
        with landing(store, denied) as (backend, server, proxy):
            server.grant = lambda number: same
            for _ in range(2):
                with pytest.raises(DeniedError):
                    listed(backend)
            assert (len(proxy.requests), len(server.asked(CREDENTIALS))) == (2, 2)


REFUSALS: dict[str, tuple[dict[str, Reply | bool], type[SourceError], str]] = {
    "wrong secret": ({"token_reply": (401, {"error": "invalid_client"})}, DeniedError, "401, invalid_client"),
    "unknown words": ({"token_reply": (400, {"error": "hush-hush"})}, DeniedError, "status 400"),
    "no token": ({"token_reply": (200, {"expires_in": 5})}, NetworkError, "not what Adobe sends"),
    "login down": ({"token_reply": (503, b"<html>")}, NetworkError, "status 503"),
    "login moved": ({"token_reply": (302, b"")}, SourceError, "status 302"),
    "token withdrawn": ({"takes_tokens": False}, DeniedError, "401, 401013"),
    "no permission": ({"grant_reply": (403, {"error_code": "403025", "message": "x"})}, DeniedError, "403, 403025"),
    "throttled": ({"grant_reply": (429, {"error_code": "429050"})}, NetworkError, "status 429"),
    "down": ({"grant_reply": (500, b"")}, NetworkError, "status 500"),
    "not JSON": ({"grant_reply": (200, b"<html>captive portal</html>")}, NetworkError, "no containerName|not what"),
    "an array": ({"grant_reply": (200, b"[]")}, NetworkError, "not what Adobe sends"),
    "half of it": ({"grant_reply": (200, {"dlzProvider": "Amazon S3"})}, NetworkError, "no credentials"),
    "no place": (
        {"grant_reply": (200, {"containerName": "A B", "storageAccountName": "x", "SASToken": "sig=hush"})},
        NetworkError,
        "a place that cannot be",
    ),
}


@pytest.mark.parametrize(("switches", "expected", "words"), REFUSALS.values(), ids=REFUSALS.keys())
def test_what_adobe_refuses_is_told_with_a_code_and_no_secret(
    store: S3Store, switches: dict[str, Any], expected: type[SourceError], words: str
) -> None:
    with landing(store) as (backend, server, proxy):
        for name, value in switches.items():
            setattr(server, name, value)
        with pytest.raises(expected, match=words) as caught:
            listed(backend)
        assert proxy.requests == []
        text = f"{caught.value!r} {caught.value.hint} {backend!r} {backend.location!r} {caught.value.__cause__!r}"
        assert [s for s in (CLIENT_SECRET, "hush", *server.tokens) if s in text] == []
        assert caught.value.hint or isinstance(caught.value, NetworkError)
        if expected is NetworkError:
            assert len(server.requests) >= 3, "it is tried again"


def test_a_sandbox_that_is_not_there_is_not_found(store: S3Store) -> None:
    with (
        landing(store, url="dlz://nowhere") as (backend, _, _),
        pytest.raises(NotFoundError, match="FLOW-2100-404") as e,
    ):
        listed(backend)
    assert "sandbox" in str(e.value.hint)


def test_a_withdrawn_token_is_replaced_once(store: S3Store) -> None:
    fill(store)
    with landing(store, Rule(is_of(0), EXPIRED, on=[2])) as (backend, server, _):
        backend.stat("exports/01")
        server.tokens.append("another-one-is-valid-now")
        assert len(listed(backend)) == len(PATHS)
        assert (len(server.asked(TOKEN)), len(server.asked(CREDENTIALS))) == (2, 3)


@pytest.mark.parametrize("lasts", [86_400_000, 300])
def test_a_token_is_used_for_as_long_as_it_lasts_whatever_the_unit(store: S3Store, lasts: int) -> None:
    fill(store)
    with landing(store, Rule(is_of(0), EXPIRED, on=[2])) as (backend, server, _):
        server.token_seconds = lasts
        listed(backend)
        assert (len(server.asked(TOKEN)), len(server.asked(CREDENTIALS))) == (1, 2)


class TestOpening:
    def test_credentials_in_the_options_are_used_and_adobe_is_not_asked(self, store: S3Store) -> None:
        fill(store)
        with adobe(lambda number: {}) as server:
            options = {**store.server.options(), "adobe": server.options()}
            place = parse_location(f"s3://{store.bucket}/dlz-destination/exports", options, "data-landing-zone")
            with closing(open_backend(place)) as backend:
                assert listed(backend) == PATHS
                assert (backend.capabilities.lifetime, backend.access().renews) == (timedelta(days=7), False)
            assert server.requests == []

    def test_the_login_may_be_a_table_or_in_the_environment(
        self, store: S3Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with adobe(lambda number: on_aws(store.server, store.bucket)) as server:
            table = server.options()
            urls = {name: table.pop(name) for name in ("ims_url", "platform_url")}
            more = {"endpoint_url": store.server.url, "region": "us-east-1"}
            with closing(open_backend(parse_location("dlz://prod", {"adobe": {**table, **urls}, **more}))) as backend:
                assert listed(backend) == []
            with pytest.raises(UsageError, match="client_id, client_secret, org_id") as caught:
                open_backend(parse_location("dlz://prod", {**urls, **more}))
            assert "ADOBE_CLIENT_ID" in str(caught.value.hint)
            for name, value in table.items():
                monkeypatch.setenv(f"ADOBE_{name.upper()}", str(value))
            with closing(open_backend(parse_location("dlz://prod", {**urls, **more}))) as backend:
                assert listed(backend) == []

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"ims_url": "http://ims.example.com"}, "ims_url"),
            ({"platform_url": "https://user:hush@platform.example.com"}, "platform_url"),
            ({"client_idd": "hush"}, "client_idd"),
            ({"client_secret": "two\nlines of hush"}, "client_secret"),
        ],
    )
    def test_options_that_cannot_be_are_wrong_usage_and_not_shown(self, options: dict[str, str], words: str) -> None:
        login = {"client_id": "a", "client_secret": "b", "org_id": "c"}
        with pytest.raises(UsageError, match=words) as caught:
            open_backend(parse_location("dlz://prod", {**login, **options}))
        assert "hush" not in f"{caught.value} {caught.value.hint}"

    def test_it_takes_no_copies(self) -> None:
        with pytest.raises(UsageError, match="takes no copies"):
            open_writer(parse_location("dlz://prod"))

    def test_it_opens_from_a_pickled_location(self, store: S3Store) -> None:
        with landing(store) as (backend, _, _):
            again = pickle.loads(pickle.dumps(backend.location))
            assert (again, CLIENT_SECRET in repr(again)) == (backend.location, False)


def test_times_of_adobe_are_epoch_seconds_or_left_out(store: S3Store) -> None:
    with landing(store, lasts=None) as (backend, _, _):
        assert backend.access().expires_at is None
    with landing(store, lasts=timedelta(minutes=30)) as (backend, _, _):
        ends = backend.access().expires_at
        assert ends is not None
        assert timedelta(minutes=29) < ends - datetime.now(UTC) < timedelta(minutes=31)
