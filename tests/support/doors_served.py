"""Serve the small app of `doors` as a process: python -m support.doors_served FOLDER; bounds of time are shorter.

Prints the signal that ended it. What it says goes to stderr.
"""

from __future__ import annotations

import sys
from pathlib import Path

from support.doors import small_app

from catalog.service.access.callers import Access
from catalog.service.serving import connections, running
from catalog.service.serving.binding import Listening
from catalog.settings.loading import Settings
from catalog.workflow import utc_now

HEAD_SECONDS, WHOLE_SECONDS, FETCH_SECONDS, STOP_SECONDS = 1.0, 1.5, 1.5, 2


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main() -> None:
    """Serve until told to end."""
    connections.HEAD_SECONDS, connections.WHOLE_SECONDS = HEAD_SECONDS, WHOLE_SECONDS
    connections.FETCH_SECONDS, running.STOP_SECONDS, running.LAST_SECONDS = FETCH_SECONDS, STOP_SECONDS, 1.0
    access = Access(Settings(), Path(sys.argv[1]), utc_now, _say)
    told = running.run_app(small_app(access), access, Listening("127.0.0.1", 0), _say, _say)
    sys.stdout.write(told.name)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
