"""`landproof check`: judge the schedules against the catalog; the document or its words, its exit status."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from catalog.answers import Document
from catalog.check_formats.junit import junit_text
from catalog.check_formats.nagios import nagios_error_line, nagios_line, nagios_status
from catalog.check_formats.sarif import sarif_document
from catalog.cli.options import AsKnownAt, CatalogPath, Config, FailOn, Json, parse_fail_on
from catalog.cli.render import findings_text, table, text_of
from catalog.cli.sealed import sealed
from catalog.cli.session import final_status, open_session
from catalog.exit_status import ExitStatus, Judgement
from catalog.questions.judgements import CheckQuestion
from catalog.questions.judgements import check as judge
from catalog.questions.moments import parse_known_at
from catalog.whole_file import write_report
from catalog.words import when
from verifier.errors import LandproofError

_AT = typer.Option(
    "--at",
    metavar="TIME",
    help="Judge as of this moment, with all that is known today (default: now, or --as-known-at).",
)
_FROM = typer.Option("--from", metavar="TIME", help="Judge slots due from here on (default: 35 days before).")


_JUNIT = typer.Option("--junit", metavar="FILE", help="Write a JUnit report, too.")
_SARIF = typer.Option("--sarif", metavar="FILE", help="Write a SARIF 2.1.0 report, too.")
_NAGIOS = typer.Option("--nagios", help="Answer as a monitoring plugin does, with performance data.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    *,
    zones: Annotated[list[str] | None, typer.Argument(metavar="ZONE", help="Only these zones.")] = None,
    at: Annotated[str | None, _AT] = None,
    start: Annotated[str | None, _FROM] = None,
    junit: Annotated[Path | None, _JUNIT] = None,
    sarif: Annotated[Path | None, _SARIF] = None,
    wants_nagios: Annotated[bool, _NAGIOS] = False,
    as_known_at: AsKnownAt = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
    fail_on: FailOn = "warn",
) -> int:
    """Judge schedules: what is missing, late or bad, by the catalog.

    Nothing is read from the zone. An export is missing only where a complete listing begun after its deadline lacks it.
    """
    fails_on_warnings = parse_fail_on(fail_on)
    known_at = parse_known_at(as_known_at)
    reports = _Reports(junit, sarif)
    try:
        session = open_session(config, catalog, wants_json=wants_json, known_at=known_at)
        records = at is None and known_at is None
        asked = CheckQuestion(zones=zones or (), at=at, start=start, records=records)
        watch, document = judge(session, asked)
        judgement = Judgement(session.settings)
        judgement.watch(watch)
        final = final_status(judgement.status, fails_on_warnings=fails_on_warnings)
        final = sealed(session, final) if records else final
        reports.write(document)
    except LandproofError as error:
        if not wants_nagios:
            raise
        sys.stdout.write(nagios_error_line(error.message))
        return nagios_status(error.exit_status)
    if wants_nagios:
        sys.stdout.write(nagios_line(document, ExitStatus(final)))
    else:
        session.answer(document, "" if wants_json else check_text(document))
    return final


@dataclass(frozen=True, slots=True)
class _Reports:
    """The reports that are wanted beside the answer, for the tools that read them."""

    junit: Path | None
    sarif: Path | None

    def write(self, document: Document) -> None:
        """Write them. Raises `UsageError` where one cannot be written."""
        if self.junit:
            write_report(self.junit, junit_text(document))
        if self.sarif:
            write_report(self.sarif, json.dumps(sarif_document(document), ensure_ascii=False, indent=1) + "\n")


def check_text(document: Document, *, with_content: bool = True) -> str:
    """Lay out what became of every dataset, the slots that are not as they should be, and every finding.

    Without content, findings that a scan has told of are left out.
    """
    parts: list[Any] = [_datasets_table(document), ""]
    odd = [(d, s) for d in document["datasets"] for s in d["slots"] if _is_odd(s)]
    if odd:
        parts += [_slots_table(odd), ""]
    told = findings_text(_findings(document, with_content=with_content))
    if told:
        parts += [*told, ""]
    counts = ", ".join(f"{n} {status.replace('_', ' ')}" for status, n in document["counts"].items() if n)
    parts.append(f"as of {when(document['at'])}: {counts or 'no slots'}")
    return text_of(*parts)


def _datasets_table(document: Document) -> Any:
    headings = ("status", "on time", "late", "missing", "unknown", "newest good", "next due", "dataset")
    rows = []
    for dataset in document["datasets"]:
        statuses = [s["status"] for s in dataset["slots"]]
        good = [s["due_at"] for s in dataset["slots"] if s["verdict"] in ("good", "empty")]
        ahead = [s["due_at"] for s in dataset["slots"] if s["status"] == "not_due"]
        rows.append(
            (
                dataset["status"],
                *(statuses.count(word) for word in ("on_time", "arrived_late", "missing", "unknown")),
                when(max(good, default=None)),
                when(min(ahead, default=None)),
                _name(dataset),
            )
        )
    return table(headings, rows, right=(1, 2, 3, 4))


def _slots_table(slots: Iterable[tuple[Document, Document]]) -> Any:
    headings = ("slot", "verdict", "due", "landed", "dataset", "snapshot")
    return table(
        headings,
        [
            (s["status"], s["verdict"], when(s["due_at"]), when(s["landed_at"]), _name(d), s["snapshot"])
            for d, s in slots
        ],
    )


def _findings(document: Document, *, with_content: bool) -> list[Document]:
    findings = list(document["findings"])
    for dataset in document["datasets"]:
        name = _name(dataset)
        findings += [f | {"subject": name} for f in dataset["findings"]]
        findings += [f | {"subject": _subject(name, s, f)} for s in dataset["slots"] for f in s["findings"]]
    return [f for f in findings if with_content or f["code"].startswith(("schedule.", "dataset.", "zone.", "copy."))]


def _subject(name: str, slot: Document, finding: Document) -> str:
    """Name the dataset, and the snapshot too where neither path nor message tells which one it is about."""
    told = finding["path"] or finding["code"].startswith("schedule.") or not slot["snapshot"]
    return name if told else f"{name} {slot['snapshot']}"


def _is_odd(slot: Document) -> bool:
    if slot["status"] in ("on_time", "not_due"):
        return slot["verdict"] not in (None, "good", "empty")
    return True


def _name(dataset: Document) -> str:
    return str(dataset["name"] or f"{dataset['zone']}/{dataset['dataset_id']}")
