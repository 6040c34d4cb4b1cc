"""Every kind of login for Google Cloud Storage, proved by who asked for which token and who was let in."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from google.auth.compute_engine import _metadata
from support.gcs_store import GcsAnonymousStore, GcsServer, GcsStore, behind, gcs_server
from support.proxy import Request, Response, Rule, faulty_proxy, refused

from verifier.backends import gcs_login, retry
from verifier.backends.base import Backend
from verifier.backends.registry import open_backend
from verifier.backends.urls import parse_location
from verifier.errors import DeniedError, NetworkError, SourceError

pytestmark = pytest.mark.usefixtures("short_waits", "no_login")
EXPIRED = refused(401, '{"error": {"code": 401, "errors": [{"reason": "authError"}]}}')


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcsServer]:
    with gcs_server(tmp_path_factory.mktemp("gcs")) as running:
        yield running


@pytest.fixture
def store(server: GcsServer, request: pytest.FixtureRequest) -> GcsStore:
    made = GcsStore(server, f"bucket-{abs(hash(request.node.name))}")
    made.put("file", b"data")
    return made


@pytest.fixture
def no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine that is not Google's, where nobody has logged in."""
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "no-gcloud"))
    monkeypatch.setattr(_metadata, "_GCE_PRODUCT_NAME_FILE", os.devnull)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("GCE_METADATA_IP", f"127.0.0.1:{taken.getsockname()[1]}")


def read(backend: Backend) -> bytes:
    (file,) = [file for page in backend.list() for file in page]
    return b"".join(backend.open(file).stream())


def is_asking_for_a_token(request: Request) -> bool:
    return request.target == "/token"


def test_a_key_file_gets_one_token_that_may_only_read(store: GcsStore) -> None:
    gate = store.server.gate
    before = gate.grants
    with behind(store) as (backend, proxy):
        assert (backend.requests, gate.grants, proxy.requests) == (0, before, [])
        assert read(backend) == b"data"
        tokens = {request.headers["Authorization"].removeprefix("Bearer ") for request in proxy.requests}
    assert gate.grants == before + 1
    assert [gate.tokens[token] for token in tokens] == ["https://www.googleapis.com/auth/devstorage.read_only"]


@pytest.mark.parametrize("form", ["table", "text"])
def test_the_contents_of_a_key_file_log_in_too(store: GcsStore, form: str) -> None:
    text = store.server.key_file.read_text()
    with closing(open_backend(store.location(token=text if form == "text" else json.loads(text)))) as backend:
        assert read(backend) == b"data"


def test_the_scope_is_what_access_says(store: GcsStore) -> None:
    with closing(open_backend(store.location(access="full_control"))) as backend:
        read(backend)
    assert list(store.server.gate.tokens.values())[-1].endswith("full_control")


@pytest.mark.parametrize("token", [{}, {"token": None}, {"token": "google_default"}], ids=str)
def test_default_credentials_are_those_of_the_environment(
    store: GcsStore, token: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(store.server.key_file))
    place = parse_location(f"gs://{store.bucket}", {"endpoint_url": store.url, **token})
    with closing(open_backend(place)) as backend:
        assert read(backend) == b"data"


def test_default_credentials_whose_file_is_gone_are_denied(store: GcsStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/no/such/file.json")
    with closing(open_backend(store.location(token=None))) as backend, pytest.raises(DeniedError) as caught:
        read(backend)
    assert "GOOGLE_APPLICATION_CREDENTIALS" in (caught.value.hint or "")


@pytest.mark.parametrize("token", [None, "cloud"])
def test_where_there_are_none_the_metadata_server_is_tried_once_and_not_waited_for(
    store: GcsStore, token: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gcs_login, "PROBE_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(0.3)
        monkeypatch.setenv("GCE_METADATA_IP", f"127.0.0.1:{silent.getsockname()[1]}")
        with behind(store, token=token) as (backend, proxy):
            with pytest.raises(DeniedError, match="no Google credentials were found") as caught:
                read(backend)
            assert (proxy.requests, backend.requests) == ([], 0)
        silent.accept()[0].close()
        with pytest.raises(TimeoutError):
            silent.accept()
    assert "service account's key file" in (caught.value.hint or "")


@pytest.mark.parametrize("token", [None, "cloud"])
def test_a_google_machine_logs_in_by_its_own_account(store: GcsStore, token: str | None) -> None:
    """google-auth reads where the metadata server is once, so that this needs a process of its own."""
    script = "import sys; from support.stores import list_paths; from verifier.backends.urls import parse_location\n"
    script += "url, endpoint, token = sys.argv[1:]\n"
    script += "print(list_paths(parse_location(url, {'endpoint_url': endpoint, 'token': token or None})))"
    address = store.url.removeprefix("http://")
    found = subprocess.run(
        [sys.executable, "-c", script, f"gs://{store.bucket}", store.url, token or ""],
        env={**os.environ, "GCE_METADATA_HOST": address, "GCE_METADATA_IP": address, "PYTHONPATH": ".:tests"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (found.stdout, found.stderr) == ("['file']\n", "")
    assert list(store.server.gate.tokens.values())[-1].endswith("devstorage.read_only")


def test_anonymous_requests_carry_nothing(server: GcsServer) -> None:
    store = GcsAnonymousStore(server, "open-to-all")
    store.put("file", b"data")
    before = server.gate.grants
    with behind(store) as (backend, proxy):
        assert read(backend) == b"data"
        assert not [request for request in proxy.requests if "Authorization" in request.headers]
    assert server.gate.grants == before


def test_an_access_token_logs_in_until_it_expires_and_is_not_renewed(store: GcsStore) -> None:
    gate = store.server.gate
    token = str(gate.new_token("https://www.googleapis.com/auth/devstorage.read_only")["access_token"])
    before = gate.grants
    with closing(open_backend(store.location(token=token))) as backend:
        assert read(backend) == b"data"
        del gate.tokens[token]
        with pytest.raises(DeniedError) as caught:
            read(backend)
        assert backend.requests == 3
    assert gate.grants == before
    assert token not in "".join(traceback.format_exception(caught.value))


def test_a_token_that_expires_in_mid_scan_is_renewed(store: GcsStore) -> None:
    gate = store.server.gate
    with closing(open_backend(store.location())) as backend:
        (file,) = [file for page in backend.list() for file in page]
        gate.tokens.clear()
        assert b"".join(backend.open(file).stream()) == b"data"
        assert backend.requests == 3
    assert len(gate.tokens) == 1


def test_a_token_that_is_refused_whenever_renewed_is_denied(store: GcsStore) -> None:
    before = store.server.gate.grants
    with behind(store, Rule(store.is_listing, EXPIRED)) as (backend, proxy):
        with pytest.raises(DeniedError, match="status 401, authError") as caught:
            read(backend)
        assert len(proxy.requests) == 2
    assert store.server.gate.grants == before + 2
    assert "deleted or expired" in (caught.value.hint or "")


def test_the_key_of_a_stranger_is_denied_once(store: GcsStore) -> None:
    place, before = store.denied(), store.server.gate.grants
    assert place
    with closing(open_backend(place)) as backend, pytest.raises(DeniedError, match="invalid_grant") as caught:
        read(backend)
    assert store.server.gate.grants == before + 1
    assert "clock" in (caught.value.hint or "")


@pytest.mark.parametrize("spoil", ["private_key", "client_email", "token_uri"])
def test_a_key_file_that_lacks_something_is_denied(store: GcsStore, spoil: str) -> None:
    info = {**json.loads(store.server.key_file.read_text()), spoil: None}
    with closing(open_backend(store.location(token=info))) as backend, pytest.raises(DeniedError) as caught:
        read(backend)
    assert caught.value.hint


def token_through(store: GcsStore, url: str) -> dict[str, str]:
    return {**json.loads(store.server.key_file.read_text()), "token_uri": f"{url}/token"}


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_token_server_that_stumbles_is_asked_again(store: GcsStore, status: int) -> None:
    with faulty_proxy(store.url, Rule(is_asking_for_a_token, refused(status, "busy"), on=[1])) as proxy:
        with closing(open_backend(store.location(token=token_through(store, proxy.url)))) as backend:
            assert read(backend) == b"data"
        assert len(proxy.requests) == 2


def test_a_token_server_that_never_answers_is_a_network_error(store: GcsStore) -> None:
    with faulty_proxy(store.url, Rule(is_asking_for_a_token, refused(503, "busy"))) as proxy:
        with closing(open_backend(store.location(token=token_through(store, proxy.url)))) as backend:
            with pytest.raises(NetworkError, match="logging in: status 503"):
                read(backend)
            assert backend.requests == 0
        assert len(proxy.requests) == retry.TRIES


def test_a_token_server_that_talks_nonsense_is_denied(store: GcsStore) -> None:
    def nonsense(response: Response) -> None:
        response.replace_body(b'{"no": "token"}')

    with faulty_proxy(store.url, Rule(is_asking_for_a_token, nonsense)) as proxy:
        place = store.location(token=token_through(store, proxy.url))
        with closing(open_backend(place)) as backend, pytest.raises(DeniedError, match="not usable"):
            read(backend)


def test_what_netrc_says_is_not_sent(store: GcsStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "netrc"
    file.write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(file))
    with behind(store) as (backend, proxy):
        assert read(backend) == b"data"
        assert {request.headers["Authorization"].partition(" ")[0] for request in proxy.requests} == {"Bearer"}


def test_two_zones_never_share_a_login(store: GcsStore) -> None:
    wrong = store.denied()
    assert wrong
    with closing(open_backend(store.location())) as right, closing(open_backend(wrong)) as other:
        assert read(right) == b"data"
        with pytest.raises(DeniedError):
            read(other)
        assert read(right) == b"data"


def test_no_secret_is_in_any_log_or_error(store: GcsStore, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    for name in ("google", "google.auth", "urllib3", "urllib3.connectionpool", "requests"):
        caplog.set_level("DEBUG", name)
    wrong = store.denied()
    assert wrong
    with closing(open_backend(store.location())) as backend:
        read(backend)
        texts = [repr(store.location()), repr(backend), repr(vars(backend))]
    info = {**json.loads(store.server.key_file.read_text()), "token_uri": None}
    for place in (wrong, store.missing(), store.location(token=info)):
        with closing(open_backend(place)) as backend, pytest.raises(SourceError) as caught:
            read(backend)
        texts += [repr(place), repr(backend), *traceback.format_exception(caught.value)]
    everything = caplog.text + "".join(texts)
    assert len(store.secrets) > 20
    assert not [secret for secret in store.secrets if secret in everything]
