"""Who runs this, and where; not whether that is true: a user may take any name on a machine of their own."""

from __future__ import annotations

import getpass
import os
import socket

RUN_BY = "LANDPROOF_RUN_BY"
"""The variable that names the person for whom a program runs a command, as the service does."""

_MOST_CHARACTERS = 200


def who(asked_by: str | None = None) -> str:
    """Return who asks, as `user@host`; `NAME via user@host` where that runs this for somebody.

    That is `asked_by`, or else who LANDPROOF_RUN_BY names.
    """
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        user = "unknown"
    here = f"{user}@{socket.gethostname()}"
    name = _on_one_line(os.environ.get(RUN_BY, "") if asked_by is None else asked_by)
    return f"{name} via {here}" if name else here


def _on_one_line(name: str) -> str:
    """Keep what can be read of a name: it is recorded, and shown in tables."""
    return "".join(c for c in name if c.isprintable()).strip()[:_MOST_CHARACTERS]
