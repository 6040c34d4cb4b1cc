"""`landproof accept`: a known finding, with who accepted it, why and until when; or that taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated

import typer

from catalog.accepting import Acceptance, Subject
from catalog.caller import who
from catalog.cli.options import CatalogPath, Config, Json, Zone
from catalog.cli.render import table, text_of
from catalog.cli.sealed import sealed
from catalog.cli.session import Session, open_session
from catalog.moments import parse_moment
from catalog.naming import find_snapshot, names_snapshot, unknown
from catalog.saying import Speaker, acceptance_of
from catalog.saying import accept as record_acceptances
from catalog.saying_answers import accept_document
from catalog.settings_values import nearest
from catalog.store.history import path_history
from catalog.store.known import stray_findings
from catalog.store.queries import get_snapshot
from catalog.store.said import list_acceptances
from catalog.words import plural, shown, when
from catalog.workflow import new_scan_id, tool_version, utc_now
from verifier.errors import UsageError
from verifier.findings import REGISTER
from verifier.model import Accepted, Finding, SnapshotReport

_SUBJECT = typer.Argument(metavar="[SNAPSHOT|PATH]", help="ZONE/DATASET_ID/EXPORT_TIME, or a file below its zone.")
_CODE = typer.Option("--code", metavar="CODE", help="The code of the finding; may be given several times.")
_REASON = typer.Option("--reason", metavar="TEXT", help="Why it is accepted; recorded and shown with it.")
_UNTIL = typer.Option("--until", metavar="TIME", help="When that ends (default: never).")
_LIFT = typer.Option("--lift", help="Take it back.")
_LIST = typer.Option("--list", help="List what is accepted.")

Found = tuple[Subject, Sequence[Finding]]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("accept")(accept)


def accept(
    *,
    subject: Annotated[str | None, _SUBJECT] = None,
    codes: Annotated[list[str] | None, _CODE] = None,
    reason: Annotated[str | None, _REASON] = None,
    until: Annotated[str | None, _UNTIL] = None,
    is_lifted: Annotated[bool, _LIFT] = False,
    wants_list: Annotated[bool, _LIST] = False,
    zone: Zone = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Accept a known finding, with a reason and an end.

    It stays in every report and count, and raises no status and no notice any more. What is found otherwise later (at
    another place, of other bytes) is not accepted. A snapshot whose errors are all accepted counts as good, also for a
    restore.
    """
    session = open_session(config, catalog, wants_json=wants_json)
    if wants_list:
        return _tell(session, list_acceptances(session.catalog), "accepted")
    if subject is None or not codes or not (is_lifted or (reason or "").strip()):
        hint = "landproof accept SNAPSHOT --code CODE --reason TEXT, or: landproof accept --list"
        raise UsageError("accepting a finding needs what it is about, its --code and a --reason", hint=hint)
    for code in codes:
        if code not in REGISTER:
            raise UsageError(f"no finding code {code!r}; the nearest known is {nearest(code, REGISTER)!r}")
    said = Accepted(by=who(), at=utc_now(), reason=reason or "taken back", until=_end(until, utc_now()))
    if is_lifted:
        done = _standing(session, subject, codes, said)
    else:
        done = _accepted_now(_find(session, subject, zone), subject, codes, said)
    speaker = Speaker(by=said.by, at=said.at, entry_id=new_scan_id(), tool_version=tool_version())
    record_acceptances(session.catalog, done, speaker, lifted=is_lifted)
    return sealed(session, _tell(session, done, "taken back" if is_lifted else "accepted"))


def _end(until: str | None, now: datetime) -> datetime | None:
    ends_at = parse_moment(until, "--until", is_end=True) if until else None
    if ends_at is not None and ends_at <= now:
        raise UsageError(f"--until {until} is over already")
    return ends_at


def _standing(session: Session, subject: str, codes: Sequence[str], said: Accepted) -> list[Acceptance]:
    """Return what was accepted of a subject, to be taken back: it need not be found any more."""
    listed = list_acceptances(session.catalog)
    met = [a for a in listed if a.code in codes and subject in (a.path, a.snapshot)]
    if not met:
        raise UsageError(f"nothing of {', '.join(codes)} is accepted of {subject}", hint="list all with: accept --list")
    return [replace(a, accepted=said) for a in met]


def _accepted_now(found: Found, subject: str, codes: Sequence[str], said: Accepted) -> list[Acceptance]:
    about, findings = found
    there = {f.code for f in findings}
    if absent := [code for code in codes if code not in there]:
        hint = f"known of it are: {', '.join(sorted(there)) or 'none'}"
        raise UsageError(f"no finding {', '.join(absent)} of {subject} is known", hint=hint)
    return [acceptance_of(about, replace(f, accepted=None), said) for f in findings if f.code in codes]


def _find(session: Session, subject: str, zone: str | None) -> Found:
    """Return what a text names, and what was found of it: a snapshot, a file of one, or a file that is in none."""
    trouble: UsageError = unknown(session, f"snapshot or path {subject}")
    try:
        return _of_snapshot(find_snapshot(session, subject).report)
    except UsageError as error:
        if names_snapshot(subject):
            trouble = error
    revisions = path_history(session.catalog, subject, zone)
    places = {r.snapshot for r in revisions}
    if len({place.zone for place in places}) > 1:
        names = ", ".join(sorted({place.zone for place in places}))
        raise UsageError(f"path {subject} is in several zones", hint=f"say which with --zone: {names}")
    recorded = get_snapshot(session.catalog, revisions[-1].snapshot) if revisions else None
    if recorded:
        about, findings = _of_snapshot(recorded.report)
        return about, [f for f in findings if f.path == subject]
    strays = stray_findings(session.catalog, subject, zone)
    if not strays:
        raise trouble
    if len(strays) > 1:
        hint = f"say which with --zone: {', '.join(sorted(strays))}"
        raise UsageError(f"path {subject} is in several zones", hint=hint)
    name, found = next(iter(strays.items()))
    return (name, None, None), [replace(f, path=subject) for f in found]


def _of_snapshot(report: SnapshotReport) -> Found:
    return (report.id.zone, report.id.dataset_id, report.id.export_time), (*report.findings, *report.file_findings)


def _tell(session: Session, listed: Sequence[Acceptance], what: str) -> int:
    document = accept_document(listed, what)
    rows = [
        (one["code"], shown(one["subject"]), when(one["until"]), shown(one["by"]), shown(one["reason"]))
        for one in document["acceptances"]
    ]
    head = f"{plural(len(rows), 'finding')} {what}"
    text = text_of(head, *((table(("code", "about", "until", "by", "reason"), rows),) if rows else ()))
    session.answer(document, "" if session.wants_json else text)
    return 0
