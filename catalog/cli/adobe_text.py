"""What Adobe says, as text: datasets, dataflows and runs, as somebody reads them who is on call."""

from __future__ import annotations

from datetime import datetime

from catalog.answers import Document
from catalog.cli.render import table, text_of
from catalog.words import number, plural, seconds, shown, size, when

_MOST_DATASETS = 2
_SOON_DAYS = 60
_MOST_OF_A_MESSAGE = 300


def datasets_text(document: Document) -> str:
    """Lay out datasets, one a row, marked where they are watched."""
    datasets, counts = document["datasets"], document["counts"]
    if not datasets:
        return text_of("no datasets")
    rows = [("yes" if d["watched"] else "-", d["id"], d["name"], ", ".join(d["zones"]) or None) for d in datasets]
    sums = f"{plural(counts['datasets'], 'dataset')} in sandbox {document['sandbox']}, {counts['watched']} watched"
    return text_of(table(("watched", "id", "dataset", "zones"), rows), "", sums)


def flows_text(document: Document, now: datetime) -> str:
    """Lay out dataflows, one a row, and what could not be seen of them."""
    flows = document["flows"]
    if not flows:
        return text_of(f"no dataflow exports datasets in sandbox {document['sandbox']}")
    headings = ("state", "last run", "started", "exports", "ends", "dataflow", "datasets", "to")
    rows = [
        (
            f["state"],
            f["last_run"]["status"] if f["last_run"] else None,
            when(f["last_run"]["started_at"]) if f["last_run"] else None,
            f["cadence"],
            _ends(f["ends_at"], now),
            _name(f, flows),
            _datasets(f["datasets"]),
            f["url"] or f["kind"],
        )
        for f in flows
    ]
    troubles = [shown(f"{f['name'] or f['id']}: {f['trouble']}") for f in flows if f["trouble"]]
    told = ["", *troubles] if troubles else []
    return text_of(table(headings, rows), *told, "", plural(len(flows), "dataflow"))


def runs_text(document: Document, saved: str | None) -> str:
    """Lay out runs, one a row, each with what Adobe says went wrong in it below."""
    flow, runs = document["flow"], document["runs"]
    head = shown(f"dataflow {flow['name'] or flow['id']} ({flow['id']}), {flow['state'] or 'state not told'}")
    where = [f"all runs as Adobe tells them: {saved}"] if saved else []
    if not runs:
        return text_of(head, "no runs yet: a new dataflow is not ready for about ten minutes", *where)
    headings = ("status", "started", "took", "rows", "files", "bytes", "run")
    rows = [
        (
            r["status"],
            when(r["started_at"]),
            "-" if r["seconds"] is None else seconds(r["seconds"]),
            number(r["rows"]),
            number(r["files"]),
            size(r["bytes"]),
            r["id"],
        )
        for r in runs
    ]
    errors = [_error(run, one) for run in runs for one in (*run["errors"], *run["skipped"])]
    return text_of(head, "", table(headings, rows, right=(2, 3, 4, 5)), *(["", *errors] if errors else []), *where)


def _error(run: Document, error: Document) -> str:
    words = " ".join(part for part in (error["code"], error["message"][:_MOST_OF_A_MESSAGE]) if part)
    count = f" ({plural(error['count'], 'row')})" if error["count"] else ""
    return shown(f"{when(run['started_at'])}  {words or 'an error without words'}{count}")


def _name(flow: Document, flows: list[Document]) -> str:
    """Write the name of a dataflow, and its id where the name alone would not find it."""
    name: str = flow["name"]
    is_unique = name and sum(f["name"] == name for f in flows) == 1
    return name if is_unique else f"{name} ({flow['id']})".lstrip()


def _datasets(datasets: list[Document]) -> str:
    names = [d["name"] or d["id"] for d in datasets]
    more = len(names) - _MOST_DATASETS
    return ", ".join([*names[:_MOST_DATASETS], *([f"and {more} more"] if more > 0 else [])]) or "-"


def _ends(text: str | None, now: datetime) -> str:
    """Write when a schedule ends, and in how many days where that is soon."""
    if text is None:
        return "not told"
    days = (datetime.fromisoformat(text) - now).total_seconds() / 86_400
    if days < 0:
        return f"{text[:10]}, over"
    return f"{text[:10]}, in {plural(int(days), 'day')}" if days <= _SOON_DAYS else text[:10]
