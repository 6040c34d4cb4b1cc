"""Who runs this, and where; not whether that is true: a user may take any name on a machine of their own."""

from __future__ import annotations

import getpass
import socket


def who() -> str:
    """Return who asks, as `user@host`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
