"""Nights as the watch has them, one after the other at moments of the test's choosing; asserts nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from catalog.judging.values import Period
from catalog.notify.channels import Patience, Send, sender
from catalog.notify.tell import Seen, Told, tell
from catalog.progress import Silence
from catalog.scans.run import Run
from catalog.settings.loading import Settings, load_settings
from catalog.shelving import segments_of
from catalog.store.database import Catalog
from catalog.targets import find_targets
from catalog.workflow import DEFAULT_PERIOD, Question, Scan, check
from verifier.engine import Engine

QUICK = Patience(seconds=10, retries=1, pause_seconds=0.01)


@dataclass(slots=True)
class Ticking:
    """A clock that begins at a moment and goes on by a millisecond whenever somebody looks."""

    at: datetime

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


@dataclass(slots=True)
class Watcher:
    """The watch over what one settings file has."""

    config: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    send: Send = field(default_factory=lambda: sender(QUICK))
    told: list[Told] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """The settings as they are written now."""
        return load_settings(self.config, self.environment)

    @property
    def catalog(self) -> Catalog:
        """The catalog of the settings."""
        settings = self.settings
        return Catalog(settings.catalog_path, segments=segments_of(settings, None))

    def night(self, at: datetime) -> Told:
        """Scan every zone, judge every schedule and tell what turned, as of a moment."""
        settings, catalog, clock = self.settings, self.catalog, Ticking(at)
        run_id = f"{at:%Y%m%dT%H%M}"
        with Engine(0) as engine:
            run = Run(
                scan_id=run_id,
                catalog=catalog,
                settings=settings,
                engine=engine,
                progress=Silence(),
                clock=clock,
                tool_version="0.1.0",
            )
            scan = Scan(run, find_targets([], settings, {}), started_at=clock())
            for _ in scan.snapshots():
                """Judged and recorded one by one."""
            result = scan.result()
        now = clock()
        watch = check(settings, catalog, Question(Period(now - DEFAULT_PERIOD, now), records=True))
        seen = Seen(run_id=run_id, tool_version="0.1.0", scan=result, watch=watch)
        told = tell(catalog, settings, seen, clock, self.send)
        self.told.append(told)
        return told
