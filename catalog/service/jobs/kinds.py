"""Which commands people can have run, with which options, by which role; runs none.

A closed table: nothing of a request becomes a word of a command but values that are known or were parsed here. None of
them names a place, a file or a program.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from catalog.questions.inquiry import Inquiry
from catalog.questions.moments import parse_moment, parse_period
from catalog.questions.naming import find_snapshot
from catalog.scans.reverify import parse_reverify
from catalog.service.jobs.asked import (
    Asked,
    BundleAsked,
    CatalogAsked,
    CheckAsked,
    DrillAsked,
    JobAsked,
    LedgerAsked,
    PeriodAsked,
    PlanAsked,
    ReportAsked,
    SampleAsked,
    ScanAsked,
    SelftestAsked,
)
from catalog.service.jobs.values import Order
from catalog.service.values import Role
from catalog.store.known import known_zones
from catalog.store.queries import dataset_names
from verifier.errors import UnknownError, UsageError


@dataclass(frozen=True, slots=True)
class Kind:
    """A command of the table: who may have it run, whether it records, and how a request becomes an order."""

    role: Role
    order: Callable[[Inquiry, Any], Order]
    records: bool = True


def order_of(inquiry: Inquiry, asked: Asked) -> Order:
    """Return what a request comes to. Raises `UsageError` for what is not known or cannot be read."""
    return KINDS[asked.command].order(inquiry, asked)


def _scan(inquiry: Inquiry, asked: ScanAsked) -> Order:
    zone = None if asked.zone is None else _zone(inquiry, asked.zone)
    places = {zone} if zone else set()
    words = [_option("depth", asked.depth.value)]
    if asked.dataset:
        of_zone, dataset_id = _dataset(inquiry, asked.dataset, zone)
        places.add(of_zone)
        words.append(_option("dataset", f"{of_zone}/{dataset_id}"))
    if asked.snapshot:
        wanted = find_snapshot(inquiry, asked.snapshot).report.id
        places.add(wanted.zone)
        words.append(_option("snapshot", str(wanted)))
    if len(places) > 1:
        raise UsageError(f"what is named is in several zones: {', '.join(sorted(places))}")
    if asked.reverify:
        parse_reverify(asked.reverify, asked.depth)
        words.append(_option("reverify", asked.reverify))
    words += ["--estimate"] * asked.estimate + ["--accept-vanished"] * asked.accept_vanished
    return _made(asked, ["scan", *words, *_places([zone])], places or set(inquiry.settings.zones))


def _check(inquiry: Inquiry, asked: CheckAsked) -> Order:
    zone = None if asked.zone is None else _zone(inquiry, asked.zone)
    return _made(asked, ["check", *_places([zone])], (), "check")


def _drill(inquiry: Inquiry, asked: DrillAsked) -> Order:
    zone, dataset_id = _dataset(inquiry, asked.dataset)
    words = ["drill", *_moment(asked.as_of), _option("depth", asked.depth.value)]
    words += ["--accept-gaps"] * asked.accept_gaps
    return _made(asked, [*words, *_places([f"{zone}/{dataset_id}"])], [zone])


def _plan(inquiry: Inquiry, asked: PlanAsked) -> Order:
    zone, dataset_id = _dataset(inquiry, asked.dataset)
    words = ["restore", "plan", *_moment(asked.as_of), _option("depth", asked.depth.value), "--accept-gaps"]
    words.append(_option("reason", asked.reason))
    return _made(asked, [*words, *_places([f"{zone}/{dataset_id}"])])


def _selftest(inquiry: Inquiry, asked: SelftestAsked) -> Order:
    words, zones = ["audit", "selftest"], set(inquiry.settings.zones)
    if asked.dataset:
        zone, dataset_id = _dataset(inquiry, asked.dataset)
        words, zones = [*words, _option("dataset", f"{zone}/{dataset_id}")], {zone}
    return _made(asked, words, zones)


def _report(inquiry: Inquiry, asked: ReportAsked) -> Order:
    words = ["audit", "report", *_period(inquiry, asked), _option("format", asked.format)]
    return _made(asked, words, (), asked.command, file=f"landproof-report-{_days(asked)}.{asked.format}")


def _bundle(inquiry: Inquiry, asked: BundleAsked) -> Order:
    words = ["audit", "bundle", *_period(inquiry, asked)]
    return _made(asked, words, (), asked.command, file=f"landproof-evidence-{_days(asked)}.zip")


def _sample(inquiry: Inquiry, asked: SampleAsked) -> Order:
    parse_period(asked.start, asked.end, ("from", "to"))
    words = ["audit", "sample", _option("seed", asked.seed), _option("count", str(asked.count))]
    chosen = {"by": asked.by and asked.by.value, "from": asked.start, "to": asked.end}
    words += [_option(name, value) for name, value in chosen.items() if value]
    if asked.dataset:
        words.append(_option("dataset", "/".join(_dataset(inquiry, asked.dataset))))
    return _made(asked, words)


def _plain(_: Inquiry, asked: LedgerAsked | CatalogAsked) -> Order:
    return _made(asked, asked.command.split(), (), asked.command)


KINDS: dict[str, Kind] = {
    "scan": Kind(Role.OPERATOR, _scan),
    "check": Kind(Role.OPERATOR, _check),
    "drill": Kind(Role.OPERATOR, _drill),
    "restore plan": Kind(Role.OPERATOR, _plan),
    "audit selftest": Kind(Role.OPERATOR, _selftest),
    "audit report": Kind(Role.AUDITOR, _report, records=False),
    "audit bundle": Kind(Role.AUDITOR, _bundle, records=False),
    "audit sample": Kind(Role.AUDITOR, _sample, records=False),
    "ledger verify": Kind(Role.AUDITOR, _plain, records=False),
    "catalog verify": Kind(Role.AUDITOR, _plain, records=False),
}
"""Every command that the service runs."""


def _made(
    asked: JobAsked, words: Iterable[str], zones: Iterable[str] = (), *locks: str, file: str | None = None
) -> Order:
    options = asked.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    command = options.pop("command")
    kept = {f"zone {zone}" for zone in zones} | set(locks)
    return Order(
        command=command,
        options=options,
        arguments=tuple(words),
        records=KINDS[command].records and not options.get("estimate"),
        locks=frozenset(kept),
        file=file,
    )


def _option(name: str, value: str) -> str:
    """One word, so that no value is ever taken for an option."""
    return f"--{name}={value}"


def _places(places: Iterable[str | None]) -> list[str]:
    """Return what stands for itself, behind the mark after which nothing is an option."""
    named = [place for place in places if place is not None]
    return ["--", *named] if named else []


def _moment(text: str | None) -> list[str]:
    if text is None:
        return []
    parse_moment(text, "as_of", is_end=True)
    return [_option("as-of", text)]


def _zone(inquiry: Inquiry, text: str) -> str:
    if text not in inquiry.settings.zones:
        names = ", ".join(sorted(inquiry.settings.zones)) or "none"
        raise UnknownError(f"no zone named {text} in the settings", hint=f"the zones are: {names}")
    return text


def _dataset(inquiry: Inquiry, text: str, zone: str | None = None) -> tuple[str, str]:
    """Return zone and id of a dataset that settings or catalog know; what is merely written like one is none."""
    found = inquiry.known_dataset(text, [zone] if zone else [])
    known = {(d.zone, d.id) for d in inquiry.settings.datasets}
    if found not in known and inquiry.catalog.exists:
        known |= {(place, dataset_id) for place, dataset_id, _ in dataset_names(inquiry.catalog)}
    if found not in known:
        raise UnknownError(
            f"no dataset {text} in {inquiry.catalog}", hint="list what is known with: landproof datasets"
        )
    return found


def _period(inquiry: Inquiry, asked: PeriodAsked) -> list[str]:
    parse_period(asked.start, asked.end, ("from", "to"))
    words = [_option("from", asked.start), _option("to", asked.end)]
    if asked.zone is not None:
        if asked.zone not in known_zones(inquiry.catalog):
            _zone(inquiry, asked.zone)
        words.append(_option("zone", asked.zone))
    found = [_dataset(inquiry, text, asked.zone) for text in asked.dataset]
    return words + [_option("dataset", f"{zone}/{dataset_id}") for zone, dataset_id in found]


def _days(asked: PeriodAsked) -> str:
    return "-".join(re.sub(r"[^0-9A-Za-z]+", "", text)[:16] for text in (asked.start, asked.end))
