"""How Adobe logs in at each kind of destination: the names and forms of what it takes; not the values."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from catalog.adobe.kinds import KINDS

_ANYTHING = re.compile(r"(?s).+")


@dataclass(frozen=True, slots=True)
class LoginSpec:
    """One way to log in: its name at Adobe, the form of each parameter, and those that may be left out."""

    kind: str
    name: str
    params: Mapping[str, re.Pattern[str]]
    optional: frozenset[str] = frozenset()

    @property
    def needed(self) -> frozenset[str]:
        """The parameters that must be there."""
        return frozenset(self.params) - self.optional


def _like(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_SERVER = {"domain": _ANYTHING, "username": _ANYTHING, "port": _like(r"[0-9]{1,5}")}

_SPECS = (
    LoginSpec("s3", "Access Key", {"s3AccessKey": _like(r"[A-Z2-7]{20}"), "s3SecretKey": _like(r"[A-Za-z0-9/+]{40}")}),
    LoginSpec("s3", "Assumed Role", {"s3Role": _like(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/.+")}),
    LoginSpec(
        "azure-blob",
        "ConnectionString",
        {"connectionString": _like(r"(?s)(?=.*AccountName=.).*(?:AccountKey|SharedAccessSignature)=.+")},
    ),
    LoginSpec(
        "adls-gen2",
        "Azure Service Principal Auth",
        {
            "url": _like(r"abfss://[^@/]+@[^@/]+.*"),
            "tenant": _ANYTHING,
            "servicePrincipalId": _ANYTHING,
            "servicePrincipalKey": _ANYTHING,
        },
    ),
    LoginSpec(
        "gcs",
        "Google Cloud Storage authentication credentials",
        {"accessKeyId": _like(r".{61}"), "secretAccessKey": _like(r"[A-Za-z0-9+/=]{40}")},
    ),
    LoginSpec("sftp", "SFTP with Password", {**_SERVER, "password": _ANYTHING}, frozenset({"port"})),
    LoginSpec("sftp", "SFTP with SSH Key", {**_SERVER, "sshKey": _ANYTHING}, frozenset({"port"})),
)


def choose_login(kind: str, given: Collection[str]) -> LoginSpec | None:
    """Return the login that takes what is given, None for a kind that needs none.

    Raises ValueError with what was expected and got.
    """
    specs = [spec for spec in _SPECS if spec.kind == kind]
    if not specs:
        if given:
            raise ValueError(f"expected nothing, since a {KINDS[kind].words} needs no login, got {_listed(given)}")
        return None
    for spec in specs:
        if spec.needed <= set(given) <= set(spec.params):
            return spec
    ways = " or ".join(_listed(spec.params, spec.optional) for spec in specs)
    raise ValueError(f"expected {ways}, got {_listed(given) or 'nothing'}")


def form_mistake(spec: LoginSpec, name: str, value: str) -> str | None:
    """Return what is wrong with the form of a value, which is not told; None where nothing is."""
    if not spec.params[name].fullmatch(value):
        return f"{name}: not of the form that Adobe takes"
    return f"{name}: {why}" if name == "sshKey" and (why := _no_base64(value, "the private key")) else None


def key_mistake(value: str) -> str | None:
    """Return what is wrong with a public key to encrypt with; None where nothing is."""
    why = _no_base64(value, "the public key")
    if why is None and b"PRIVATE KEY" in base64.b64decode("".join(value.split())):
        return "encryption_key: a private key, which nobody may have but you"
    return f"encryption_key: {why}" if why else None


def _no_base64(value: str, what: str) -> str | None:
    try:
        base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return f"expected {what} in Base64, as `base64 -w0 FILE` writes it"
    return None


def _listed(names: Collection[str], optional: Collection[str] = ()) -> str:
    return ", ".join(f"[{name}]" if name in optional else name for name in names)
