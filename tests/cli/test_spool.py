"""Documents that go through a file come out as they would have gone through memory."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from catalog.cli.scan_text import Gist
from catalog.cli.spool import Spool, indented

_texts = st.text(st.characters(codec=None), max_size=6)
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_documents = st.lists(st.dictionaries(_texts, _values, max_size=4), max_size=5)


def spooled(documents: list[dict[str, Any]]) -> Spool:
    spool = Spool()
    for document in documents:
        spool.add(document)
    return spool


@given(_documents, st.dictionaries(st.text(max_size=4), _values, max_size=3))
def test_a_document_is_laid_out_as_one_from_memory(snapshots: list[dict[str, Any]], others: dict[str, Any]) -> None:
    for around in (lambda inner: inner, lambda inner: {"schema": "x", "scan": inner, "check": others}):
        ours = around({**others, "snapshots": spooled(snapshots), "strays": []})
        theirs = around({**others, "snapshots": snapshots, "strays": []})
        assert "".join(indented(ours)) == json.dumps(theirs, indent=1, ensure_ascii=False)


@given(_documents)
def test_a_spool_can_be_gone_through_again(documents: list[dict[str, Any]]) -> None:
    spool = spooled(documents)
    assert list(spool) == list(spool) == documents


def test_many_documents_are_not_held_in_memory() -> None:
    spool = spooled([{"number": n, "text": "x" * 1000} for n in range(2000)])
    assert spool._file._rolled
    assert [one["number"] for one in spool] == list(range(2000))


def snapshot(number: int, verdict: str, *levels: str) -> dict[str, Any]:
    findings = [{"level": level, "path": None, "code": "x", "message": str(number)} for level in levels]
    return {"id": f"z/a/{number}", "zone": "z", "verdict": verdict, "findings": findings}


def test_of_many_snapshots_the_most_urgent_are_kept_and_the_rest_is_counted() -> None:
    seen = [snapshot(n, "arriving") for n in range(60)]
    seen += [snapshot(n, "good", "info") for n in range(60, 1000)]
    seen += [snapshot(n, "corrupt", "error", "warn", "info") for n in range(1000, 1070)]
    gist = Gist.of(seen)
    assert gist.verdicts == {"arriving": 60, "good": 940, "corrupt": 70}
    assert [row["id"] for *_, row in gist.rows] == [f"z/a/{n}" for n in range(1000, 1040)]
    assert gist.notable == 130
    assert (len(gist.findings), gist.untold) == (100, 40)
    assert {f["level"] for f in gist.findings} == {"error", "warn"}
