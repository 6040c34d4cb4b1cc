"""A report as a PDF of A4 pages, with nothing but the fonts that every reader has; counts nothing.

It says what the HTML page says; of calendars by day, only those of datasets where something was not as it should be.
"""

from __future__ import annotations

from collections.abc import Iterable

from catalog.evidence.report import words
from catalog.evidence.report.pdf_annex import draw_calendars, draw_figures, draw_requirements
from catalog.evidence.report.sheet import Column, Sheet
from catalog.evidence.report.values import ExceptionState, Irregularity, Month, Report, RestoreTest
from catalog.evidence.report.words import name_of


def report_pdf(report: Report) -> bytes:
    """Return the document; the same report gives the same bytes, dated at the moment it was judged at."""
    about = report.about
    period = f"{about.period_from:%Y-%m-%d} to {about.period_to:%Y-%m-%d}"
    sheet = Sheet(f"Backup evidence report, {period}", about.judged_at)
    _summary(sheet, report)
    _exceptions(sheet, report)
    _limits(sheet, report)
    _coverage(sheet, report)
    _recovery(sheet, report)
    _retention(sheet, report)
    _looked(sheet, report)
    _restores(sheet, report)
    _controls(sheet, report)
    _zones(sheet, report)
    _decisions(sheet, report)
    draw_requirements(sheet, report)
    draw_calendars(sheet, report)
    draw_figures(sheet, report)
    return bytes(sheet.output())


def _summary(sheet: Sheet, report: Report) -> None:
    about = report.about
    sheet.start_section("Summary")
    sheet.paragraph("Backup evidence report", 16, "B")
    known = f", by what was known at {words.when(about.known_at)}" if about.known_at else ""
    period = f"{words.when(about.period_from)} to {words.when(about.period_to)}"
    sheet.paragraph(f"Exports of {period}, judged as of {words.when(about.judged_at)}{known}")
    sheet.ln(2)
    sheet.paragraph(words.headline(report), 12, "B")
    sheet.ln(2)
    told = [(words.card_text(report, key, whole), report.figure(key).label) for key, whole, _ in words.CARDS]
    half = (len(told) + 1) // 2
    told += [("", "")] * (2 * half - len(told))
    columns = (Column("Number", 1.2, is_number=True), Column("What it is", 4)) * 2
    sheet.rows(columns, ((*a, *b) for a, b in zip(told[:half], told[half:], strict=True)), 9)
    size = "" if about.ledger_size is None else f", {words.number(about.ledger_size)} entries, root {about.ledger_root}"
    named = "all" if about.datasets is None else f"only {', '.join(about.datasets)}"
    rows = (
        ("Datasets", f"{named} ({len(report.datasets)})"),
        ("Record", f"{about.origin or 'no ledger'}{size}"),
        ("Signed", about.signed_by or "by nobody: the checkpoint is unsigned"),
        ("Settings", f"SHA-256 {about.settings_sha256 or words.NONE}"),
        ("Made by", f"landproof {about.tool_version}, from the rows of an evidence bundle"),
        ("Letters", "characters beyond Latin-1 are written as their numbers, such as <U+4E2D>; the HTML page has them"),
    )
    sheet.rows((Column("", 1), Column("", 9)), rows, 8)


def _exceptions(sheet: Sheet, report: Report) -> None:
    sheet.heading("Exceptions")
    is_open = [e.state is ExceptionState.OPEN for e in report.exceptions]
    for title, wanted in (("Open", True), ("Closed, accepted, waived or expected", False)):
        rows = [e for e, one in zip(report.exceptions, is_open, strict=True) if one is wanted]
        sheet.room(25)
        sheet.paragraph(f"{title}: {len(rows)}", 10, "B")
        if rows:
            columns = (
                *(Column("Kind", 1.3), Column("State", 1.1), Column("Dataset", 2.2), Column("About", 3.4)),
                *(Column("What", 2.6), Column("Count", 0.8, is_number=True), Column("First seen", 1.6)),
                *(Column("Last seen", 1.6), Column("Closed", 1.6), Column("How it was closed", 2.8)),
            )
            sheet.rows(columns, map(_exception, rows))


def _exception(one: Irregularity) -> tuple[str, ...]:
    about = f"{one.about} {one.path}" if one.path else one.about
    seen = (words.when(one.first_seen_at), words.when(one.last_seen_at), words.when(one.closed_at))
    told = (one.kind.value, one.state.value, name_of(one), about, one.what, words.number(one.count))
    return (*told, *seen, one.closure or words.NONE)


def _limits(sheet: Sheet, report: Report) -> None:
    sheet.heading("What this does not prove")
    sheet.rows((Column("", 1), Column("", 4)), ((limit.title, limit.text) for limit in report.limits), 8)


def _coverage(sheet: Sheet, report: Report) -> None:
    sheet.heading("Coverage by month")
    sheet.paragraph(
        "On time, good and read in full, of all that was due; ! where that is not all; - where nothing was due."
    )
    months = words.months(report.datasets)
    for start in range(0, len(months), 13):
        part = slice(start, start + 13)
        columns = (Column("Dataset", 3), *(Column(month, 1, is_number=True) for month in months[part]))
        sheet.rows(columns, ((name_of(d), *map(_month, d.calendar[part])) for d in report.datasets))


def _month(month: Month) -> str:
    return f"{month.fine}/{month.slots}{'' if month.fine == month.slots else ' !'}" if month.slots else words.NONE


def _recovery(sheet: Sheet, report: Report) -> None:
    sheet.heading("Recovery points")
    told = [(d, d.recovery) for d in report.datasets if d.recovery is not None]
    if not told:
        sheet.paragraph("No dataset has an objective (recovery_point) in the settings.")
        return
    sheet.paragraph("For how much of the time a complete, verified chain was no older than the objective.")
    numbers = (Column(text, 1, is_number=True) for text in ("Objective", "Met", "Missed for", "Unknown for"))
    sheet.rows(
        (Column("Dataset", 3), *numbers, Column("Worst proven age", 3)),
        (
            (
                *(name_of(d), words.length(r.objective_ms), words.met(r), words.length(r.missed_ms)),
                *(words.length(r.unknown_ms), words.worst(r)),
            )
            for d, r in told
        ),
    )
    odd = [(d, s) for d, r in told for s in r.stretches if s.state != "met"]
    if odd:
        sheet.rows(
            (Column("Dataset", 3), *map(_two, ("State", "From", "To")), Column("Because of", 3), _two("Export due")),
            (
                (
                    *(name_of(d), s.state, words.when(s.starts_at), words.when(s.ends_at)),
                    *(_cause(s.cause, s.snapshot), words.when(s.due_at)),
                )
                for d, s in odd
            ),
        )


def _cause(cause: str | None, snapshot: str | None) -> str:
    return f"{cause or words.NONE}: {snapshot}" if snapshot else cause or words.NONE


def _two(heading: str) -> Column:
    return Column(heading, 1.5)


def _count(heading: str) -> Column:
    return Column(heading, 1, is_number=True)


def _retention(sheet: Sheet, report: Report) -> None:
    sheet.heading("Retention against policy")
    told = [(d, d.retention) for d in report.datasets if d.retention is not None]
    if not told:
        sheet.paragraph("No dataset has a policy (retain) in the settings.")
        return
    sheet.paragraph(words.RETENTION)
    counts = map(_count, ("Keep for", "Needed", "On hold", "Verified of these", "Superseded", "Expired"))
    rows = (
        (
            *(name_of(d), words.length(r.retain_ms)),
            *map(words.number, (r.needed, r.held, r.verified, r.superseded, r.expired)),
            *(words.when(r.oldest_needed_at), r.gone_early or words.NONE),
        )
        for d, r in told
    )
    sheet.rows((Column("Dataset", 3), *counts, _two("Oldest needed"), Column("Gone early", 3)), rows)


def _looked(sheet: Sheet, report: Report) -> None:
    sheet.heading("What was checked, how hard, and when last")
    counts = map(_count, ("Every byte", "Heads and footers", "Names and sizes", "Never in full"))
    moments = (_two("Oldest last full read"), _two("Newest full read"))
    rows = (
        (
            name_of(d),
            *map(words.number, (d.looked.full, d.looked.structure, d.looked.list, d.looked.never_in_full)),
            *map(words.when, (d.looked.oldest_full_read_at, d.looked.newest_full_read_at)),
            "no policy" if d.looked.overdue is None else words.number(d.looked.overdue),
        )
        for d in report.datasets
    )
    sheet.rows((Column("Dataset", 3), *counts, *moments, _count("Overdue")), rows)


def _restores(sheet: Sheet, report: Report) -> None:
    sheet.heading("Restore tests")
    if not report.restore_tests:
        sheet.paragraph("No restore was made or tried in this period.")
        return
    columns = (Column("Kind", 1), Column("Dataset", 2.5), Column("Result", 2.5), _two("Finished"), _count("Took"))
    more = (_two("Back to"), _count("Files"), _count("Size"), _count("Rows"), Column("By", 1.5))
    sheet.rows((*columns, *more), map(_restore, report.restore_tests))


def _restore(test: RestoreTest) -> tuple[str, ...]:
    result = (
        test.state + (", gaps accepted" if test.accepts_gaps else "") + (f": {test.message}" if test.message else "")
    )
    return (
        *(test.kind, name_of(test), result, words.when(test.finished_at), words.length(test.took_ms)),
        *(words.when(test.recovers_to), words.number(test.files), words.size(test.bytes), words.number(test.rows)),
        test.run_by or words.NONE,
    )


def _controls(sheet: Sheet, report: Report) -> None:
    sheet.heading("Tests of our own controls")
    if not report.control_tests:
        sheet.paragraph("No control was tested in this period.")
        return
    columns = (Column("Damage", 2), Column("Had to be found", 2), Column("Was found", 2), _two("Noticed"))
    rows = (
        (t.damage, t.expected, t.found or "nothing", "yes" if t.passed else "NO", t.snapshot, words.when(t.finished_at))
        for t in report.control_tests
    )
    sheet.rows((*columns, Column("Copy of", 3), _two("When")), rows)


def _zones(sheet: Sheet, report: Report) -> None:
    sheet.heading("Looks at the zones")
    counts = (_count("Scans"), _count("Complete"))
    columns = (Column("Zone", 2), *counts, _two("Last complete"), _count("Longest time without"))
    rows = (
        (
            *(z.zone, words.number(z.scans), words.number(z.complete), words.when(z.last_complete_at)),
            *(words.length(z.longest_gap_ms), _listed(z.identities), _listed(z.endpoints)),
        )
        for z in report.zones
    )
    sheet.rows((*columns, Column("Asked as", 2), Column("Asked at", 2)), rows)


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(texts) or words.NONE


def _decisions(sheet: Sheet, report: Report) -> None:
    sheet.heading("Decisions")
    if not report.decisions:
        sheet.paragraph("Nobody decided anything that touches this period.")
        return
    columns = (_two("Kind"), Column("About", 4), Column("Reason", 3), _two("By"), _two("When"), _two("Until"))
    rows = (
        (
            *(d.kind, d.about, d.reason or words.NONE, d.said_by or words.NONE, words.when(d.said_at)),
            *(words.when(d.until), "yes" if d.lifted else "no"),
        )
        for d in report.decisions
    )
    sheet.rows((*columns, _count("Taken back")), rows)
