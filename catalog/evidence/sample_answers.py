"""The document of `audit sample`: what was drawn, from what, and what to look at by hand for each; draws nothing."""

from __future__ import annotations

import hashlib
import shlex
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.answers import Document
from catalog.evidence.contents import Contents, Row
from catalog.evidence.sampling import FORMULA, By, Drawn, Stratum

_FILE = ("path", "kind", "size", "sha256", "presence", "last_full_read_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """How a sample was drawn, and from which population; `source` is a bundle's path, None for the catalog."""

    seed: str
    count: int
    by: By | None
    contents: Contents
    source: str | None
    strata: Sequence[Stratum]


def sample_document(draw: Draw) -> Document:
    """Return the document; the files of a row are those recorded of its snapshot."""
    drawn = [(stratum.name, one) for stratum in draw.strata for one in stratum.drawn]
    files = _files_of(draw.contents, {str(one.row["snapshot"]) for _, one in drawn if one.row["snapshot"]})
    said = draw.contents.bundle()
    text = draw.contents.text("population.csv") or ""
    return {
        "schema": "landproof/audit-sample/1",
        "seed": draw.seed,
        "count": draw.count,
        "by": draw.by.value if draw.by else None,
        "formula": FORMULA,
        "population": {
            "source": draw.source or "catalog",
            "rows": sum(stratum.rows for stratum in draw.strata),
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "period_from": said.get("period_from"),
            "period_to": said.get("period_to"),
            "judged_at": said.get("judged_at"),
        },
        "strata": [{"name": one.name, "rows": one.rows, "drawn": len(one.drawn)} for one in draw.strata],
        "sample": [_drawn(part, one, files) for part, one in drawn],
    }


def _drawn(part: str, one: Drawn, files: Mapping[str, list[Row]]) -> Document:
    return {
        "slot": one.name,
        "draw": one.draw,
        "stratum": part,
        **one.row,
        "files": files.get(str(one.row["snapshot"]), []),
        "look_at": _look_at(one.row),
    }


def _look_at(row: Row) -> list[str]:
    """Return what to do by hand: commands, to be held against what the store itself shows."""
    place = shlex.quote(f"{row['zone']}/{row['dataset_id']}")
    if row["snapshot"]:
        snapshot = shlex.quote(str(row["snapshot"]))
        return [
            "list the folder in the store by other means; fetch the files and compare their size and sha256sum",
            f"landproof show {snapshot}",
            f"landproof history {snapshot}",
        ]
    return [
        "list the dataset's folder in the store by other means: no export of this time may be there",
        f"landproof snapshots --dataset {place} --from {row['due_at']} --to {row['deadline']}",
        f"landproof check {shlex.quote(str(row['zone']))} --from {row['due_at']}",
    ]


def _files_of(contents: Contents, snapshots: Collection[str]) -> dict[str, list[Row]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in contents.rows("files") if snapshots else ():
        if row["snapshot"] in snapshots:
            found[row["snapshot"]].append({name: row.get(name) for name in _FILE})
    return found
