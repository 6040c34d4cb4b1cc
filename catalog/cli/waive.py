"""`landproof waive`: slots of which nothing is asked for a while, with who said so and why; or that taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated

import typer

from catalog.caller import who
from catalog.cli.options import CatalogPath, Config, Json
from catalog.cli.render import table, text_of
from catalog.cli.sealed import sealed
from catalog.cli.session import Session, open_session
from catalog.moments import parse_period
from catalog.saying import Speaker
from catalog.saying import waive as record_waivers
from catalog.saying_answers import waive_document
from catalog.store.said import Waiver, list_waivers
from catalog.words import plural, shown, when
from catalog.workflow import new_scan_id, tool_version, utc_now
from verifier.errors import UsageError

_DATASET = typer.Argument(metavar="[DATASET]", help="Id, ZONE/ID or name.")
_FROM = typer.Option("--from", metavar="TIME", help="The first slot that is waived, by when it is due.")
_TO = typer.Option("--to", metavar="TIME", help="The last one, included.")
_REASON = typer.Option("--reason", metavar="TEXT", help="Why; recorded, and shown with every slot.")
_LIFT = typer.Option("--lift", help="Take waivers back: all of the dataset, or those that meet the period.")
_LIST = typer.Option("--list", help="List what is waived, of all datasets or of one.")


_Bounds = tuple[datetime | None, datetime | None]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("waive")(waive)


def waive(
    *,
    dataset: Annotated[str | None, _DATASET] = None,
    start: Annotated[str | None, _FROM] = None,
    end: Annotated[str | None, _TO] = None,
    reason: Annotated[str | None, _REASON] = None,
    is_lifted: Annotated[bool, _LIFT] = False,
    wants_list: Annotated[bool, _LIST] = False,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Pause the slots of a dataset, with a reason.

    Nothing is missing or late in the meantime, and nobody is told. It quiets notices and restores nothing: slots stay
    in every report as paused, and a chain through them has gaps. What comes all the same is verified and judged as
    ever.
    """
    session = open_session(config, catalog, wants_json=wants_json)
    period = parse_period(start, end)
    zone, dataset_id = _dataset(session, dataset) if dataset else (None, None)
    if wants_list:
        return _tell(session, list_waivers(session.catalog, zone, dataset_id), "waived")
    if zone is None or dataset_id is None:
        raise UsageError("no dataset named", hint="landproof waive DATASET --from TIME --to TIME --reason TEXT")
    speaker = Speaker(by=who(), at=utc_now(), entry_id=new_scan_id(), tool_version=tool_version())
    if is_lifted:
        standing = list_waivers(session.catalog, zone, dataset_id)
        done = [replace(w, said_by=speaker.by, said_at=speaker.at) for w in standing if _meets(w, period)]
        if not done:
            raise UsageError(f"nothing is waived of {zone}/{dataset_id} then", hint="list all with: waive --list")
    else:
        done = [_waiver((zone, dataset_id), period, reason, speaker)]
    record_waivers(session.catalog, done, speaker, lifted=is_lifted)
    return sealed(session, _tell(session, done, "not waived any more" if is_lifted else "waived"))


def _waiver(dataset: tuple[str, str], period: _Bounds, reason: str | None, speaker: Speaker) -> Waiver:
    first, last = period
    if first is None or last is None or reason is None or not reason.strip():
        raise UsageError("a waiver needs --from, --to and a --reason: it has a beginning, an end and a cause")
    zone, dataset_id = dataset
    return Waiver(
        zone=zone,
        dataset_id=dataset_id,
        starts_at=first,
        ends_at=last,
        reason=reason,
        said_by=speaker.by,
        said_at=speaker.at,
    )


def _meets(waiver: Waiver, period: _Bounds) -> bool:
    first, last = period
    return (last is None or waiver.starts_at <= last) and (first is None or waiver.ends_at >= first)


def _dataset(session: Session, text: str) -> tuple[str, str]:
    zone, dataset_id = session.find_dataset(text)
    known = {(d.zone, d.id) for d in session.settings.datasets}
    if zone is None or (zone, dataset_id) not in known:
        hint = "only what has a schedule can be waived; configured are: " + (
            ", ".join(sorted(d.name or f"{d.zone}/{d.id}" for d in session.settings.datasets)) or "none"
        )
        raise UsageError(f"no dataset {text} in the settings", hint=hint)
    return zone, dataset_id


def _tell(session: Session, listed: Sequence[Waiver], what: str) -> int:
    names = {(d.zone, d.id): d.name for d in session.settings.datasets}
    document = waive_document(listed, what, names)
    rows = [
        (
            shown(w["name"] or f"{w['zone']}/{w['dataset_id']}"),
            when(w["from"]),
            when(w["to"]),
            w["by"],
            shown(w["reason"]),
        )
        for w in document["waivers"]
    ]
    head = f"{plural(len(rows), 'period')} {what}"
    text = text_of(head, *((table(("dataset", "from", "to", "by", "reason"), rows),) if rows else ()))
    session.answer(document, "" if session.wants_json else text)
    return 0
