"""The settings as evidence: everything that was set or stood by default, but for secrets; pure, judges nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AnySet
from datetime import datetime, timedelta
from enum import Enum

from pydantic import BaseModel

from catalog.evidence.rows.values import told_moment
from catalog.ledger.canonical import Plain
from catalog.schedule import format_duration
from catalog.settings.loading import Settings
from catalog.settings.values import Secret
from catalog.store.codec import storable

_MOST = 2**53


def settings_plain(settings: Settings) -> Plain:
    """Return all tables of the settings as plain values.

    Durations are as in the settings (24h, 7d), a secret is `********`, a fraction is text, a key that is not ASCII is
    written with escapes.
    """
    return _plain(settings.document)


def _plain(value: object) -> Plain:
    if isinstance(value, BaseModel):
        return {name: _plain(inner) for name, inner in value}
    if isinstance(value, Mapping):
        return {_key(str(name)): _plain(inner) for name, inner in value.items()}
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, datetime):
        return told_moment(value)
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, bool) or value is None or (isinstance(value, int) and -_MOST < value < _MOST):
        return value
    if isinstance(value, AnySet):
        return sorted((_plain(inner) for inner in value), key=repr)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(inner) for inner in value]
    return str(Secret("")) if isinstance(value, Secret | bytes) else storable(str(value))


def _key(name: str) -> str:
    return name.encode("unicode_escape").decode("ascii")
