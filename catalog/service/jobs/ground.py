"""What the commands of jobs stand on: settings and catalog, as words of a command; which commands is not known here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from catalog.service.jobs.values import Order
from catalog.settings.loading import Settings
from catalog.shelving import segments_of
from catalog.store.database import Catalog


@dataclass(frozen=True, slots=True)
class Ground:
    """What jobs stand on: the settings and where they are from, the catalog that commands record in."""

    settings: Settings
    config: Path | None
    catalog: Catalog

    def words(self, order: Order, file: Path) -> list[str]:
        """Return the arguments of a command: its own, and where it finds what the service works with."""
        words = [*order.arguments]
        shared = ["--json", *([f"--out={file}"] if order.file else [])]
        if self.config is not None:
            shared.append(f"--config={self.config.absolute()}")
        if self.catalog.path != self.settings.catalog_path or self.catalog.segments != segments_of(self.settings):
            shared.append(f"--catalog={self.catalog.path.absolute()}")
        at = words.index("--") if "--" in words else len(words)
        return [*words[:at], *shared, *words[at:]]
