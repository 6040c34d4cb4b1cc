"""Takes the memory from processes that read a file, as a limit of the system does; ends none of them."""

from __future__ import annotations

import resource
import threading
from pathlib import Path

from support.processes import readers_of


class Starver:
    """Lets whoever reads a file take so many bytes of address space more and no further; a context manager."""

    def __init__(self, path: Path, spare_bytes: int) -> None:
        self.starved: set[int] = set()
        self._path, self._spare_bytes = path, spare_bytes
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._over = threading.Event()

    def __enter__(self) -> Starver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.01):
            for pid in readers_of(self._path) - self.starved:
                try:
                    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
                    most = pages * resource.getpagesize() + self._spare_bytes
                    resource.prlimit(pid, resource.RLIMIT_AS, (most, most))
                except (OSError, ValueError):
                    continue
                self.starved.add(pid)
