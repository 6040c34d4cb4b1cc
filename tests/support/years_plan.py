"""The datasets of an invented company: names, places, schedules, sizes and troubles, the same for the same seed.

Not what was recorded of them, which `years_sql` makes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from verifier.model import Column

AREAS = (
    "Web events", "App events", "Orders", "Customer profiles", "Loyalty ledger", "Call centre", "E-mail sends",
    "Consent", "Product catalogue", "Store visits", "Returns", "Search terms", "Media spend", "Push messages",
    "Support tickets", "Subscriptions", "Ad impressions", "Payments", "Identity graph", "Audience membership",
)  # fmt: skip
REGIONS = ("EU", "US", "UK", "DACH", "Nordics", "APAC", "LATAM", "Iberia", "Canada", "Japan")
ZONES = {
    "cja": "s3://acme-cja-exports/prod",
    "lake": "abfss://exports@acmelake.dfs.core.windows.net/aep",
    "partners": "sftp://landproof@sftp.acme.example/exports",
    "landing-zone": "dlz://prod/exports",
    "archive": "s3://acme-archive/landproof",
}
KINDS = {"cja": "s3", "lake": "adls-gen2", "partners": "sftp", "landing-zone": "data-landing-zone", "archive": "s3"}
LIFETIME_DAYS = 7
_COLUMN_SETS = 12
_FIELDS = (
    "_id", "timestamp", "eventType", "identityMap", "web.webPageDetails.URL", "web.webPageDetails.name",
    "web.webReferrer.URL", "device.type", "device.model", "environment.browserDetails.userAgent",
    "placeContext.geo.countryCode", "placeContext.geo.city", "commerce.order.priceTotal", "commerce.order.currencyCode",
    "commerce.purchases.value", "productListItems", "_acme.crm.customerId", "_acme.crm.segment", "_acme.loyalty.tier",
    "_acme.loyalty.points", "_acme.consent.marketing", "_acme.campaign.id", "_acme.campaign.channel",
    "marketing.trackingCode", "search.keywords", "receivedTimestamp", "_experience.analytics.customDimensions.eVars",
    "_experience.analytics.event1to100", "endUserIDs._experience.mcid.id", "application.version",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One export of the company, and how it does; `trouble` is what is the matter with it at the end, if anything.

    `minute_of_day` may be below zero, for what is due on the evening before.
    """

    number: int
    zone: str
    id: str
    name: str
    every_hours: int
    minute_of_day: int
    first_day: int
    flow_day: int
    last_day: int
    mode: str
    format: str
    has_manifest: bool
    rows: int
    growth: float
    weekend: float
    parts: int
    column_set: int
    changes: tuple[int, int, int]
    is_steady: bool
    is_encrypted: bool
    is_sparse: bool
    trouble: str = ""

    def columns(self, version: int) -> tuple[Column, ...]:
        """Return its columns after so many changes of its schema."""
        return columns_of(self.column_set, version)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to make: so many datasets, over so many days up to `now`."""

    now: datetime
    datasets: int = 200
    days: int = 1095
    seed: int = 8
    zones: tuple[str, ...] = ("cja", "lake", "partners", "landing-zone")

    @property
    def begins(self) -> datetime:
        """The midnight on which it all begins."""
        return self.now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=self.days)

    @property
    def moved_minutes(self) -> int:
        """By how much exports are moved so that it is seven o'clock for them, whatever the hour is.

        So what has landed, is late and is still arriving at the end is the same at any hour of a day.
        """
        return self.now.hour * 60 + self.now.minute - 7 * 60

    def all_datasets(self) -> list[Dataset]:
        """Return the datasets, by number."""
        return [_dataset(self, number) for number in range(self.datasets)]


def columns_of(column_set: int, version: int) -> tuple[Column, ...]:
    """Return the columns of a family of schemas after so many changes: two more, then one less, then another type."""
    dice = random.Random(column_set)
    names = [*_FIELDS[:4], *sorted(dice.sample(_FIELDS[4:], 12 + column_set))]
    more = [f"_acme.custom.attribute{n:02}" for n in range(1, 3)] if version > 0 else []
    kept = names[:5] + names[6:] if version > 1 else names
    columns = [Column(name, "timestamp" if name == "timestamp" else "string", name in _FIELDS[:2]) for name in kept]
    columns += [Column(name, "double" if version > 2 else "long", False) for name in more]
    return tuple(columns)


def all_columns() -> Iterator[tuple[int, int, tuple[Column, ...]]]:
    """Yield every column set with its number and version."""
    for column_set in range(_COLUMN_SETS):
        for version in range(4):
            yield column_set, version, columns_of(column_set, version)


# What is the matter with whom in the end, by the last digits of its number: a night as a watch has it, not a bad one.
_TROUBLES = {
    3: "missing", 17: "corrupt", 31: "incomplete", 42: "arriving", 58: "late", 64: "stopped", 77: "unreadable",
    85: "shrunk", 96: "vanished", 103: "missing", 118: "new", 129: "disabled", 144: "corrupt", 150: "ended",
}  # fmt: skip


def _dataset(plan: Plan, number: int) -> Dataset:
    dice = random.Random(f"{plan.seed}/{number}")
    zone = _zone(plan, number)
    hours = 3 if number % 25 == 5 else 168 if number % 10 == 9 else 24
    trouble = _TROUBLES.get(number, "") if hours == 24 or number in (3, 17) else ""
    first = plan.days - 34 if trouble == "new" else dice.randrange(plan.days // 2) if number % 4 == 0 else 0
    first = max(first, plan.days - 400) if hours == 3 else first
    flow = max(first, plan.days - dice.randrange(plan.days // 12 + 8, plan.days // 4 + 40))
    if hours == 168:
        flow += (plan.begins + timedelta(days=flow)).weekday() * -1 % 7
    changes = sorted(dice.sample(range(plan.days // 10, plan.days), 3))
    return Dataset(
        number=number,
        zone=zone,
        id=f"64e0{sha256(f'{plan.seed}/{number}'.encode()).hexdigest()[:20]}",
        name=f"{AREAS[number % 20]} {REGIONS[number // 20 % 10]}" + (f" {number // 200 + 1}" if number >= 200 else ""),
        every_hours=hours,
        minute_of_day=dice.choice((0, 30, 60, 60, 60, 90, 120, 180)) + plan.moved_minutes,
        first_day=first,
        flow_day=flow,
        last_day=plan.days - {"stopped": 6, "ended": 12}.get(trouble, -1),
        mode="full" if hours == 168 or number % 3 == 0 else "full-then-incremental",
        format="json" if number % 5 == 2 else "parquet",
        has_manifest=number % 3 != 1,
        rows=int(10 ** dice.uniform(3.2, 6.4)),
        growth=dice.uniform(-0.05, 0.6),
        weekend=dice.choice((1.0, 0.35, 0.5, 1.4)),
        parts=dice.choice((1, 1, 2, 2, 3, 4)) if hours > 3 else 1,
        column_set=number % _COLUMN_SETS,
        changes=(changes[0], changes[1], changes[2] if number % 7 == 0 else plan.days * 2),
        is_steady=number % 6 != 0,
        is_encrypted=number == 52,
        is_sparse=number % 23 == 8,
        trouble=trouble,
    )


def _zone(plan: Plan, number: int) -> str:
    if len(plan.zones) == 1:
        return plan.zones[0]
    return plan.zones[(0, 1, 0, 1, 0, 2, 0, 3)[number % 8] % len(plan.zones)]


def settings_text(plan: Plan, urls: dict[str, str] | None = None) -> str:
    """Return the settings of all zones and datasets; `urls` of zones that stand elsewhere."""
    where = ZONES | (urls or {})
    used = dict.fromkeys((*plan.zones, *(() if len(plan.zones) == 1 else ("archive",)), *(urls or {})))
    text = '[catalog]\npath = "landproof.duckdb"\n\n'
    for zone in used:
        text += f'[zones.{zone}]\nurl = "{where[zone]}"\n'
        text += '[zones.archive.options]\nregion = "eu-central-1"\n' if zone == "archive" else ""
    return text + "".join(_table(plan, one) for one in plan.all_datasets())


def _table(plan: Plan, one: Dataset) -> str:
    starts = plan.begins + timedelta(days=one.flow_day, minutes=one.minute_of_day)
    lines = [f'zone = "{one.zone}"', f'id = "{one.id}"', f'name = "{one.name}"', f'every = "{one.every_hours}h"']
    lines += [f"starts_at = {starts:%Y-%m-%dT%H:%M:%SZ}".replace("= ", '= "') + '"', f'mode = "{one.mode}"']
    lines += [f'format = "{one.format}"', f"manifest = {str(one.has_manifest).lower()}"]
    lines += ['grace = "2h"'] if one.every_hours == 3 else []
    lines += ["encrypted = true"] if one.is_encrypted else []
    lines += ["enabled = false"] if one.trouble == "disabled" else []
    if one.trouble == "ended":
        lines.append(f'ends_at = "{plan.begins + timedelta(days=one.last_day + 1):%Y-%m-%dT%H:%M:%SZ}"')
    lines += ['recovery_point = "36h"'] if one.number % 4 == 0 else []
    lines += ['drill_every = "90d"', 'retain = "400d"'] if one.number % 10 == 0 else []
    lines += ["min_good_copies = 2"] if one.number in (7, 15, 23) else []
    return "\n[[datasets]]\n" + "\n".join(lines) + "\n"
