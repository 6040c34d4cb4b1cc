"""Ask the stores of zones by which rules they delete and protect; judges none of them, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass

from catalog.settings.loading import Settings
from catalog.targets import Target, recorded_target
from verifier.backends.base import Ruled
from verifier.backends.registry import open_backend
from verifier.backends.retention import RetentionRules, nothing_told
from verifier.errors import LandproofError
from verifier.zone_model import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRules:
    """What the store of a zone told, or what kept us from asking it."""

    target: Target
    rules: RetentionRules | None = None
    error: Trouble | None = None


def ask_stores(zones: Iterable[str], settings: Settings, known: dict[str, str]) -> list[StoreRules]:
    """Ask the stores of these zones one after the other; `known` maps the catalog's zones to their URLs."""
    return [_ask(recorded_target(zone, settings, known)) for zone in sorted(set(zones))]


def _ask(target: Target) -> StoreRules:
    try:
        with closing(open_backend(target.location)) as backend:
            if isinstance(backend, Ruled):
                return StoreRules(target=target, rules=backend.retention())
    except LandproofError as error:
        return StoreRules(target=target, error=Trouble(kind=error.kind, message=error.message, hint=error.hint))
    message = f"{target.location.url}: a store of kind {target.location.kind} tells nothing of such rules"
    return StoreRules(target=target, rules=nothing_told(target.root, message))
