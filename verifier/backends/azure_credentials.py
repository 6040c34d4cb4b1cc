"""From options and environment to an endpoint and a credential of the SDK; sends nothing and knows no blobs.

Options and variables (`AZURE_STORAGE_…`) are named as adlfs names them, and taken in its order: connection string, key,
SAS, service principal, anonymous, else the default Azure credential. Unlike there, the environment counts only where
the options hold no credential, and then only what it says of this account, so that two zones' never mix.
"""

from __future__ import annotations

import binascii
import difflib
import inspect
import os
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from adlfs import AzureBlobFileSystem
from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.identity import ClientSecretCredential, DefaultAzureCredential
from azure.storage.blob import BlobServiceClient

from verifier.backends.azure_urls import blob_endpoint, connection_parts, environment_account, is_emulator
from verifier.backends.base import ANONYMOUS
from verifier.backends.url_rules import split_url
from verifier.errors import UsageError

Options = Mapping[str, object]

_DEVELOPMENT = ("devstoreaccount1", "http://127.0.0.1:10000/devstoreaccount1")
_SECRET_OPTIONS = ("connection_string", "account_key", "sas_token", "sas_uri", "client_secret", "client_id")
_OF_ACCOUNT = ("connection_string", "account_key", "sas_token")
_OF_IDENTITY = ("client_id", "client_secret", "tenant_id", "anon")
_DEFAULTS = ("managed_identity_client_id", "workload_identity_client_id", "process_timeout")
_LIMITS = {"retry_total": 1, "connection_timeout": 5, "read_timeout": 20}
"""What asking for a token may cost: without them a host that never answers holds the identity SDK for minutes."""

_OBJECT_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_OURS = {"endpoint_url", "sas_uri", "authority", *_DEFAULTS}
_NOT_SETTABLE = {"self", "kwargs", "loop", "asynchronous", "credential", "request_session", "socket_timeout"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """How to reach an account: its endpoint for blobs and what signs requests; none of it for being shown.

    `policy` is the SDK's, None for an anonymous reader; `sas` is the SAS, where it is one; `is_key` tells that it is
    the account's key, which may do everything. `identity` is who the account is asked as, None where the SDK chooses.
    """

    endpoint: str
    policy: Any = field(default=None, repr=False)
    sas: str = field(default="", repr=False)
    is_key: bool = False
    identity: str | None = None


def choose_credential(url: str, options: Options) -> Credential:
    """Return endpoint and credential for the container at a canonical URL; raises `UsageError` for unusable options."""
    _refuse_unknown(options)
    container, _, host = url.partition("://")[2].partition("/")[0].partition("@")
    account = host.partition(".")[0].removesuffix("-secondary")
    told = _with_environment(options, account)
    if told.get("connection_string"):
        told = {**told, **_of_connection_string(str(told["connection_string"]))}
    endpoint = _endpoint(told, host)
    if told.get("sas_uri") and not told.get("account_key"):
        told = {**told, "sas_token": _sas_of_uri(str(told["sas_uri"]), container)}
    try:
        return _credential(told, endpoint, account)
    except (TypeError, ValueError) as error:
        raise UsageError(f"the options of an Azure zone are not usable: {type(error).__name__}") from None


def _credential(told: Options, endpoint: str, account: str) -> Credential:
    chosen: Any
    sas = ""
    if told.get("account_key"):
        key = str(told["account_key"])
        _refuse_bad_key(key)
        chosen = AzureNamedKeyCredential(str(told.get("account_name") or account), key)
    elif told.get("sas_token"):
        sas = str(told["sas_token"]).strip().lstrip("?")
        chosen = AzureSasCredential(sas)
    elif _is_true(told.get("anon")):
        return Credential(endpoint=endpoint, identity=ANONYMOUS)
    else:
        chosen = _identity(told, endpoint)
    # the client is made for its policy alone: the SDK's own way to sign, which it offers nowhere else
    policy = BlobServiceClient(endpoint, credential=chosen)._credential_policy
    is_key = bool(told.get("account_key"))
    who = _who(told, sas, str(told.get("account_name") or account))
    return Credential(endpoint=endpoint, policy=policy, sas=sas, is_key=is_key, identity=who)


def _who(told: Options, sas: str, account: str) -> str | None:
    """Name an account for its key or a SAS, with the user that delegated the SAS; a client by its id."""
    if told.get("account_key"):
        return f"{account} (account key)"
    if sas:
        delegated_by = parse_qs(sas).get("skoid", [""])[0]
        return f"{account} (SAS of {delegated_by})" if _OBJECT_ID.fullmatch(delegated_by) else f"{account} (SAS)"
    clients = ("client_id", "managed_identity_client_id", "workload_identity_client_id")
    named = [told[name] for name in clients if told.get(name)]
    found = named[0] if named else os.environ.get("AZURE_CLIENT_ID")
    return str(found) if found else None


def _identity(told: Options, endpoint: str) -> Any:
    if not endpoint.startswith("https://"):
        raise UsageError("identities of Entra are sent over https only, and the endpoint is none", hint="set another")
    more: dict[str, Any] = {**_LIMITS}
    if told.get("authority"):
        more["authority"] = told["authority"]
    if told.get("client_id"):
        missing = [name for name in ("tenant_id", "client_secret") if not told.get(name)]
        if missing:
            raise UsageError(f"option client_id of an Azure zone needs {' and '.join(missing)}, too")
        tenant, client, secret = (str(told[name]) for name in ("tenant_id", "client_id", "client_secret"))
        return ClientSecretCredential(tenant, client, secret, **more)
    more |= {name: told[name] for name in _DEFAULTS if name in told}
    more |= {name: value for name, value in told.items() if name.startswith("exclude_")}
    return DefaultAzureCredential(**more)


def _with_environment(options: Options, account: str) -> dict[str, object]:
    """Add what the environment says, unless the options hold a credential."""
    told = {name: value for name, value in options.items() if value not in (None, "")}
    if any(name in told for name in _SECRET_OPTIONS) or _is_true(told.get("anon")):
        return told
    names = _OF_IDENTITY if environment_account(os.environ) not in (None, account) else _OF_ACCOUNT + _OF_IDENTITY
    found = {name: os.environ.get(f"AZURE_STORAGE_{name.upper()}") for name in names}
    return {**{name: value for name, value in found.items() if value}, **told}


def _of_connection_string(text: str) -> dict[str, object]:
    """Return the options that a connection string stands for; it overrides all others."""
    parts = connection_parts(text)
    if parts.get("usedevelopmentstorage", "").lower() == "true":
        client = BlobServiceClient.from_connection_string("UseDevelopmentStorage=true")
        key = client.credential.account_key
        return {"account_name": _DEVELOPMENT[0], "account_key": key, "endpoint_url": _DEVELOPMENT[1]}
    endpoint = parts.get("blobendpoint")
    if not endpoint and parts.get("accountname"):
        protocol, suffix = parts.get("defaultendpointsprotocol", "https"), parts.get("endpointsuffix")
        endpoint = blob_endpoint(parts["accountname"], suffix, protocol)
    if not endpoint:
        raise UsageError("option connection_string of an Azure zone names neither AccountName nor BlobEndpoint")
    key, sas = parts.get("accountkey"), parts.get("sharedaccesssignature")
    if not key and not sas:
        raise UsageError("option connection_string of an Azure zone holds neither AccountKey nor SharedAccessSignature")
    return {
        "account_name": parts.get("accountname"),
        "account_key": key,
        "sas_token": sas,
        "endpoint_url": endpoint,
        "sas_uri": None,
    }


def _endpoint(told: Options, host: str) -> str:
    """Return the account's endpoint for blobs, as far as it is told, else as its canonical host says."""
    if endpoint := told.get("endpoint_url"):
        address = split_url(str(endpoint))
        if address.scheme not in ("http", "https") or not address.hostname or address.query:
            raise UsageError("option endpoint_url of an Azure zone: expected http://host or https://host, no query")
        text = str(endpoint).rstrip("/")
        return f"{text}/{host.partition('.')[0]}" if is_emulator(address.netloc) and not address.path[1:] else text
    if uri := told.get("sas_uri"):
        return str(uri).partition("?")[0].rstrip("/").rpartition("/")[0]
    if named := told.get("account_host"):
        return f"https://{named}"
    return blob_endpoint(host)


def _sas_of_uri(uri: str, container: str) -> str:
    place, _, sas = uri.partition("?")
    named = place.rstrip("/").rpartition("/")[2]
    if named != container or not sas:
        raise UsageError(
            "option sas_uri of an Azure zone: expected the URI of the zone's own container and a SAS",
            hint="write it as handed out: https://account.blob.core.windows.net/container?sv=…",
        )
    return sas


def _refuse_bad_key(key: str) -> None:
    try:
        b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        raise UsageError("the account's key is not one: expected base64", hint="copy it from Access keys") from None


def _is_true(value: object) -> bool:
    return str(value or "").lower() not in ("", "false", "0", "f")


def _refuse_unknown(options: Options) -> None:
    known = (set(inspect.signature(AzureBlobFileSystem.__init__).parameters) | _OURS) - _NOT_SETTABLE
    for name in options:
        if name not in known and not (name.startswith("exclude_") and name.endswith("_credential")):
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else None
            raise UsageError(f"unknown option of an Azure zone: {name}", hint=hint)
