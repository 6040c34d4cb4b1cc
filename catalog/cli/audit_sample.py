"""`landproof audit sample`: arguments, one reproducible sample, its document or its words."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from catalog.answers import Document
from catalog.cli.audit_asked import judged_at
from catalog.cli.options import CatalogPath, Config, Dataset, Json
from catalog.cli.session import Session, open_session, print_document
from catalog.evidence.asked import Asked
from catalog.evidence.contents import Contents
from catalog.evidence.gather.bundle import gather
from catalog.evidence.sample_answers import Draw, sample_document
from catalog.evidence.sampling import By, draw
from catalog.exit_status import ExitStatus
from catalog.questions.moments import parse_period
from catalog.schedule import shift
from catalog.scratch_folder import scratch_folder
from catalog.workflow import DEFAULT_PERIOD, tool_version
from verifier.errors import CatalogError, UsageError

_SEED = typer.Option("--seed", metavar="TEXT", help="Any text of one line; the same one gives the same sample.")
_COUNT = typer.Option("--count", metavar="N", min=1, max=1_000_000, help="How many rows to take, or of each part.")
_BY = typer.Option("--by", help="Take so many of each status, dataset or zone.")
_BUNDLE = typer.Option("--bundle", metavar="FILE", help="Draw from a bundle's population; no catalog is needed.")
_FROM = typer.Option("--from", metavar="TIME", help="Slots due from here on (default: 35 days before the end).")
_TO = typer.Option("--to", metavar="TIME", help="Slots due up to here (default: now).")
_SCRATCH = typer.Option(
    "--scratch", metavar="DIR", help="Where the population is gathered meanwhile (default: TMPDIR)."
)


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("sample")(sample)


def sample(
    *,
    seed: Annotated[str, _SEED],
    count: Annotated[int, _COUNT],
    by: Annotated[By | None, _BY] = None,
    bundle: Annotated[Path | None, _BUNDLE] = None,
    start: Annotated[str | None, _FROM] = None,
    end: Annotated[str | None, _TO] = None,
    dataset: Dataset = None,
    scratch: Annotated[Path | None, _SCRATCH] = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Draw slots at random, so that anybody can draw the same.

    Each slot's draw is the SHA-256 of the seed, a newline and ZONE/DATASET_ID@DUE_AT; those of the smallest are taken.
    By hand: printf '%s\\n%s' SEED ZONE/DATASET_ID@DUE_AT | sha256sum, for each row of population.csv.
    """
    if bundle and (start or end or dataset or config or catalog):
        raise UsageError("--bundle is the whole population: it goes without period, dataset, --config and --catalog")
    if bundle:
        if not bundle.exists():
            raise UsageError(f"--bundle: there is nothing at {bundle}")
        document = _document(Contents(bundle), str(bundle), _Wish(seed, count, by))
    else:
        session = open_session(config, catalog, wants_json=wants_json)
        with _gathered(session, _asked(session, start, end, dataset), scratch) as contents:
            document = _document(contents, None, _Wish(seed, count, by))
    if wants_json:
        print_document(document)
    else:
        sys.stdout.write(f"{_text(document)}\n")
    # Nothing to draw from is not the same as nothing to be seen.
    return int(ExitStatus.OK if document["population"]["rows"] else ExitStatus.NOT_LOOKED)


@dataclass(frozen=True, slots=True)
class _Wish:
    """How to draw."""

    seed: str
    count: int
    by: By | None


def _document(contents: Contents, source: str | None, wish: _Wish) -> Document:
    strata = draw(contents.population(), wish.seed, wish.count, wish.by)
    return sample_document(
        Draw(seed=wish.seed, count=wish.count, by=wish.by, contents=contents, source=source, strata=strata)
    )


def _asked(session: Session, start: str | None, end: str | None, dataset: str | None) -> Asked:
    first, last = parse_period(start, end)
    at = judged_at(session, last)
    until = last or at
    since = first or shift(at, -DEFAULT_PERIOD)
    if since > at:
        raise UsageError(f"--from {start}: nothing that was due since then is known yet")
    chosen = None
    if dataset:
        zone, dataset_id = session.find_dataset(dataset)
        if zone is None:
            raise UsageError(f"no dataset {dataset}", hint="list what is known with: landproof datasets")
        chosen = ((zone, dataset_id),)
    return Asked(
        since=since,
        until=until,
        judged_at=at,
        tool_version=tool_version(),
        datasets=chosen,
        proved=False,
    )


@contextmanager
def _gathered(session: Session, asked: Asked, scratch: Path | None) -> Iterator[Contents]:
    """Yield the rows that a bundle of the same time would have, in a folder that is removed in the end."""
    if not session.catalog.exists:
        hint = "run a scan first, or name another file with --catalog"
        raise CatalogError(f"catalog {session.catalog.path}: does not exist", hint=hint)
    needed = 2 * session.catalog.file.stat().st_size
    with scratch_folder(scratch or Path(tempfile.gettempdir()), needed) as folder:
        yield gather(session.settings, session.catalog, asked, folder).contents


def _text(document: Document) -> str:
    population, lines = document["population"], list[str]()
    for one in document["sample"]:
        lines.append(f"{one['slot']}  {one['status']}{'' if one['verdict'] is None else ', ' + one['verdict']}")
        lines.append(f"  draw {one['draw']}")
        if one["snapshot"]:
            lines.append(f"  snapshot {one['snapshot']}, {one['depth']}, {one['coverage']}")
        lines += [f"  {_file(file)}" for file in one["files"]]
        lines += [f"  > {step}" for step in one["look_at"]]
    lines += [f"{part['name']}: {part['drawn']} of {part['rows']} drawn" for part in document["strata"]]
    lines.append(f"population: {population['rows']} slots, SHA-256 of population.csv {population['sha256']}")
    lines.append(f"draw: {document['formula']}")
    return "\n".join(lines)


def _file(file: Document) -> str:
    return f"{file['sha256'] or 'never read in full':<64}  {file['size']:>12}  {file['path']}"
