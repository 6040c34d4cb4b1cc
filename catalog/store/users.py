"""Who uses a connection now, so that all can be ended; opens and closes none."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from catalog.store.database import Connection
from verifier.errors import CatalogError

_NOTICED_SECONDS = 0.05


class Users:
    """The connections that are being used; when it is over, none of them goes on."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._connections: set[Connection] = set()
        self._is_over = False

    @contextmanager
    def one(self, connection: Connection) -> Iterator[None]:
        """Be one of them. Raises CatalogError where it is over."""
        with self._changed:
            if self._is_over:
                raise CatalogError("the copy of the catalog is being closed", hint="ask again when it is served again")
            self._connections.add(connection)
        try:
            yield
        finally:
            with self._changed:
                self._connections.discard(connection)
                self._changed.notify_all()

    def end(self, most_seconds: float) -> None:
        """Let nobody begin, interrupt who is at work, and wait so long until they have noticed."""
        until = time.monotonic() + most_seconds
        with self._changed:
            self._is_over = True
            while self._connections and time.monotonic() < until:
                for connection in self._connections:
                    connection.interrupt()  # which ends one statement, not the next
                self._changed.wait(_NOTICED_SECONDS)
