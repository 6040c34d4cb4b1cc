"""What Adobe counted in a run against what we counted in its snapshots; each number has a verdict of its own.

Pure. Adobe's numbers are advisory; a number that one of the two does not have is unknown, never different.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from catalog.adobe.model import Run, RunStatus
from catalog.adobe.reconcile_values import Comparison, Equality, Export, FlowScope, Pair, Sight, Stream
from verifier.model import Presence, Verdict

_UNCOUNTED = (Verdict.CORRUPT, Verdict.UNKNOWN, Verdict.UNVERIFIABLE)
_COMPARED = (RunStatus.SUCCESS, RunStatus.PARTIAL)
_WORDS = {
    RunStatus.FAILED: "the run failed",
    RunStatus.IN_PROGRESS: "the run is under way",
    RunStatus.UNKNOWN: "what became of the run is not known",
}

Count = Callable[[Export], int | str]
"""Gives a number of a snapshot, or says why it has none."""


def compare_files(run: Run, pairs: Sequence[Pair], scope: FlowScope) -> Comparison:
    """Compare files; Adobe may count manifests, where these prove that no other file is missing."""
    compared = _sums(run, run.files, pairs, scope, _files)
    exports = [pair.export for pair in pairs if pair.export]
    proven = all(e.has_manifest and e.listed_files == e.data_files for e in exports)
    ours = compared.ours
    if proven and ours is not None and compared.adobe == ours + len(exports) != ours:
        return Comparison(Equality.EQUAL, compared.adobe, ours, "with the manifest")
    return compared


def compare_rows(run: Run, pairs: Sequence[Pair], scope: FlowScope) -> Comparison:
    """Compare rows."""
    return _sums(run, run.rows, pairs, scope, _rows)


def compare_bytes(run: Run, pairs: Sequence[Pair], scope: FlowScope) -> Comparison:
    """Compare bytes: of data files as they are stored, while Adobe's may be before compression."""
    compared = _sums(run, run.bytes, pairs, scope, _bytes)
    if compared.verdict is Equality.DIFFERS:
        return Comparison(compared.verdict, compared.adobe, compared.ours, "Adobe's may be before compression")
    return compared


def entity_rows(run: Run, stream: Stream) -> int | None:
    """Return the rows that a run tells of one dataset, None where it does not name it."""
    own = [e.rows for e in run.entities if e.id.lower() == stream.adobe_id.lower() and e.rows is not None]
    return own[0] if len(own) == 1 else None


def compare_dataset(run: Run, stream: Stream, pair: Pair) -> Comparison | None:
    """Compare the rows of one dataset, None where the run tells none of it."""
    told = entity_rows(run, stream)
    if told is None:
        return None
    return _sums(run, told, [pair], FlowScope(flow_id=""), _rows)


def _sums(run: Run, adobe: int | None, pairs: Sequence[Pair], scope: FlowScope, count: Count) -> Comparison:
    def unknown(reason: str) -> Comparison:
        return Comparison(Equality.UNKNOWN, adobe, None, reason)

    if run.status not in _COMPARED:
        return unknown(_WORDS[run.status])
    if adobe is None:
        return unknown("Adobe gives no number")
    if scope.missing:
        return unknown(scope.missing)
    unseen = next((pair for pair in pairs if pair.state is Sight.UNKNOWN), None)
    if unseen is not None or not pairs:
        return unknown((unseen and unseen.reason) or "none of its datasets is known")
    exports = [pair.export for pair in pairs if pair.export]
    if not exports and adobe:
        return unknown("there is no snapshot")
    numbers = [count(export) for export in exports]
    reason = next((number for number in numbers if isinstance(number, str)), None)
    if reason is not None:
        return unknown(reason)
    ours = sum(number for number in numbers if isinstance(number, int))
    return Comparison(Equality.EQUAL if ours == adobe else Equality.DIFFERS, adobe, ours)


def _files(export: Export) -> int | str:
    return _why_uncounted(export) or export.data_files


def _rows(export: Export) -> int | str:
    if export.verdict in _UNCOUNTED:
        return f"the snapshot is {export.verdict.value}"
    if not export.data_files:
        return _why_uncounted(export) or 0
    return _why_uncounted(export) or ("rows were not counted" if export.rows is None else export.rows)


def _bytes(export: Export) -> int | str:
    return _why_uncounted(export) or ("bytes are not known" if export.data_bytes is None else export.data_bytes)


def _why_uncounted(export: Export) -> str | None:
    """What is arriving is not all there yet; what is gone may have been gone in parts before."""
    if export.verdict is Verdict.ARRIVING:
        return "the snapshot is still arriving"
    return None if export.presence is Presence.PRESENT else f"the snapshot is {export.presence.value}"
