"""What a flow's schedule means to us: the promise it makes, its one wording, and whether Adobe offers such a thing.

Pure. Reading Adobe's JSON is the business of `parse`, judging what came of a promise that of `catalog.judging.slots`.
"""

from __future__ import annotations

from catalog.adobe.model import FlowSchedule
from catalog.adobe.told import quoted
from catalog.schedule import Once, Schedule
from verifier.layout import DEFAULT_TEMPLATE

_HOURS = (3, 6, 8, 9, 12, 24)
"""Adobe's pages say 8, its API says 9; a day may be told in hours."""
_OFFERED = "once, every day, or every 3, 6, 8, 9 or 12 hours"


def schedule_of(flow: FlowSchedule) -> Schedule | None:
    """Return what a flow promises, with the usual grace; None where Adobe does not tell enough."""
    cadence = flow.cadence()
    if cadence is None:
        return None
    # An end at or before the start means that nothing is ever due; of a single export it says nothing.
    return Schedule(cadence, None if isinstance(cadence, Once) else flow.end_at)


def schedule_text(flow: FlowSchedule) -> str:
    """Return the canonical text of how often and in which way a flow exports, its end left out; equal texts, equal."""
    cadence = flow.cadence()
    often = str(cadence) if cadence else f"{flow.interval} {quoted(flow.unit or 'no unit')}, no start"
    way = flow.mode or (quoted(flow.export_mode) if flow.export_mode else "mode not told")
    return f"{often}, {way}"


def oddity(flow: FlowSchedule) -> str | None:
    """Return what of unit, interval and mode Adobe does not offer together, None where it does or does not tell them.

    Full exports are made once only; increments come every day or every so many hours.
    """
    if flow.unit is None or flow.interval is None:
        return None
    got = f"{flow.interval} {quoted(flow.unit)}"
    if flow.export_mode is not None and flow.mode is None:
        return f"the export mode {quoted(flow.export_mode)} is not known"
    if flow.mode == "full":
        return None if (flow.unit, flow.interval) == ("day", 0) else f"full exports every {got}: Adobe makes one only"
    offered = {"day": (1,) if flow.mode else (0, 1), "hour": _HOURS}.get(flow.unit, ())
    return None if flow.interval in offered else f"exports every {got}: Adobe offers {_OFFERED}"


def template_of(flow: FlowSchedule) -> str:
    """Return the folder template of a flow in one spelling, the default one where it has none."""
    return same_spelling(flow.template or DEFAULT_TEMPLATE)


def same_spelling(template: str) -> str:
    """Return a template in Adobe's spelling, without slashes around it: equal texts, equal folders."""
    return template.strip("/").replace("{", "%").replace("}", "%")
