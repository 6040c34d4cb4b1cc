"""Logins of the pages, kept in memory: bounded, and gone with the process; whether their token holds is not asked.

Used from the event loop only. A session is kept by the digest of its secret, so that a dump of memory lets nobody in.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

MOST = 10_000
MOST_OF_ONE = 100
"""Of one token: who logs in without end ends logins of their own only."""


@dataclass(frozen=True, slots=True)
class Session:
    """A login: by which token, whom the proxy named then, what its forms must carry, when it ends."""

    token_id: str
    identity: str | None
    csrf: str
    ends_at: datetime


class Sessions:
    """All logins that last; the oldest first, which end first, since all last as long."""

    def __init__(self, lasting: timedelta) -> None:
        self._lasting = lasting
        self._kept: OrderedDict[bytes, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def begin(self, token_id: str, identity: str | None, now: datetime) -> str:
        """Begin a session and return its secret, which is new whatever the browser sent."""
        self._forget_ended(now)
        own = [key for key, one in self._kept.items() if one.token_id == token_id]
        if len(own) >= MOST_OF_ONE:
            del self._kept[own[0]]
        while len(self._kept) >= MOST:
            self._kept.popitem(last=False)
        secret = secrets.token_urlsafe(32)
        self._kept[_key(secret)] = Session(token_id, identity, secrets.token_urlsafe(32), now + self._lasting)
        return secret

    def find(self, secret: str, now: datetime) -> Session | None:
        """Return a session that lasts, None for any other text."""
        found = self._kept.get(_key(secret))
        return found if found is not None and now < found.ends_at else None

    def end(self, secret: str) -> None:
        """End a session; what is none already stays so."""
        self._kept.pop(_key(secret), None)

    def _forget_ended(self, now: datetime) -> None:
        while self._kept and next(iter(self._kept.values())).ends_at <= now:
            self._kept.popitem(last=False)


def _key(secret: str) -> bytes:
    return sha256(secret.encode("utf-8", "surrogateescape")).digest()
