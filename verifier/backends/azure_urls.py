"""The ways to write a place in Azure storage, and the one way we keep; not what is there.

`az://container/path`, `abfss://container@account.dfs.core.windows.net/path`, `wasbs://…@account.blob…/path` and
`https://account.blob.core.windows.net/container/path`, with a SAS or without, are one place. We keep the second, since
it alone names account and container, needs no percent-encoding and is what Spark, Databricks and fsspec take. Paths are
names as they are; only in the https form they are percent-encoded. An emulator's `http://127.0.0.1:PORT/account/…`
is taken, too; as with S3, an endpoint says how to reach a place and is no part of its name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import unquote

from verifier.backends.url_rules import printable, refuse_dots, refuse_secrets, split_url
from verifier.errors import UsageError

Options = Mapping[str, object]

DEFAULT_SUFFIX = "core.windows.net"
_CONTAINER = re.compile(r"\$root|\$logs|\$web|[a-z0-9](?:-?[a-z0-9]){2,62}")
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}(?:-secondary)?")
_HOST = re.compile(r"(?P<account>[a-z0-9-]+)\.(?:[a-z0-9]+\.)?(?:blob|dfs)\.(?P<suffix>[a-z0-9.-]+)(?::443)?")
_HINT = "write abfss://container@account.dfs.core.windows.net/path, or set account_name in the zone's options"


def azure_place(scheme: str, rest: str, options: Options) -> tuple[str, dict[str, object]]:
    """Return the canonical URL and the options, a SAS and an emulator's endpoint moved from the URL into them.

    Raises `UsageError` where container or account cannot be told, or where URL and options contradict each other;
    no message shows a SAS.
    """
    if printable(rest) != rest:
        raise UsageError("the URL is not valid UTF-8")
    found = dict(options)
    if scheme in ("https", "http"):
        host, container, path = _of_https(scheme, rest, found)
    else:
        authority, _, path = rest.partition("/")
        container, _, host = authority.partition("@")
    if not _CONTAINER.fullmatch(container):
        raise UsageError(f"{scheme}:// names no container: lower-case letters, digits and dashes", hint=_HINT)
    refuse_dots(path, f"container {container}")
    refuse_secrets(f"/{path}")  # a SAS belongs to the https form alone
    told, wanted = _told_by(found), _dfs_host(host) if host else None
    if told and wanted and told != wanted:
        raise UsageError(f"the URL is of the account at {wanted}, the zone's options name {told}")
    account = wanted or told or _told_by_environment(os.environ)
    if account is None:
        raise UsageError(f"container {container}: the storage account is not named", hint=_HINT)
    return f"abfss://{container}@{account}/{path}".rstrip("/"), found


def connection_parts(connection_string: str) -> dict[str, str]:
    """Return the parts of a connection string by their names in lower case."""
    pairs = (part.partition("=") for part in connection_string.split(";") if part.strip())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def blob_endpoint(host: str, suffix: str | None = None, protocol: str = "https") -> str:
    """Return the endpoint for blobs of an account's name or canonical host; a custom domain serves blobs itself."""
    if _ACCOUNT.fullmatch(host):
        host = f"{host}.dfs.{suffix or DEFAULT_SUFFIX}"
    account, dfs, rest = host.partition(".dfs.")
    return f"{protocol}://{account}.blob.{rest}" if dfs else f"{protocol}://{host}"


def environment_account(environment: Mapping[str, str]) -> str | None:
    """Return the name of the account that adlfs's variables are about, None where they name none."""
    host = _told_by_environment(environment)
    return host.partition(".")[0] if host else None


def is_emulator(authority: str) -> bool:
    """Tell whether host and port are an emulator's, where the account is the first folder of the path."""
    name = split_url(f"//{authority}").hostname or ""
    try:
        return name == "localhost" or bool(ip_address(name))
    except ValueError:
        return False


def _told_by(options: Options) -> str | None:
    sources = (
        (options.get("account_host"), _dfs_host),
        (options.get("account_name"), _dfs_host),
        (options.get("sas_uri"), _host_of_url),
        (options.get("connection_string"), _host_of_connection),
        (options.get("endpoint_url"), _host_of_url),
    )
    return next((host for text, read in sources if text and (host := read(str(text)))), None)


def _told_by_environment(environment: Mapping[str, str]) -> str | None:
    """Read the variables that adlfs reads."""
    connection, name = (environment.get(f"AZURE_STORAGE_{end}") for end in ("CONNECTION_STRING", "ACCOUNT_NAME"))
    return (_host_of_connection(connection) if connection else None) or (_dfs_host(name) if name else None)


def _of_https(scheme: str, rest: str, options: dict[str, object]) -> tuple[str, str, str]:
    """Return host, container and path; the query goes into the options as a SAS."""
    place, _, query = rest.partition("?")
    host, _, path = place.partition("/")
    if "@" in host:
        raise UsageError("the URL carries a user or password before an @")
    segments = unquote(path, errors="surrogateescape").partition("/")
    if is_emulator(host):
        account, segments = segments[0], segments[2].partition("/")
        options.setdefault("endpoint_url", f"{scheme}://{host}/{account}")
        host = account
    elif not _HOST.fullmatch(host.lower()):
        hint = "for another host set endpoint_url in the zone's options and write az://container/path"
        raise UsageError(f"an {scheme} URL is taken for Azure storage only, got another host", hint=hint)
    if query:
        options.setdefault("sas_token", query)
    return host, segments[0], segments[2]


def _host_of_url(url: str) -> str | None:
    parts = split_url(url)
    host = parts.netloc.rpartition("@")[2] if parts.scheme else ""
    name = parts.path[1:].partition("/")[0] if is_emulator(host) else host
    return _dfs_host(name) if name else None


def _host_of_connection(connection_string: str) -> str | None:
    parts = connection_parts(connection_string)
    if parts.get("usedevelopmentstorage", "").lower() == "true":
        return _dfs_host("devstoreaccount1")
    if account := parts.get("accountname"):
        return f"{account.lower()}.dfs.{parts.get('endpointsuffix', DEFAULT_SUFFIX).lower()}"
    return _host_of_url(parts.get("blobendpoint", ""))


def _dfs_host(host: str) -> str:
    """Return the canonical host of an account's name, or of its host for blobs or dfs; a custom domain is kept."""
    name = host.lower().removesuffix(":443")
    if _ACCOUNT.fullmatch(name):
        return f"{name}.dfs.{DEFAULT_SUFFIX}"
    match = _HOST.fullmatch(name)
    return f"{match['account']}.dfs.{match['suffix']}" if match else name
