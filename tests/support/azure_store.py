"""Azurite, a server that speaks Azure Blob, and containers in it for every kind of credentials; not our backend."""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from azure.storage.blob import (
    AccessPolicy,
    AccountSasPermissions,
    BlobServiceClient,
    ContainerSasPermissions,
    ContentSettings,
    ResourceTypes,
    generate_account_sas,
    generate_container_sas,
)
from support.proxy import Request
from support.servers import running

from verifier.backends.base import Location
from verifier.backends.urls import parse_location

KINDS = ("azure-connection-string", "azure-account-key", "azure-account-sas", "azure-container-sas-policy")
"""The kinds of credentials, by the names of their stores."""

ACCOUNT = "landprooftest"
_POLICY = "landproof"
_INSTALLED = Path(sys.prefix) / "azurite" / "node_modules" / ".bin" / "azurite-blob"
_BINARY = Path(os.environ.get("LANDPROOF_AZURITE") or _INSTALLED)  # now: tests run without variables of ours
_FLAGS = ("--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence", "--silent", "--disableTelemetry")


@dataclass(frozen=True, slots=True)
class AzureServer:
    """A server that speaks Azure Blob, with one account; `url` is the server's, without the account."""

    url: str
    account: str = ACCOUNT
    key: str = field(default="", repr=False)

    @property
    def endpoint(self) -> str:
        """The account's endpoint for blobs."""
        return f"{self.url}/{self.account}"

    def sas(self, permission: str = "rl", *, hours: float = 1) -> str:
        """Return a SAS of the account for containers and blobs that ends in so many hours."""
        return generate_account_sas(
            self.account,
            self.key,
            ResourceTypes(container=True, object=True),
            AccountSasPermissions.from_string(permission),
            datetime.now(UTC) + timedelta(hours=hours),
        )

    def container_sas(self, container: str, permission: str = "rl", *, hours: float = 1) -> str:
        """Return a SAS of one container that ends in so many hours."""
        return generate_container_sas(
            self.account,
            container,
            self.key,
            permission=ContainerSasPermissions.from_string(permission),
            expiry=datetime.now(UTC) + timedelta(hours=hours),
        )


@contextmanager
def azurite(folder: Path) -> Iterator[AzureServer]:
    """Run Azurite, which keeps everything in memory and checks every signature; its log goes to `folder`.

    Raises FileNotFoundError where it is not installed. LANDPROOF_AZURITE names another azurite-blob.
    """
    key = base64.b64encode(secrets.token_bytes(64)).decode()
    # skipApiVersionCheck: the SDK that fills the containers may be newer than the server
    command = [azurite_binary(), *_FLAGS, "--skipApiVersionCheck"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"  # where a wheel puts node
    more = {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{key}", "PATH": path}
    with running(command, folder / "azurite.log", r"listens on (http://127\.0\.0\.1:\d+)", more) as url:
        yield AzureServer(url, ACCOUNT, key)


def azurite_binary() -> str:
    """Return the path of azurite-blob. Raises FileNotFoundError where it, or node, is not installed."""
    beside = Path(sys.executable).parent / "node"
    if not _BINARY.exists() or not (beside.exists() or shutil.which("node")):
        raise FileNotFoundError("Azurite is not installed: make test installs it")
    return str(_BINARY)


class AzureStore:
    """One container of the account, with the kind of credentials that `name` says; filled with the account's key."""

    def __init__(self, server: AzureServer, container: str, name: str = KINDS[0], policy: str = "rl") -> None:
        """Make the container; `policy` is what its stored policy allows, where the credentials go by one."""
        self.name = name
        self.url = server.url
        self.server = server
        self.container = container
        self._client = BlobServiceClient(server.endpoint, credential=server.key).get_container_client(container)
        self._client.create_container()
        self._filling = server.sas("rwdlac")
        self._sas = self._make_sas(policy)
        signatures = parse_qs(self._sas).get("sig", [])
        self.secrets: Sequence[str] = (server.key, *signatures, *(quote(text, safe="") for text in signatures))

    def location(self, path: str = "", **options: object) -> Location:
        """Return the place of a prefix in the container, with credentials that may read it."""
        return self._place(self.container, path, self._options(self.server.url) | options)

    def put(self, path: str, data: bytes, *, encoding: str | None = None) -> None:
        """Store one blob, where asked for with a Content-Encoding."""
        settings = ContentSettings(content_encoding=encoding)
        self._client.upload_blob(path, data, overwrite=True, content_settings=settings)

    def put_placeholder(self, folder: str) -> None:
        """Store what stands for a folder in an account with a hierarchical namespace."""
        self._client.upload_blob(folder, b"", overwrite=True, metadata={"hdi_isfolder": "true"})

    def publish(self) -> None:
        """Let everybody list and read the container."""
        self._client.set_container_access_policy({}, public_access="container")

    def put_many(self, paths: Iterable[str]) -> None:
        """Store many blobs of one byte over one connection, several times faster than the SDK."""
        with closing(HTTPConnection(urlsplit(self.url).netloc)) as connection:
            for path in paths:
                target = f"/{self.server.account}/{self.container}/{quote(path)}?{self._filling}"
                connection.request("PUT", target, b"x", {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-12-02"})
                answer = connection.getresponse()
                text = answer.read()
                if answer.status != 201:
                    raise RuntimeError(f"PUT {path}: status {answer.status}: {text[:300]!r}")

    def delete(self, path: str) -> None:
        """Delete one blob."""
        self._client.delete_blob(path)

    def missing(self) -> Location:
        """Return a place whose container does not exist, with credentials that would be right for it."""
        options = self._options(self.server.url)
        if self.name == "azure-container-sas-policy":
            container_sas = self.server.container_sas("no-such-container")
            options = {"sas_uri": f"{self.server.endpoint}/no-such-container?{container_sas}"}
        return self._place("no-such-container", "", options)

    def denied(self) -> Location:
        """Return the container with credentials of which the last, secret part is wrong."""
        wrong = base64.b64encode(bytes(64)).decode()
        told = self._options(self.server.url)
        signature = quote(wrong[:44], safe="")
        sas = f"{self._sas.partition('sig=')[0]}sig={signature}"
        changes = {
            "connection_string": str(told.get("connection_string")).replace(self.server.key, wrong),
            "account_key": wrong,
            "sas_token": sas,
            "sas_uri": f"{self.server.endpoint}/{self.container}?{sas}",
        }
        return self.location(**{name: changes[name] for name in told if name in changes})

    def through(self, url: str, **options: object) -> Location:
        """Return the container as reached through a proxy."""
        return self._place(self.container, "", self._options(url) | options)

    def is_listing(self, request: Request) -> bool:
        """Tell whether a request asks for a page of a listing."""
        return request.method == "GET" and "comp=list" in request.target

    def is_read(self, request: Request) -> bool:
        """Tell whether a request asks for a blob's bytes."""
        return request.method == "GET" and "comp=list" not in request.target

    def _place(self, container: str, path: str, options: dict[str, object]) -> Location:
        return parse_location(f"az://{container}/{path}", options)

    def _options(self, url: str) -> dict[str, object]:
        endpoint, key = f"{url}/{self.server.account}", self.server.key
        match self.name:
            case "azure-connection-string":
                named = f"DefaultEndpointsProtocol=http;AccountName={self.server.account};AccountKey={key}"
                return {"connection_string": f"{named};BlobEndpoint={endpoint};"}
            case "azure-account-key":
                return {"account_name": self.server.account, "account_key": key, "endpoint_url": endpoint}
            case "azure-account-sas":
                return {"sas_token": self._sas, "endpoint_url": endpoint}
            case _:
                return {"sas_uri": f"{endpoint}/{self.container}?{self._sas}"}

    def _make_sas(self, permission: str) -> str:
        if self.name == "azure-account-sas":
            return self.server.sas()
        if self.name != "azure-container-sas-policy":
            return ""
        until = datetime.now(UTC) + timedelta(hours=1)
        policy = AccessPolicy(ContainerSasPermissions.from_string(permission), until)
        self._client.set_container_access_policy({_POLICY: policy})
        return generate_container_sas(self.server.account, self.container, self.server.key, policy_id=_POLICY)
