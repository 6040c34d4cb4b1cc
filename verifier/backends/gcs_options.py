"""The options of a Google Cloud Storage zone, by gcsfs's names, checked; not the logging in.

What else gcsfs takes tunes its caches and connections: it is accepted, so that its `storage_options` can be handed over
as they are, and has no effect here.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from verifier.backends.url_rules import split_url
from verifier.errors import UsageError

GOOGLE = "https://storage.googleapis.com"
ACCESS = ("read_only", "read_write", "full_control")

_OURS = {"token", "project", "access", "endpoint_url", "requester_pays", "key", "secret"}
_WITHOUT_EFFECT = {
    "asynchronous", "block_size", "cache_timeout", "check_connection", "consistency", "default_location", "loop",
    "requests_timeout", "secure_serialize", "session_kwargs", "skip_instance_cache", "timeout", "use_listings_cache",
    "version_aware",
}  # fmt: skip
_WITHOUT_HMAC = {"token", "project", "access", "requester_pays"}
_INTERACTIVE = {"browser", "cache"}
_LOGIN_TYPES = {
    "authorized_user", "external_account", "external_account_authorized_user", "impersonated_service_account",
    "service_account",
}  # fmt: skip


class LoginKind(Enum):
    """How one logs in."""

    DEFAULT = "google_default"
    """By what the machine offers: GOOGLE_APPLICATION_CREDENTIALS, gcloud's, a Google machine's own account."""
    CLOUD = "cloud"
    """By the account of the Google machine this is."""
    ANONYMOUS = "anon"
    INFO = "info"
    """By what a credentials file says."""
    TOKEN = "token"
    """By an access token, which cannot be renewed."""


@dataclass(frozen=True, slots=True)
class Login:
    """How to log in, and with what."""

    kind: LoginKind
    info: Mapping[str, object] = field(default_factory=dict, repr=False)
    access_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class HmacKey:
    """A pair of HMAC keys, as Adobe's own connection uses."""

    key: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GcsOptions:
    """What a zone's options say; `access` is None where they do not, `billed_project` where nobody else pays."""

    endpoint: str
    login: Login
    access: str | None = None
    billed_project: str | None = None
    hmac: HmacKey | None = None


def parse_options(options: Mapping[str, object]) -> GcsOptions:
    """Check all options. Raises `UsageError` for one that is not known or not usable; no message shows a value."""
    _refuse_unknown(options)
    access = _text(options, "access")
    if access is not None and access not in ACCESS:
        raise UsageError(f"option access of a GCS zone: expected one of {', '.join(ACCESS)}")
    hmac = _hmac(options)
    return GcsOptions(
        endpoint=_endpoint(options, is_hmac=hmac is not None),
        login=Login(LoginKind.ANONYMOUS) if hmac else _login(options.get("token") or _of_emulator(options)),
        access=access,
        billed_project=_billed_project(options),
        hmac=hmac,
    )


def _refuse_unknown(options: Mapping[str, object]) -> None:
    known = _OURS | _WITHOUT_EFFECT
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1)
            raise UsageError(f"unknown option of a GCS zone: {name}", hint=f"did you mean {near[0]}?" if near else None)


def _text(options: Mapping[str, object], name: str) -> str | None:
    value = options.get(name)
    if value is not None and not (isinstance(value, str) and value):
        raise UsageError(f"option {name} of a GCS zone: expected a text")
    return value


def _endpoint(options: Mapping[str, object], *, is_hmac: bool) -> str:
    """Return the server: the option's, else an emulator's where Google's own variable names one, else Google's."""
    url = _text(options, "endpoint_url")
    if url is None and not is_hmac:
        url = os.environ.get("STORAGE_EMULATOR_HOST")
        url = url if not url or "://" in url else f"http://{url}"
    parts = split_url(url or GOOGLE)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or "@" in parts.netloc:
        raise UsageError("option endpoint_url of a GCS zone: expected the form https://host:port")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _of_emulator(options: Mapping[str, object]) -> str | None:
    """Return the login of an emulator that Google's own variable names: none, as in Google's libraries."""
    return "anon" if os.environ.get("STORAGE_EMULATOR_HOST") and not options.get("endpoint_url") else None


def _hmac(options: Mapping[str, object]) -> HmacKey | None:
    key, secret = _text(options, "key"), _text(options, "secret")
    if key is None and secret is None:
        return None
    if key is None or secret is None:
        raise UsageError("options key and secret of a GCS zone: expected both, for HMAC keys")
    for name in _WITHOUT_HMAC & set(options):
        raise UsageError(f"option {name} of a GCS zone does not go with key and secret", hint="use one or the other")
    return HmacKey(key, secret)


def _billed_project(options: Mapping[str, object]) -> str | None:
    payer, project = options.get("requester_pays", False), _text(options, "project")
    if payer is False:
        return None
    if isinstance(payer, str) and payer:
        return payer
    if payer is not True:
        raise UsageError("option requester_pays of a GCS zone: expected true, false or a project")
    found = project or os.environ.get("GOOGLE_CLOUD_PROJECT")
    if not found:
        raise UsageError("option requester_pays of a GCS zone: no project to bill", hint="set project as well")
    return found


def _login(token: object) -> Login:
    match token:
        case None | "google_default":
            return Login(LoginKind.DEFAULT)
        case "cloud":
            return Login(LoginKind.CLOUD)
        case "anon":
            return Login(LoginKind.ANONYMOUS)
        case Mapping():
            return _login_of_info(token)
        case str() if token in _INTERACTIVE:
            raise UsageError(
                f"option token of a GCS zone: {token} needs a person at a browser",
                hint="run gcloud auth application-default login once, or name a service account's key file",
            )
        case str() if token.lstrip().startswith("{"):
            return _login_of_info(_parsed(token, "its text"))
        case str() if _is_path(token):
            return _login_of_info(_parsed(_read(Path(token).expanduser()), "the file it names"))
        case str() if token.strip():
            return Login(LoginKind.TOKEN, access_token=token.strip())
        case _:
            raise UsageError("option token of a GCS zone: expected a key file, a table, google_default, cloud or anon")


def _is_path(token: str) -> bool:
    return "/" in token or "\\" in token or token.endswith(".json") or Path(token).is_file()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"option token of a GCS zone: the file cannot be read: {type(error).__name__}") from error


def _parsed(text: str, what: str) -> Mapping[str, object]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        # not chained: the parser's own error carries the text
        raise UsageError(f"option token of a GCS zone: {what} is not a JSON object")
    return value


def _login_of_info(info: Mapping[str, object]) -> Login:
    if info.get("type") not in _LOGIN_TYPES:
        expected = ", ".join(sorted(_LOGIN_TYPES))
        raise UsageError(f"option token of a GCS zone: its type is none of {expected}")
    return Login(LoginKind.INFO, info=dict(info))
