"""Nights of which a test says what they saw, told for real: to a catalog, by Apprise; asserts nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.nights import QUICK, Ticking

from catalog.judging.values import DatasetJudgement, Slot, SlotStatus
from catalog.notify.channels import Send, sender
from catalog.notify.tell import Seen, Told, tell
from catalog.scans.results import ScanResult, Watch
from catalog.settings.loading import Settings, load_settings
from catalog.store.database import Catalog
from verifier.model import Depth, finding
from verifier.zone_model import Counts, Trouble, ZoneReport

DUE = datetime(2026, 9, 20, 1, tzinfo=UTC)
AT = DUE + timedelta(hours=4)
IDS = {"web": "64e0a1fa00000001", "profiles": "64e0be7a00000002", "orders": "64e0c0de00000003"}
_NAMES = {"web": "Web events", "profiles": "Profiles", "orders": "Orders"}
_GRACE = timedelta(hours=3)


class Teller:
    """A watch over three datasets of the zone cja with one slot each; its channels are tables of the settings."""

    def __init__(self, folder: Path, channels: str | None = None, *, night: int = 0) -> None:
        self.config = folder / "landproof.toml"
        self.catalog = Catalog(folder / "landproof.duckdb")
        self.number, self.at = night, AT + night * timedelta(days=1)
        self.send = sender(QUICK)
        if channels is not None:
            self.channels(channels)
            with self.catalog.write():
                """Made by the first look at a zone otherwise."""

    def channels(self, *tables: str) -> None:
        """Write the settings with other channels."""
        datasets = "".join(f'[[datasets]]\nzone = "cja"\nid = "{IDS[k]}"\nname = "{_NAMES[k]}"\n' for k in IDS)
        zone = '[zones.cja]\nurl = "/nowhere"\n'
        self.config.write_text("\n".join((zone, datasets, *tables)), encoding="utf-8")

    @property
    def settings(self) -> Settings:
        """The settings as they are written now."""
        return load_settings(self.config, {})

    def night(
        self,
        slots: Mapping[str, str],
        *,
        after: timedelta = timedelta(days=1),
        unread: bool = False,
        send: Send | None = None,
    ) -> Told:
        """Tell what a night saw: the slot of each dataset missing, late or good; others are not known."""
        at, run_id = self.at, f"run-{self.number}"
        self.at, self.number = self.at + after, self.number + 1
        trouble = Trouble(kind="unreachable", message="no route to it") if unread else None
        scan = ScanResult(
            scan_id=run_id,
            tool_version="0.1.0",
            depth=Depth.FULL,
            started_at=at,
            finished_at=at,
            zones=(ZoneReport(zone="cja", url="file:///nowhere", complete=not unread, error=trouble),),
            counts=Counts(),
            strays=(),
        )
        judged = tuple(_judged(key, slots.get(key, "unknown")) for key in IDS)
        seen = Seen(run_id=run_id, tool_version="0.1.0", scan=scan, watch=Watch(at, judged, ()))
        return tell(self.catalog, self.settings, seen, Ticking(at), send or self.send)

    def rows(self, table: str) -> list[dict[str, object]]:
        """Return all rows of a table by their columns."""
        with self.catalog.read() as connection:
            found = connection.execute(f"FROM {table}")
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def steps(self) -> list[tuple[str, ...]]:
        """Return the channel and state of every recorded step, in order."""
        with self.catalog.read() as connection:
            rows = connection.execute("SELECT channel, state FROM delivery ORDER BY happened_at, channel").fetchall()
        return [tuple(row) for row in rows]


def _judged(key: str, how: str) -> DatasetJudgement:
    statuses = {"missing": SlotStatus.MISSING, "late": SlotStatus.ARRIVED_LATE, "good": SlotStatus.ON_TIME}
    codes = {"missing": "schedule.missing", "late": "schedule.late"}
    landed_at = {"late": DUE + 2 * _GRACE, "good": DUE + _GRACE / 2}.get(how)
    findings = (finding(codes[how], "as it says"),) if how in codes else ()
    status = statuses.get(how, SlotStatus.UNKNOWN)
    slot = Slot(DUE, DUE + _GRACE, status, landed_at=landed_at, findings=findings)
    return DatasetJudgement(zone="cja", dataset_id=IDS[key], name=_NAMES[key], slots=(slot,), findings=())
