"""The values settings are made of: secrets, sizes, durations, moments, templates, codes; not the tables they stand in.

Every parser takes what TOML gives and raises ValueError with "expected …, got …".
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, PlainValidator

from catalog.ledger.notes import parse_signer
from catalog.schedule import Hours, parse_cron, parse_duration, parse_every, parse_hours, parse_moment
from verifier.backends.references import Reference
from verifier.errors import UsageError
from verifier.findings import REGISTER, Level
from verifier.layout import compile_layout

_SIZE = re.compile(r"([0-9]{1,15}) ?(B|[kKMGT]B|[KMGT]iB)")
_FACTORS = {"B": 1} | {
    f"{letter}{suffix}": base**power
    for suffix, base in (("B", 1000), ("iB", 1024))
    for power, letter in enumerate("KMGT", start=1)
}
_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\]")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,62}")
_MACRO_REST = re.compile(r"\{[A-Z_]+(?:\([^(){}/]*\))?\}|%[A-Z_]+(?:\([^()%/]*\))?%")


class Secret:
    """A text that shows itself only when asked to; no dataclass, since those are taken apart by who writes values.

    `reference` stands for it where it must not go itself, None for a literal one.
    """

    __slots__ = ("_value", "reference")

    def __init__(self, value: str, reference: Reference | None = None) -> None:
        self._value = value
        self.reference = reference

    def reveal(self) -> str:
        """Return the text itself."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "********"

    __str__ = __repr__


def revealed(value: object) -> object:
    """Return a value of the settings with all secrets in it as texts."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, dict):
        return {name: revealed(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [revealed(inner) for inner in value]
    return value


def shown(value: object) -> str:
    """Return how a message shows a value of the settings: short, and never a secret."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "an array"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str | int | float | Secret) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that looks most like `name`."""
    return difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)[0]


def parse_size(value: object) -> int:
    """Read a size in bytes: a whole number, or a text such as 64MiB or 16MB."""
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    size = int(match[1]) * _FACTORS[match[2].upper().replace("IB", "iB")] if match else value
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise ValueError(f"expected a size above zero such as 64MiB, 16MB or 1048576, got {shown(value)}")
    return size


def _duration(value: object) -> timedelta:
    if not isinstance(value, str):
        raise ValueError(f"expected a duration such as 30m, 24h or 7d, got {shown(value)}")
    return parse_duration(value)


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta():
        raise ValueError("expected a duration above zero, got 0")
    return value


def _moment(value: object) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if not isinstance(value, str):
        raise ValueError(f"expected a time with its offset, such as 2026-01-01T01:00:00Z, got {shown(value)}")
    return parse_moment(value)


def _every(value: str) -> str:
    parse_every(value)
    return value


def _hours(value: object) -> Hours:
    if not isinstance(value, str):
        raise ValueError(f"expected hours of the day in UTC such as 07:00-19:00, got {shown(value)}")
    return parse_hours(value)


def _template(value: str) -> str:
    try:
        compile_layout(value)
    except UsageError as error:
        raise ValueError(f"{error.message}; {error.hint}") from None
    rest = _MACRO_REST.sub("", value)
    if any(sign in rest for sign in "{}%"):
        raise ValueError(f"expected macros such as {{DATASET_ID}} or %DATASET_ID%, in capitals, got {shown(value)}")
    return value


def _code(value: str) -> str:
    if value not in REGISTER:
        raise ValueError(f"unknown finding code {value!r}; the nearest known is {nearest(value, REGISTER)!r}")
    return value


def _level(value: object) -> Level:
    if not isinstance(value, str) or value not in list(Level):
        raise ValueError(f"expected one of {', '.join(Level)}, got {shown(value)}")
    return Level(value)


def _secret(value: object) -> Secret:
    if isinstance(value, str):
        return Secret(value)
    if not isinstance(value, Secret):
        raise ValueError("expected a text, got a value of another type, which is not shown")
    return value


def _private_key(value: Secret) -> Secret:
    if "-----BEGIN PGP PRIVATE KEY BLOCK-----" not in value.reveal():
        raise ValueError("expected an armoured PGP private key, got something else, which is not shown")
    return value


def _signing_key(value: Secret) -> Secret:
    parse_signer(value.reveal())
    return value


def _url(value: str) -> str:
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://[^/@]*:[^/@]+@", value):
        raise ValueError("expected a url without a password, which belongs into the zone's options")
    if not value:
        raise ValueError("expected the url or path of a place, got ''")
    return value


def _segment(value: str) -> str:
    if not value.strip() or "/" in value or not value.isprintable():
        raise ValueError(f"expected a name without '/', not empty, got {shown(value)}")
    return value


def _network(value: object) -> Network:
    try:
        network = ipaddress.ip_network(value) if isinstance(value, str) else None
    except ValueError:
        network = None
    if network is None or not network.prefixlen:
        raise ValueError(f"expected an address or a network such as 127.0.0.1 or 10.1.0.0/16, got {shown(value)}")
    return network


def _host_name(value: str) -> str:
    if not _HOST_NAME.fullmatch(value):
        raise ValueError(f"expected the name of a host without scheme and port, got {shown(value)}")
    return value.lower().rstrip(".")


def _header(value: str) -> str:
    if not _HEADER.fullmatch(value):
        raise ValueError(f"expected the name of a header such as X-Forwarded-User, got {shown(value)}")
    return value


Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Size = Annotated[int, PlainValidator(parse_size)]
Duration = Annotated[timedelta, PlainValidator(_duration)]
PositiveDuration = Annotated[timedelta, PlainValidator(_duration), AfterValidator(_positive)]
Moment = Annotated[datetime, PlainValidator(_moment)]
EveryText = Annotated[str, AfterValidator(_every)]
CronText = Annotated[str, AfterValidator(parse_cron)]
Template = Annotated[str, AfterValidator(_template)]
CodeName = Annotated[str, AfterValidator(_code)]
LevelName = Annotated[Level, PlainValidator(_level)]
HoursText = Annotated[Hours, PlainValidator(_hours)]
SecretText = Annotated[Secret, PlainValidator(_secret)]
PrivateKeyText = Annotated[Secret, PlainValidator(_secret), AfterValidator(_private_key)]
SigningKeyText = Annotated[Secret, PlainValidator(_secret), AfterValidator(_signing_key)]
Url = Annotated[str, AfterValidator(_url)]
PathSegment = Annotated[str, AfterValidator(_segment)]
ProxyNetwork = Annotated[Network, PlainValidator(_network)]
HostName = Annotated[str, AfterValidator(_host_name)]
HeaderName = Annotated[str, AfterValidator(_header)]
