"""How a report writes numbers, lengths, moments and names for people, in every format; lays out nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

from catalog.evidence.report.values import DatasetPart, Figure, Irregularity, Recovery, Report, RestoreTest

NONE = "-"
CARDS: tuple[tuple[str, str | None, bool], ...] = (
    ("slots.proved", "slots.total", False),
    ("exceptions.open", "exceptions.total", True),
    ("slots.missing", None, True),
    ("slots.arrived_late", None, True),
    ("slots.unknown", None, True),
    ("snapshots.corrupt", "snapshots.total", True),
    ("snapshots.incomplete", "snapshots.total", True),
    ("snapshots.vanished", "snapshots.total", True),
    ("snapshots.depth_full", "snapshots.total", False),
    ("files.bytes", None, False),
    ("scans.complete", "scans.total", False),
    ("drills.passed", "drills.total", False),
    ("restores.passed", "restores.total", False),
    ("recovery.always_met", "recovery.datasets", False),
    ("retention.gone_early", None, True),
    ("controls.passed", "controls.total", False),
    ("ledger.without_entry", None, True),
)
"""The figures of the summary, what each is a part of, and whether one above zero is bad."""
RETENTION = (
    "All snapshots, not those of the period alone, as of the moment of judging: what the policy or a chain to what it"
    " keeps needs and what is on hold, how much of that can be restored whole with every byte read, and what is gone."
)
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")
_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000


def visible(text: str) -> str:
    """Return a text with everything that hides, reorders or breaks lines written as its number, such as <U+202E>."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"<U+{ord(c):04X}>" if unicodedata.category(c) in _HIDDEN else c for c in text)


def number(value: int | None) -> str:
    """Write a whole number with its thousands apart."""
    return NONE if value is None else f"{value:,}"


def size(value: int) -> str:
    """Write a size in decimal units, to three digits."""
    amount, unit = float(value), 0
    while amount >= 999.5 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{value} bytes" if unit == 0 else f"{amount:.3g} {_UNITS[unit]}"


def length(ms: int | None) -> str:
    """Write how long something is in its two largest units: 12d 3h, 51h 20m, 4m 10s, 0.35s."""
    if ms is None:
        return NONE
    if ms < _MINUTE:
        return f"{ms / _SECOND:.3g}s" if ms else "0s"
    if ms < _HOUR:
        return _two(ms, (_MINUTE, "m"), (_SECOND, "s"))
    if ms < 4 * _DAY:
        return _two(ms, (_HOUR, "h"), (_MINUTE, "m"))
    return _two(ms, (_DAY, "d"), (_HOUR, "h"))


def _two(ms: int, large: tuple[int, str], small: tuple[int, str]) -> str:
    whole, rest = divmod(ms, large[0])
    part = rest // small[0]
    return f"{whole}{large[1]}" + (f" {part}{small[1]}" if part else "")


def share(part: int, whole: int) -> str:
    """Write a share in percent, rounded down, so that only all of it is 100; of nothing there is none."""
    if whole == 0:
        return NONE
    tenths = part * 1000 // whole
    return "100 %" if part == whole else f"{tenths // 10}.{tenths % 10} %"


def when(at: datetime | None) -> str:
    """Write a moment to the minute, in UTC."""
    return NONE if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M}Z"


def exactly(at: datetime) -> str:
    """Write a moment with all its digits."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def figure_text(figure: Figure) -> str:
    """Write the value of a figure in its unit."""
    if figure.unit == "ms":
        return length(figure.value)
    if figure.unit == "bytes" and figure.value is not None:
        return size(figure.value)
    return number(figure.value)


def card_text(report: Report, key: str, whole: str | None) -> str:
    """Write one figure, with what it is a part of where that is told."""
    told = figure_text(report.figure(key))
    return told if whole is None else f"{told} of {figure_text(report.figure(whole))}"


def name_of(of: DatasetPart | Irregularity | RestoreTest) -> str:
    """Return what a dataset is called: its name where it has one, else zone and id; a zone by its own name."""
    return of.name or (of.zone if of.dataset_id is None else f"{of.zone}/{of.dataset_id}")


def headline(report: Report) -> str:
    """Say in one sentence what the period came to."""
    total, proved = (report.figure(key).value or 0 for key in ("slots.total", "slots.proved"))
    if total == 0:
        return "No export was due in this period."
    told = f"{number(proved)} of {number(total)} exports that were due ({share(proved, total)})"
    return f"{told} came on time, are good, and had every byte read."


def met(recovery: Recovery) -> str:
    """Write for what share of the time an objective was met."""
    return share(recovery.met_ms, recovery.met_ms + recovery.missed_ms + recovery.unknown_ms)


def worst(recovery: Recovery) -> str:
    """Write the greatest proven age of what could be recovered."""
    if recovery.worst_from is None or recovery.worst_to is None:
        return "not known"
    span = f"{when(recovery.worst_from)} to {when(recovery.worst_to)}"
    return f"nothing at all, {span}" if recovery.worst_is_total else f"{length(recovery.worst_ms)}, {span}"


def months(datasets: Sequence[DatasetPart]) -> tuple[str, ...]:
    """Return the months of the period, which all calendars have."""
    return tuple(month.month for month in datasets[0].calendar) if datasets else ()
