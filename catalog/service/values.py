"""Who asks, and what they may do, as values; who that is and whether they may is told by `access`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
