"""What all written forms of a plan share: its data files by kind, a head of comments, URLs as others write them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from catalog.restores.plan import PlannedFile, RestorePlan
from verifier.backends.urls import local_path
from verifier.errors import UsageError
from verifier.model import FileKind

_ABFSS = re.compile(r"abfss://([^@/]+)@([^/]+)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Written:
    """A plan as text, and what there is to say beside it."""

    text: str
    notes: tuple[str, ...] = ()


def data_files(plan: RestorePlan, *, parquet: bool) -> list[PlannedFile]:
    """Return the Parquet files, or the JSON files, in the order of the chain."""
    return [f for f in plan.files if f.kind.is_data and (f.kind is FileKind.PARQUET) is parquet]


def head(plan: RestorePlan, mark: str) -> Iterator[str]:
    """Yield lines of comment that say what the plan is."""
    chain, wish = plan.chain, plan.wish
    yield f"{mark} dataset {_plain(wish.zone)}/{_plain(wish.dataset_id)} as of {wish.as_of:%Y-%m-%dT%H:%M:%SZ}"
    if chain.recovers_to is None:
        yield f"{mark} {chain.state.value}: there is no full export to begin with"
        return
    rows = "an unknown number of rows" if chain.rows is None else f"{chain.rows} rows"
    yield f"{mark} {chain.state.value}: recovers to {chain.recovers_to:%Y-%m-%dT%H:%M:%SZ}; {rows} in all its files"
    for gap in chain.gaps:
        yield f"{mark} gap: {gap.reason.value}, due {gap.due_at:%Y-%m-%dT%H:%M:%SZ}"


def place(url: str) -> tuple[str, str]:
    """Return the scheme of a canonical URL and what follows it; of a local one the plain path."""
    scheme, _, rest = url.partition("://")
    return (scheme, local_path(url)) if scheme == "file" else (scheme, rest)


def azure_parts(url: str) -> tuple[str, str, str]:
    """Return container, host and the path with its leading slash of a canonical Azure URL."""
    match = _ABFSS.fullmatch(url)
    if match is None:
        raise UsageError(f"{url}: the container and the account cannot be told from the URL")
    return match[1], match[2], match[3]


def cannot_read(what: str, url: str) -> UsageError:
    """Return the error for a store that some system does not read."""
    hint = "copy the files first, with: landproof restore run DATASET --to FOLDER; then give it: --at FOLDER"
    return UsageError(f"{what} cannot read from {url.partition('://')[0]}:// places", hint=hint)


def root_of(plan: RestorePlan, what: str) -> str:
    """Return the one root of all files. Raises `UsageError` where there are several."""
    roots = sorted({f.root for f in plan.files})
    if len(roots) > 1:
        hint = "copy them with: landproof restore run, or list them with: --format paths"
        raise UsageError(f"{what} copies from one place, and the files lie at {' and '.join(roots)}", hint=hint)
    return roots[0] if roots else ""


def refuse_line_breaks(files: Sequence[PlannedFile]) -> None:
    """Raise `UsageError` where a list of one path a line cannot hold a path."""
    if any(c in f.stored.path for f in files for c in "\n\r"):
        raise UsageError("a path holds a line break, which the list cannot", hint="copy with: landproof restore run")


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
