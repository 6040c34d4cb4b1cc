"""What a scan would cost, as text: a row for each zone, what could not be listed, one line of sums."""

from __future__ import annotations

from typing import Any

from catalog.answers import Document
from catalog.cli.render import table, text_of
from catalog.cli.scan_text import reverified, trouble_lines
from catalog.words import number, plural, size

_HEADINGS = ("listed", "list requests", "to read", "size", "read requests", "unchanged", "again", "zone")


def estimate_text(document: Document) -> str:
    """Lay out an estimate for a person."""
    estimate = document["estimate"]
    parts: list[Any] = [table(_HEADINGS, [_row(one) for one in estimate["zones"]], right=range(7)), ""]
    parts += trouble_lines(document)
    again = estimate["again"]
    what = f"would read {plural(estimate['files'], 'file')} ({size(estimate['bytes'])})"
    if again:
        what += f", {number(again['files'])} of them ({size(again['bytes'])}) only to read them again"
    requests = f"{plural(estimate['requests'], 'request')} beside {number(estimate['listing_requests'])} for listing"
    parts.append(f"{what}, with {requests}; {number(estimate['files_unchanged'])} unchanged")
    if document["reverify"]:
        parts.append(reverified(document["reverify"]))
    return text_of(*parts, "nothing was read or recorded: leave out --estimate to scan")


def _row(one: Document) -> tuple[object, ...]:
    again = one["again"]
    return (
        number(one["listed"]),
        number(one["listing_requests"]),
        number(one["files"]),
        size(one["bytes"]),
        number(one["requests"]),
        number(one["files_unchanged"]),
        size(again["bytes"]) if again else "-",
        one["zone"],
    )
