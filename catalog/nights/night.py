"""One night after its scan: ask Adobe, judge, tell people, put the night on record; the scan was made before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from catalog.judging.values import Period
from catalog.ledger_verify import ledger_findings
from catalog.nights.adobe import AdobeNight, ask_adobe, flows_to_watch
from catalog.notify.channels import Send
from catalog.notify.tell import Seen, Told, tell
from catalog.scans.results import ScanResult, Watch
from catalog.schedule import shift
from catalog.segments.names import SegmentKind
from catalog.settings.loading import Settings
from catalog.store.codec import to_stored
from catalog.store.database import Catalog
from catalog.store.entries import Entry
from catalog.store.journal import record
from catalog.workflow import DEFAULT_PERIOD, Question, check, new_scan_id, note, tool_version
from verifier.findings import Level
from verifier.model import Finding
from verifier.verdict import apply_levels


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What a night came to: `scan` is what was seen, `watch` what that comes to, `adobe` None where none is asked."""

    run_id: str
    started_at: datetime
    since: datetime
    scan: ScanResult
    watch: Watch
    adobe: AdobeNight | None
    told: Told

    @property
    def open_findings(self) -> Counter[Level]:
        """How many findings that nobody accepted there are, by level."""
        return Counter(found.level for found in self._findings() if found.accepted is None)

    def _findings(self) -> Iterator[Finding]:
        yield from self.watch.findings
        for judged in self.watch.datasets:
            yield from judged.all_findings
        for zone in self.scan.zones:
            yield from zone.findings
        for noted in self.adobe.noted if self.adobe else ():
            yield noted.finding


@dataclass(frozen=True, slots=True)
class Means:
    """What a night is made with: the moment by `clock`, messages by `send`."""

    clock: Callable[[], datetime]
    send: Send


def watch_over(settings: Settings, catalog: Catalog, scan: ScanResult, run_id: str, means: Means) -> Night:
    """Judge what a scan of all zones saw, and what Adobe says of it, and tell people what turned.

    Adobe is asked first: what it had nothing to export for is not missing. What changed is recorded as known only once
    people were told. Raises `CatalogError`.
    """
    at = means.clock()
    period = Period(shift(at, -DEFAULT_PERIOD), at)
    names = (new_scan_id(), tool_version())
    adobe = ask_adobe(settings, catalog, period, names) if flows_to_watch(settings) else None
    question = Question(period)
    watch = check(settings, catalog, question)
    broken = apply_levels(ledger_findings(settings, catalog), settings.levels)
    watch = replace(watch, findings=(*watch.findings, *broken))
    seen = Seen(
        run_id=run_id,
        tool_version=tool_version(),
        scan=scan,
        watch=watch,
        others=adobe.noted if adobe else (),
        looked=adobe.looked if adobe else frozenset(),
    )
    told = tell(catalog, settings, seen, means.clock, means.send)
    note(settings, catalog, question, watch)
    return Night(
        run_id=run_id,
        started_at=scan.started_at,
        since=period.since,
        scan=scan,
        watch=watch,
        adobe=adobe,
        told=told,
    )


def record_night(catalog: Catalog, night: Night, exit_status: int, finished_at: datetime) -> None:
    """Put on record that a night came to its end, and how, and the flows of Adobe as they were seen in it."""
    counts = night.open_findings
    row = {
        "run_id": night.run_id,
        "started_at": to_stored(night.started_at),
        "finished_at": to_stored(finished_at),
        "exit_status": exit_status,
        "errors": counts[Level.ERROR],
        "warnings": counts[Level.WARN],
        "tool_version": tool_version(),
    }
    flows = night.adobe.flows if night.adobe else ()
    entry = Entry(
        kind=SegmentKind.NIGHT,
        id=night.run_id,
        zone="",
        tool_version=tool_version(),
        written_at=finished_at,
        rows={"night": [row], "flow": flows},
    )
    record(catalog, entry)
