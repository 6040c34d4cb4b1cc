"""Tell people what turned in a night: notices first recorded, then sent; judges no export itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from catalog.judging.condition_parts import may_be_told
from catalog.judging.conditions import Night, Noted, conditions
from catalog.judging.notice_values import Notice
from catalog.judging.notices import turns
from catalog.judging.values import Lifetime
from catalog.notify.channels import Send
from catalog.notify.deliver import Journal, Outcome, Post, deliver
from catalog.notify.plan import endpoints, plan, reminders
from catalog.scans.results import ScanResult, Watch
from catalog.settings.loading import Settings
from catalog.store.database import Catalog
from catalog.store.known import known_snapshots
from catalog.store.notices import DeliveryState, Pending, Standing, Watched, notice_row, standing
from catalog.store.said import acceptances_at
from verifier.model import Presence, SnapshotReport

REMEMBERED = timedelta(days=70)
"""How long what only passed, such as a late export, is known to have been told: twice what a check looks back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one night saw: its scan, what judging came to, and findings of other things that were looked at."""

    run_id: str
    tool_version: str
    scan: ScanResult
    watch: Watch
    others: Sequence[Noted] = ()
    looked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Told:
    """What was noticed, and what became of it by channel; `quiet` counts what was noted and is told to nobody."""

    noticed: tuple[Notice, ...]
    quiet: int
    outcomes: tuple[Outcome, ...]

    @property
    def troubles(self) -> tuple[str, ...]:
        """What could not be told, in words for whoever reads the log."""
        failed = [one for one in self.outcomes if one.state is DeliveryState.FAILED]
        return tuple(f"channel {one.channel}: {_counted(one.notices)} not told: {one.trouble}" for one in failed)


def _counted(notices: int) -> str:
    return f"{notices} {'notice' if notices == 1 else 'notices'}"


def tell(catalog: Catalog, settings: Settings, seen: Seen, clock: Callable[[], datetime], send: Send) -> Told:
    """Record what turned since the last night and tell it to the channels of the settings, with what is still due.

    No channel's failure is raised; what failed stays due. Raises `CatalogError` where nothing can be recorded.
    """
    journal = Journal(catalog, seen.run_id, seen.tool_version, clock)
    at = journal.now()
    known = standing(catalog, at - REMEMBERED)
    now = conditions(_night(catalog, settings, seen, known), known.last)
    turned = turns(known.last, now, seen.run_id, at)
    post = Post(endpoints(settings.channels), _names(settings), send)
    keys = {target.key for target in post.targets}
    waiting = [one for one in known.pending if one.channel in keys and not one.is_overtaken]
    due = [Pending(notice, key) for notice, key in plan(turned, post.targets, known.told, post.names)]
    due += [
        Pending(notice, key, is_reminder=True)
        for notice, key in reminders(known.last, now, known.told, post.targets, at)
        if all((notice.notice_id, key) != (one.notice.notice_id, one.channel) for one in waiting)
    ]
    gone = [one for one in known.pending if one not in waiting]
    steps = [*journal.steps(gone, DeliveryState.DROPPED), *journal.steps(due, DeliveryState.DUE)]
    journal.note([notice_row(turn.notice) for turn in turned], steps)
    outcomes = deliver(journal, post, [*waiting, *due])
    heard = tuple(turn.notice for turn in turned if not turn.is_quiet)
    return Told(heard, len(turned) - len(heard), tuple(outcomes))


def _night(catalog: Catalog, settings: Settings, seen: Seen, known: Standing) -> Night:
    watched, at = known.watched, seen.watch.at
    new_zones = frozenset(zone for zone in settings.zones if _is_new(watched.zones.get(zone), watched))
    datasets = [((d.zone, d.id), d.schedule()) for d in settings.datasets]
    return Night(
        at=at,
        datasets=seen.watch.datasets,
        findings=seen.watch.findings,
        zones=seen.scan.zones,
        strays=seen.scan.strays,
        snapshots=_snapshots(catalog, settings, at, known.last),
        looked_at=seen.scan.started_at,
        configured=frozenset(settings.zones),
        ends={key: schedule.ends_at for key, schedule in datasets if schedule and schedule.ends_at},
        lifetimes={n: Lifetime(z.lifetime, z.expiry_warning) for n, z in settings.zones.items() if z.lifetime},
        since=watched.until,
        newcomers=frozenset(
            key for key, _ in datasets if key[0] in new_zones or _is_new(watched.datasets.get(key), watched)
        ),
        new_zones=new_zones,
        others=seen.others,
        looked=seen.looked,
    )


def _is_new(first_seen_at: datetime | None, watched: Watched) -> bool:
    return first_seen_at is None or watched.until is None or first_seen_at > watched.until


def _snapshots(catalog: Catalog, settings: Settings, at: datetime, last: Mapping[str, Notice]) -> list[SnapshotReport]:
    """Return the snapshots that may have to be told of, and the newest of each dataset: of a large zone, a few."""
    accepted, recent, found = acceptances_at(catalog, at), at - REMEMBERED, list[SnapshotReport]()
    for zone in settings.zones:
        reports = known_snapshots(catalog, zone).values()
        newest = {report.id.dataset_id: report.id for report in reports}
        found += [
            accepted.applied(report)
            for report in reports
            if report.id == newest[report.id.dataset_id]
            or (report.presence is Presence.EXPIRED and report.id.export_at >= recent)
            or (report.presence is not Presence.EXPIRED and may_be_told(report))
            or not last.keys().isdisjoint((f"snapshot {report.id}", f"expiring {report.id}"))
        ]
    return found


def _names(settings: Settings) -> dict[tuple[str, str], str]:
    return {(d.zone, d.id): d.name for d in settings.datasets if d.name}
