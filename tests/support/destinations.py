"""Every destination with every kind of credentials, one row each; neither its server nor what is asked of it.

A row says how to start its server, how to make an empty place on it, and the few facts in which servers differ.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import pytest
from support.azure_store import KINDS as AZURE_KINDS
from support.azure_store import AzureServer, AzureStore, azurite
from support.dlz_store import LandingZones, in_azure, landing_zones, on_s3
from support.ftp_store import FtpServer, FtpStore, rclone_ftp
from support.gcs_store import GcsAnonymousStore, GcsHmacStore, GcsServer, GcsStore, gcs_server
from support.proxy import Fault, refused, unavailable
from support.servers import S3Server, moto_s3, rclone_s3
from support.sftp_servers import SftpServer, openssh, rclone_sftp, ssh_agent
from support.sftp_store import AgentStore, KeyStore, PassphraseStore, PasswordStore
from support.stores import HttpStore, LocalStore, S3Store, Store

from verifier.backends.base import Location
from verifier.backends.urls import local_path

PAGE_FILES = 10
RCLONE_SHOWS_AS_OTHERS = ("\t", "\x01")
_numbers = itertools.count()


class Servers:
    """The servers of a test run, each started when it is first asked for and stopped at the end. A context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._running: dict[Start, Any] = {}
        self._missing: dict[Start, FileNotFoundError] = {}

    def __enter__(self) -> Servers:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def of(self, start: Start) -> Any:
        """Return the running server. Raises FileNotFoundError where it is not installed."""
        if start in self._missing:
            raise self._missing[start]
        if start not in self._running:
            try:
                self._running[start] = self._stack.enter_context(start(self))
            except FileNotFoundError as error:
                self._missing[start] = error
                raise
        return self._running[start]

    def folder(self) -> Path:
        """Return a new folder, for what a server keeps and its log."""
        made = self._folder / f"server-{next(_numbers)}"
        made.mkdir(parents=True)
        return made


Start = Callable[[Servers], AbstractContextManager[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """What a server that speaks HTTP answers to who asks too often, and to credentials that have expired."""

    throttled: Fault
    expired: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One destination with one kind of credentials.

    `store` makes an empty place of that name on the server that `start` runs; rows with the same `start` share it. Rows
    of one `place` differ in their credentials only. A page of a listing holds at most `page_files` files, since the
    server gives no more or, where `page_constant` names a constant of ours, since we ask for so many.
    """

    name: str
    place: str
    start: Start
    store: Callable[[Any, str], Store]
    page_files: int = PAGE_FILES
    page_constant: str = ""
    wire: Wire | None = None
    cannot_hold: tuple[str, ...] = ()
    """Parts of names that the server refuses or shows as others."""
    has_clock: bool = True
    keeps_encodings: bool = True
    may_write: bool = True
    """Whether these credentials allow it, where the store takes copies at all."""
    environment: Callable[[Any], Mapping[str, str]] = lambda server: {}

    @contextmanager
    def ready(self, servers: Servers) -> Iterator[None]:
        """Let everything be as the row needs it until the block ends. Raises FileNotFoundError as `Servers.of` does."""
        server = servers.of(self.start)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment(server).items():
                patch.setenv(name, value)
            if self.page_constant:
                patch.setattr(self.page_constant, self.page_files)
            yield

    def new_store(self, servers: Servers) -> Store:
        """Return an empty place."""
        return self.store(servers.of(self.start), f"place-{next(_numbers)}")

    def new_http_store(self, servers: Servers) -> HttpStore:
        """Return an empty place that a proxy can stand before, of a row with a wire."""
        return cast(HttpStore, self.new_store(servers))


@contextmanager
def _folder(servers: Servers) -> Iterator[Path]:
    yield servers.folder() / "a folder, größer"


@contextmanager
def _moto(servers: Servers) -> Iterator[S3Server]:
    with moto_s3(servers.folder(), page_keys=PAGE_FILES) as server:
        yield server


@contextmanager
def _rclone(servers: Servers) -> Iterator[tuple[S3Server, Path]]:
    root = servers.folder()
    with rclone_s3(root, servers.folder() / "rclone.log") as server:
        yield server, root


@contextmanager
def _gcs(servers: Servers) -> Iterator[GcsServer]:
    with gcs_server(servers.folder()) as server:
        yield server


@contextmanager
def _azurite(servers: Servers) -> Iterator[AzureServer]:
    with azurite(servers.folder()) as server:
        yield server


@contextmanager
def _sftp(servers: Servers) -> Iterator[SftpServer]:
    with openssh(servers.folder()) as server:
        yield server


@contextmanager
def _sftp_and_agent(servers: Servers) -> Iterator[tuple[SftpServer, Path]]:
    server: SftpServer = servers.of(_sftp)
    assert server.key
    with ssh_agent([server.key]) as socket:
        yield server, socket


@contextmanager
def _rclone_sftp(servers: Servers) -> Iterator[SftpServer]:
    with rclone_sftp(servers.folder()) as server:
        yield server


@contextmanager
def _rclone_ftp(servers: Servers) -> Iterator[FtpServer]:
    with rclone_ftp(servers.folder()) as server:
        yield server


@contextmanager
def _landing_zones_in_azure(servers: Servers) -> Iterator[tuple[LandingZones, AzureServer]]:
    behind = servers.of(_azurite)
    with landing_zones() as zones:
        yield zones, behind


@contextmanager
def _landing_zones_in_s3(servers: Servers) -> Iterator[tuple[LandingZones, S3Server]]:
    behind = servers.of(_moto)
    with landing_zones() as zones:
        yield zones, behind


_S3 = Wire(throttled=unavailable, expired=refused(400, "<Error><Code>ExpiredToken</Code></Error>"))
_GCS = Wire(
    throttled=refused(429, '{"error": {"code": 429, "errors": [{"reason": "rateLimitExceeded"}]}}'),
    expired=refused(401, '{"error": {"code": 401, "errors": [{"reason": "authError"}]}}'),
)
_AZURE = Wire(
    throttled=refused(503, "<Error><Code>ServerBusy</Code></Error>", x_ms_error_code="ServerBusy"),
    expired=refused(403, "<Error><Code>AuthenticationFailed</Code></Error>", x_ms_error_code="AuthenticationFailed"),
)
_gcs_row = partial(Destination, place="gcs", start=_gcs, page_constant="verifier.backends.gcs.PAGE_OBJECTS", wire=_GCS)
_azure_row = partial(
    Destination,
    place="azure-blob",
    start=_azurite,
    page_constant="verifier.backends.azure.PAGE_BLOBS",
    wire=_AZURE,
    cannot_hold=("\\", "\x01"),  # a backslash becomes a slash
)
_sftp_row = partial(Destination, place="sftp", start=_sftp, has_clock=False)

DESTINATIONS: tuple[Destination, ...] = (
    Destination(name="local", place="local", start=_folder, store=lambda folder, name: LocalStore(folder / name)),
    Destination(name="s3-moto", place="s3", start=_moto, store=S3Store, wire=_S3),
    Destination(
        name="s3-rclone",
        place="s3-rclone",
        start=_rclone,
        store=lambda server, name: S3Store(server[0], name, server[1]),
        page_files=1000,
        wire=_S3,
        cannot_hold=RCLONE_SHOWS_AS_OTHERS,
        keeps_encodings=False,
    ),
    *(_azure_row(name=kind, store=partial(AzureStore, name=kind), may_write="sas" not in kind) for kind in AZURE_KINDS),
    _gcs_row(name="gcs-anonymous", store=GcsAnonymousStore, may_write=False),
    _gcs_row(name="gcs-service-account", store=GcsStore),
    Destination(name="gcs-hmac", place="gcs-hmac", start=_moto, store=GcsHmacStore, wire=_S3),
    _sftp_row(name="sftp-key", store=KeyStore),
    _sftp_row(name="sftp-passphrase", store=PassphraseStore),
    _sftp_row(
        name="sftp-agent",
        start=_sftp_and_agent,
        store=lambda servers, name: AgentStore(servers[0], name),
        environment=lambda servers: {"SSH_AUTH_SOCK": str(servers[1])},
    ),
    _sftp_row(
        name="sftp-password",
        place="sftp-rclone",
        start=_rclone_sftp,
        store=PasswordStore,
        cannot_hold=RCLONE_SHOWS_AS_OTHERS,
    ),
    _azure_row(
        name="data-landing-zone-azure",
        place="data-landing-zone-azure",
        start=_landing_zones_in_azure,
        store=lambda servers, name: in_azure(*servers, name),
    ),
    Destination(
        name="data-landing-zone-s3",
        place="data-landing-zone-s3",
        start=_landing_zones_in_s3,
        store=lambda servers, name: on_s3(*servers, name),
        wire=_S3,
    ),
    Destination(
        name="fsspec-ftp",
        place="fsspec-ftp",
        start=_rclone_ftp,
        store=FtpStore,
        has_clock=False,
        cannot_hold=RCLONE_SHOWS_AS_OTHERS,
    ),
)


def one_of_each_place() -> Sequence[Destination]:
    """Return the first row of each place, for what does not differ by credentials."""
    return list({row.place: row for row in reversed(DESTINATIONS)}.values())[::-1]


def zone_settings(location: Location) -> str:
    """Return the lines of a zone's table that lead to a place, its credentials among them."""
    lines = [f"url = {_toml(location.url)}", f"kind = {_toml(location.kind)}"]
    return "\n".join(lines + ([f"options = {_toml(location.options)}"] if location.options else [])) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(name)} = {_toml(inner)}" for name, inner in value.items()) + "}"
    return json.dumps(value if isinstance(value, bool | int | float) else str(value))


def other_spellings(url: str) -> Sequence[str]:
    """Return other ways to write a canonical URL, that its own included with a slash more."""
    scheme, _, rest = url.partition("://")
    authority, _, path = rest.partition("/")
    container, _, host = authority.partition("@")
    blob = host.replace(".dfs.", ".blob.")
    more = {
        "file": [local_path(url), f"file://localhost{rest}"],
        "s3": [f"S3://{rest}", f"s3a://{rest}"],
        "abfss": [
            f"az://{container}/{path}",
            f"abfs://{rest}",
            f"wasbs://{container}@{blob}/{path}",
            f"https://{blob}/{container}/{quote(path)}",
        ],
        "gs": [f"gcs://{rest}"],
    }
    return [f"{url}/", *more.get(scheme, [])]
