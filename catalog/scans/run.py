"""What the looks of one scan have in common; a value, it does nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from catalog.progress import Progress
from catalog.scans.reverify import NOTHING, Reverification
from catalog.scope import Scope
from catalog.settings.loading import Settings
from catalog.store.database import Catalog
from verifier.engine import Engine
from verifier.model import Depth


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One scan over one or more zones. `clock` gives now, aware, in UTC."""

    scan_id: str
    catalog: Catalog
    settings: Settings
    engine: Engine
    progress: Progress
    clock: Callable[[], datetime]
    tool_version: str
    depth: Depth = Depth.FULL
    scope: Scope = field(default_factory=Scope)
    reverify: Reverification = NOTHING
    settle_minutes: int | None = None
    accepts_vanished: bool = False
