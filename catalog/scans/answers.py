"""The parts of the document of `scan` that tell of reading again and of costs; the rest is in `catalog.answers`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a look-up, whose documents are beside these, does without all that scanning needs
    from catalog.scans.results import ScanResult
    from catalog.scans.reverify import Reverification

_Object = dict[str, Any]


def reverify_object(chosen: Reverification) -> _Object | None:
    """What was chosen to be read again, of all that stood as recorded; None where nothing was asked for."""
    if not chosen.text:
        return None
    return {
        "asked": chosen.text,
        "files": chosen.files,
        "bytes": chosen.bytes,
        "of_files": chosen.of_files,
        "of_bytes": chosen.of_bytes,
        "runs": chosen.runs,
    }


def estimate_object(scan: ScanResult) -> _Object | None:
    """What a scan would read, in all and zone by zone; None where it was not asked."""
    estimates, with_again = scan.estimates, bool(scan.reverify.text)
    if estimates is None:
        return None
    zones = [
        {
            "zone": one.zone,
            "listed": one.listed,
            "listing_requests": one.listing_requests,
            **asdict(one.reading),
            "files_unchanged": one.unchanged,
            "again": asdict(one.again) if with_again else None,
        }
        for one in estimates
    ]
    return {
        "listed": sum(one.listed for one in estimates),
        "listing_requests": sum(one.listing_requests for one in estimates),
        **asdict(scan.reading),
        "files_unchanged": sum(one.unchanged for one in estimates),
        "again": asdict(scan.again) if with_again else None,
        "zones": zones,
    }
