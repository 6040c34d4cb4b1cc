"""What the settings in a bundle ask of each dataset, as far as a report holds it against what was; judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from catalog.schedule import parse_duration
from verifier.errors import LandproofError

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The policies of one dataset; lengths in milliseconds, None where nothing is asked."""

    name: str | None = None
    encrypted: bool = False
    recovery_point_ms: int | None = None
    retain_ms: int | None = None
    verify_every_ms: int | None = None
    drill_every_ms: int | None = None


NO_POLICY = Policy()


def policies_of(settings: Mapping[str, Any]) -> dict[tuple[str, str], Policy]:
    """Return the policies of all datasets of the settings, by zone and id."""
    return {(d["zone"], d["id"]): _policy(d) for d in settings.get("datasets", ())}


def _policy(dataset: Mapping[str, Any]) -> Policy:
    lengths = {f"{key}_ms": _milliseconds(dataset, key) for key in _LENGTHS}
    return Policy(name=dataset.get("name"), encrypted=bool(dataset.get("encrypted")), **lengths)


_LENGTHS = ("recovery_point", "retain", "verify_every", "drill_every")


def _milliseconds(dataset: Mapping[str, Any], key: str) -> int | None:
    text = dataset.get(key)
    if text is None:
        return None
    try:
        return parse_duration(str(text)) // _MILLISECOND
    except ValueError as error:
        raise LandproofError(f"bundle: settings.json, {key} of {dataset['id']}: {error}") from None
