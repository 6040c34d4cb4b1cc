"""Write one message of many notices: what a person on a phone understands in ten seconds; sends nothing.

Errors come first, then warnings, what is good again, and what was told before and is still so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from catalog.judging.condition_parts import shown
from catalog.judging.notice_values import Notice
from catalog.notify.plan import Names
from catalog.store.notices import Pending
from verifier.findings import REGISTER, Level

_MOST_BODY, _MOST_LINE, _MOST_ITEMS = 1800, 200, 10
"""Characters of a body and of a line in it, and how many things of a kind are told: services cut off or refuse more."""
_SECTIONS = ("ERRORS", "WARNINGS", "GOOD AGAIN", "STILL OPEN")
_COUNTED = ("error", "warning", "good again", "still open")


@dataclass(frozen=True, slots=True)
class Message:
    """What one channel is sent; `level` is the worst in it, None where all of it is good."""

    title: str
    body: str
    level: Level | None


@dataclass(frozen=True, slots=True)
class _Item:
    """The last word on one thing, what it is about, and what else to know of it."""

    notice: Notice
    label: str
    section: int
    remark: str

    @property
    def order(self) -> tuple[int, str, str, str]:
        return self.section, self.notice.code, self.label, self.notice.about

    def __str__(self) -> str:
        line = f"- {self.label}: {self.notice.message}"
        return f"{line[: _MOST_LINE - 1]}…{self.remark}" if len(line) > _MOST_LINE else f"{line}{self.remark}"


def write(pending: Sequence[Pending], names: Names, run_id: str) -> Message:
    """Return the message of what a channel is still to tell in one run. Raises ValueError where that is nothing."""
    if not pending:
        raise ValueError("expected something to tell, got nothing")
    items = sorted(_items(pending, names, run_id), key=lambda item: item.order)
    foot = f"All of it: landproof check\nTimes are UTC. Run {run_id}"
    most = _MOST_ITEMS
    while len(body := f"{_body(items, most)}\n{foot}") > _MOST_BODY and most > 1:
        most -= 1
    levels = {item.notice.level for item in items if item.notice.is_open}
    level = Level.ERROR if Level.ERROR in levels else Level.WARN if levels else None
    return Message(f"landproof: {_title(items)}", body, level)


def _items(pending: Iterable[Pending], names: Names, run_id: str) -> Iterator[_Item]:
    """Yield the last word on each thing: what turned and turned back before it could be told is told once."""
    by_about: dict[str, list[Pending]] = {}
    for one in pending:
        by_about.setdefault(one.notice.about, []).append(one)
    for several in by_about.values():
        several.sort(key=lambda p: (p.notice.noticed_at, p.notice.notice_id))
        last = several[-1]
        yield _Item(last.notice, _label(last.notice, names), _section(last), _remark(several, run_id))


def _section(one: Pending) -> int:
    if not one.notice.is_open:
        return 2
    return 3 if one.is_reminder else int(one.notice.level is not Level.ERROR)


def _remark(several: Sequence[Pending], run_id: str) -> str:
    """Say what was held back, and what may have been told before."""
    last, noticed = several[-1], shown(several[-1].notice.noticed_at)
    if any(p.is_doubtful for p in several):
        return " (may have been told before)"
    if last.is_reminder:
        return f" (told {noticed[:10]})"
    if not last.notice.is_open and any(p.notice.is_open and not p.is_reminder for p in several):
        return " (that it was not could not be told)"
    return "" if last.notice.run_id == run_id else f" (held back since {noticed})"


def _label(notice: Notice, names: Names) -> str:
    if notice.dataset_id is None:
        return f"zone {notice.zone}" if notice.zone else "landproof"
    place = (notice.zone, notice.dataset_id)
    return names.get(place, "/".join(place))


def _title(items: Sequence[_Item]) -> str:
    parts = []
    for section, word in enumerate(_COUNTED):
        count = sum(1 for item in items if item.section == section)
        if count:
            parts.append(f"{count} {word}{'s' if section < 2 and count > 1 else ''}")
    return ", ".join(parts)


def _body(items: Sequence[_Item], most: int) -> str:
    lines: list[str] = []
    for section, some in groupby(items, key=lambda item: item.section):
        of_section = list(some)
        lines.append(_SECTIONS[section])
        for code, same in groupby(of_section[:most], key=lambda item: item.notice.code):
            lines += map(str, same)
            if section != 2 and code in REGISTER:
                lines.append(f"  > {REGISTER[code].advice}")
        if len(of_section) > most:
            lines.append(f"and {len(of_section) - most} more")
        lines.append("")
    return "\n".join(lines)
