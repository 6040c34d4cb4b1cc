"""Who asks, what they may do, and what a running service is made of; nothing here answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.settings.loading import Settings
from catalog.store.database import Catalog

if TYPE_CHECKING:
    from catalog.service.access.callers import Access
    from catalog.service.current.copy import Current
    from catalog.service.jobs.runner import Jobs


class Role(StrEnum):
    """What a caller may do; each may do what those before it may."""

    VIEWER = "viewer"
    AUDITOR = "auditor"
    OPERATOR = "operator"

    def covers(self, other: Role) -> bool:
        """Tell whether this role may do what another one may."""
        ladder = list(Role)
        return ladder.index(self) >= ladder.index(other)


class Way(StrEnum):
    """How a caller is known: by a token, by a session of the pages, by a proxy that vouches, or not at all."""

    TOKEN = "token"
    SESSION = "session"
    PROXY = "proxy"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `csrf` is what their forms must carry, None where a browser sends nothing by itself."""

    name: str
    role: Role
    way: Way
    csrf: str | None = None

    @property
    def may_change(self) -> bool:
        """Whether anything may be changed or recorded for them; never for somebody nobody knows."""
        return self.way is not Way.OPEN


@dataclass(frozen=True, slots=True)
class Service:
    """One running service. `catalog` is the catalog itself, for what records; answers come from `current`."""

    settings: Settings
    config: Path | None
    catalog: Catalog
    current: Current
    access: Access
    jobs: Jobs
    clock: Callable[[], datetime]
