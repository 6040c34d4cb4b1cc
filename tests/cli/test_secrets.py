"""No secret comes out: every command over every kind of store, with stores that work and stores that do not."""

from __future__ import annotations

import base64
import json
import logging
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import duckdb
import pytest
from support.azure_store import AzureStore
from support.destinations import DESTINATIONS, Servers, zone_settings
from support.landproof import landproof
from support.proxy import Rule, faulty_proxy, refused
from support.settings_files import load
from support.sftp_store import SftpStore
from support.stores import HttpStore, Store
from support.zones import daily, some_json

from catalog.targets import find_targets
from fixtures.content import TIME, json_part
from verifier.backends import retry
from verifier.backends.base import Location
from verifier.backends.registry import open_backend
from verifier.errors import LandproofError

SHORTEST = 8
Secrets = Callable[[], list[str]]
Stores = Mapping[str, Store]


@dataclass(slots=True)
class Run:
    """One place for settings and a catalog, and all that came out of the commands run there, by what it was."""

    folder: Path
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        """The settings."""
        return self.folder / "landproof.toml"

    def settings(self, places: Mapping[str, Location]) -> None:
        """Write a zone and a dataset for each place."""
        zones = [f"[zones.{name}]\n{zone_settings(place)}" for name, place in places.items()]
        tables = [daily(dataset_of(name), zone=name) for name in places]
        self.config.write_text('[catalog]\npath = "landproof.duckdb"\n' + "".join((*zones, *tables)))

    def run(self, command: str, *words: object, config: bool = True) -> int:
        """Run a command and keep what it says; return its exit status."""
        answer = landproof(command, *words, *(["--config", self.config] if config else []))
        name = f"{len(self.texts)} {command}"
        self.texts[f"{name}: stdout"], self.texts[f"{name}: stderr"] = answer.out, answer.err
        return answer.status

    def leaks(self, log: str, secrets: Sequence[str]) -> list[tuple[str, str]]:
        """Return where which secret came out: what was said or logged, in a file or a row of the catalog."""
        texts = {**self.texts, **self._files(), **self._tables(), "log": log}
        wanted = {form for secret in secrets if len(secret) >= SHORTEST for form in forms(secret)}
        assert wanted
        return [(name, form) for name, text in texts.items() for form in wanted if form in text]

    def _files(self) -> dict[str, str]:
        paths = [path for path in self.folder.rglob("*") if path.is_file() and path != self.config]
        return {str(path): path.read_bytes().decode("latin-1") for path in paths}

    def _tables(self) -> dict[str, str]:
        catalog = self.folder / "landproof.duckdb"
        if not catalog.exists():
            return {}
        with duckdb.connect(str(catalog), read_only=True) as connection:
            tables = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
            return {table: str(connection.execute(f'FROM "{table}"').fetchall()) for (table,) in tables}


def dataset_of(name: str) -> str:
    """Return the id of the dataset in the store of this name."""
    return f"64e0{[row.name for row in DESTINATIONS].index(name):020x}"


def snapshot_of(name: str) -> str:
    """Return the id of the snapshot in the store of this name."""
    return f"{name}/{dataset_of(name)}/{TIME}"


def forms(secret: str) -> set[str]:
    """Return all ways in which a text may be written: escaped for URLs and documents, and in base64 at any offset."""
    escaped = {quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    encoded = {
        encode(b"x" * offset + secret.encode()).decode()[skip:].removesuffix("==").removesuffix("=")[:-1]
        for encode in (base64.b64encode, base64.urlsafe_b64encode)
        for offset, skip in enumerate((0, 2, 3))
    }
    return {form for form in {secret, *escaped, *encoded} if len(form) >= SHORTEST}


@pytest.fixture(scope="module")
def stores(servers: Servers) -> Iterator[dict[str, Store]]:
    """A place with a good file and a broken one on every destination that can be started, by its row's name."""
    with ExitStack() as stack:
        found: dict[str, Store] = {}
        for row in DESTINATIONS:
            try:
                stack.enter_context(row.ready(servers))
                found[row.name] = row.new_store(servers)
            except FileNotFoundError:
                continue  # the contract's suite says that it was skipped, and why
            folder = f"{dataset_of(row.name)}/exportTime={TIME}"
            found[row.name].put(f"{folder}/{json_part(0)}", some_json())
            found[row.name].put(f"{folder}/{json_part(1)}", some_json()[:-9])
        yield found


@pytest.fixture
def secrets(stores: Stores) -> Secrets:
    """Return all secrets of all stores as known by then: some are handed out on the way."""
    return lambda: [secret for store in stores.values() for secret in store.secrets]


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    """Everything that is logged by anybody who is let; and no patience with what fails."""
    for name, value in {"FIRST_WAIT_SECONDS": 0.01, "GREATEST_WAIT_SECONDS": 0.01, "TRIES": 2}.items():
        monkeypatch.setattr(retry, name, value)
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def by_environment(name: str, place: Location, secrets: Sequence[str], patch: pytest.MonkeyPatch) -> Location:
    """Return a place whose secret options are named in the settings in place of being written."""
    options = dict(place.options)
    for option, value in place.options.items():
        if isinstance(value, str) and any(secret in value for secret in secrets):
            variable = f"SECRET_{name}_{option}".upper().replace("-", "_")
            patch.setenv(variable, value)
            options[option] = f"${{{variable}}}"
    return replace(place, options=options)


def test_every_command_over_stores_that_work(
    stores: Stores, secrets: Secrets, run: Run, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {name: store.location() for name, store in stores.items()}
    for name in list(places)[::2]:
        places[name] = by_environment(name, places[name], secrets(), monkeypatch)
    run.settings(places)
    snapshots = [snapshot_of(name) for name in places]
    assert run.run("scan", "--settle-minutes", 0, "--workers", 0, "--json") == 2
    assert run.run("check", "--json") == run.run("nightly") == 2
    assert run.run("doctor", "--json") in (0, 1)
    assert run.run("copy", *snapshots[::4], "--to", run.folder / "copies", "--workers", 0, "--json") == 0
    for command, *words in (
        ("datasets",),
        ("snapshots", "--json"),
        ("show", snapshots[-1]),
        ("history", snapshots[-1], "--json"),
        ("sql", "FROM scans", "--json"),
    ):
        assert run.run(command, *words) in (0, 2)
    said = "".join(run.texts.values())
    assert said.count("gzip.truncated") > len(places)
    assert run.leaks(log.text, secrets()) == []


def is_http(store: Store) -> bool:
    return hasattr(store, "through") and hasattr(store, "url")


def http(store: Any) -> HttpStore:
    found: HttpStore = store
    return found


def nowhere(stores: Stores) -> dict[str, Location]:
    """Return every place as reached at a port of loopback on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    places = {n: http(s).through(f"http://127.0.0.1:{port}") for n, s in stores.items() if is_http(s)}
    return places | {name: store.through(port) for name, store in stores.items() if isinstance(store, SftpStore)}


def denied(stores: Stores) -> dict[str, Location]:
    """Return every place with wrong credentials, where they are checked."""
    return {name: place for name, store in stores.items() if (place := store.denied())}


def missing(stores: Stores) -> dict[str, Location]:
    """Return places that do not exist, each once."""
    found = {name: store.missing() for name, store in stores.items()}
    return {name: found[name] for name in {place.url: name for name, place in found.items()}.values()}


def fail(run: Run, places: Mapping[str, Location]) -> None:
    """Run what asks the stores, and what tells of it later."""
    assert len(places) > 4
    run.settings(places)
    assert run.run("scan", "--workers", 0, "--json") == 3
    assert run.run("doctor") == 3
    assert run.run("sql", "FROM scans") == 0


@pytest.mark.parametrize("failing", [nowhere, denied, missing])
def test_stores_that_refuse(
    stores: Stores,
    secrets: Secrets,
    run: Run,
    log: pytest.LogCaptureFixture,
    failing: Callable[[Stores], dict[str, Location]],
) -> None:
    fail(run, failing(stores))
    assert run.leaks(log.text, secrets()) == []


@pytest.mark.parametrize("status", [200, 403, 500])
def test_servers_that_repeat_secrets_in_their_answers(
    stores: Stores, secrets: Secrets, run: Run, log: pytest.LogCaptureFixture, status: int
) -> None:
    told = " ".join(" ".join(secrets()).split())
    texts = (
        f"<Error><Code>{told}</Code><Message>{told}</Message></Error>",
        json.dumps({"error": {"code": status, "message": told, "errors": [{"reason": told}]}}),
    )
    headers = {"x_ms_error_code": told[:4000], "www_authenticate": told[:4000]}
    with ExitStack() as stack:
        places = {}
        for name, store in stores.items():
            if is_http(store):
                text = texts[name.startswith("gcs") and "hmac" not in name]
                rule = Rule(lambda request: True, refused(status, text, **headers))
                proxy = stack.enter_context(faulty_proxy(http(store).url, rule))
                places[name] = http(store).through(proxy.url)
        fail(run, places)
    assert run.leaks(log.text, secrets()) == []


PLANTED = "planted-option-that-comes-out-nowhere"


@pytest.mark.parametrize(
    "odd",
    [
        {"secrt": PLANTED},
        {"endpoint_url": f"ftp://u:{PLANTED}@host"},
        {"endpoint_url": f"http://[{PLANTED}"},
        {"connection_string": f"AccountKey={PLANTED}"},
        {"sas_uri": PLANTED},
        {"account_key": PLANTED},
        {"private_key": f"-----BEGIN {PLANTED}"},
        {"token": f'{{"type": "service_account", "private_key": "{PLANTED}"}}'},
        {"client_secret": f"{PLANTED}\n"},
        {"host_key": f"ssh-ed25519 {PLANTED}"},
        {"port": PLANTED},
        {"anon": PLANTED, "key": PLANTED},
        {"client_kwargs": {"endpoint_url": PLANTED}, "config_kwargs": {"proxies": {"http": f"http://u:{PLANTED}@h"}}},
    ],
    ids="+".join,
)
def test_options_that_cannot_be(
    stores: Stores, tmp_path: Path, log: pytest.LogCaptureFixture, odd: dict[str, object]
) -> None:
    said = []
    for name, store in stores.items():
        place = store.location()
        table = zone_settings(replace(place, options={**place.options, **odd}))
        try:
            settings = load(tmp_path, f"[zones.{name}]\n{table}")
            (target,) = find_targets([name], settings, {})
            said += [*settings.warnings, repr(target.location)]
            with closing(open_backend(target.location)) as backend:
                next(iter(backend.list()), None)
        except LandproofError as error:
            said.append(f"{error!r} {error} {error.hint}")
    assert any("option" in text for text in said)
    assert [form for form in forms(PLANTED) if form in "".join([*said, log.text])] == []


def test_a_signature_in_a_url_on_the_command_line(
    stores: Stores, run: Run, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = stores.get("azure-account-sas")
    if not isinstance(store, AzureStore):
        pytest.skip("Azurite is not installed")
    monkeypatch.chdir(run.folder)
    uri = f"{store.server.endpoint}/{store.container}?{store.server.container_sas(store.container)}"
    signature = uri.partition("sig=")[2]
    wrong = uri.replace(signature, signature[::-1])
    dataset = dataset_of("azure-account-sas")
    for status, command, *words in (
        (2, "scan", uri, "--workers", 0, "--settle-minutes", 0, "--json"),
        (1, "doctor", uri),
        (0, "init", uri, "--output", "init.toml"),
        (3, "scan", wrong, "--workers", 0),
        (3, "init", wrong, "--output", "no.toml"),
        (3, "copy", f"{store.container}/{dataset}/{TIME}", "--to", wrong.replace("?", "-2?"), "--workers", 0),
        (64, "scan", uri.replace("http://", "s3://")),
        (64, "scan", uri.replace("http://", "az://")),
        (64, "doctor", f"{uri}&x", f"sftp://me:{signature}@host"),
    ):
        assert run.run(str(command), *words, config=False) == status, (command, run.texts)
    assert run.leaks(log.text, [signature, signature[::-1]]) == []
