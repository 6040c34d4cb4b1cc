"""What findings come to: levels as the settings want them, long lists folded, one verdict; finds nothing itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from verifier.findings import REGISTER, Effect, Level
from verifier.model import Finding, Verdict

MOST_OF_A_CODE = 20
"""Findings of one code that are reported one by one; the last says how many it stands for."""

_EFFECTS = (
    (Effect.CORRUPT, Verdict.CORRUPT),
    (Effect.INCOMPLETE, Verdict.INCOMPLETE),
    (Effect.UNKNOWN, Verdict.UNKNOWN),
    (Effect.UNVERIFIABLE, Verdict.UNVERIFIABLE),
)


_BLIND = (Effect.UNKNOWN, Effect.UNVERIFIABLE)
"""The effects of what could not be looked at, or into."""


def apply_levels(findings: Iterable[Finding], levels: Mapping[str, Level]) -> tuple[Finding, ...]:
    """Give findings the levels that the settings want for their codes.

    An error made a warning or less changes no verdict any more. A warning made an error does: as its register row says,
    or else incomplete for what concerns whole snapshots and manifests, corrupt for what concerns files.
    """
    return tuple(_relevel(f, levels[f.code]) if f.code in levels else f for f in findings)


def _relevel(finding: Finding, level: Level) -> Finding:
    row = REGISTER[finding.code]
    if level is not Level.ERROR:
        keeps = row.level is not Level.ERROR
        return replace(finding, level=level, effect=finding.effect if keeps else Effect.NONE)
    effect = finding.effect if finding.effect is not Effect.NONE else row.effect
    if effect is Effect.NONE and finding.code != "snapshot.empty":
        effect = Effect.INCOMPLETE if row.family in ("snapshot", "manifest") else Effect.CORRUPT
    return replace(finding, level=level, effect=effect)


def fold(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Keep the first findings of each code; the last one kept counts for all that follow.

    Of one code, those of another level or effect are counted apart, so that an error never hides behind warnings.
    """
    kept: list[Finding] = []
    seen: Counter[tuple[str, Level, Effect]] = Counter()
    last: dict[tuple[str, Level, Effect], int] = {}
    for one in findings:
        alike = (one.code, one.level, one.effect)
        seen[alike] += 1
        if seen[alike] <= MOST_OF_A_CODE:
            last[alike] = len(kept)
            kept.append(one)
        else:
            index = last[alike]
            kept[index] = replace(kept[index], count=kept[index].count + one.count)
    return tuple(kept)


def verdict_of(findings: Sequence[Finding], *, settled: bool, checked: int, files: int, rows: int | None) -> Verdict:
    """Return the first verdict that applies, in the order of `Verdict`; nothing checked is never good.

    A finding below error takes effect only where its code is one that says "cannot be judged" (encrypted, unsupported),
    one that was accepted takes none, unless it says that nobody could look: that makes nothing good.
    """
    if not settled:
        return Verdict.ARRIVING
    taking = (f for f in findings if f.level is Level.ERROR or f.effect is Effect.UNVERIFIABLE)
    effects = {f.effect for f in taking if f.accepted is None or f.effect in _BLIND}
    for effect, verdict in _EFFECTS:
        if effect in effects:
            return verdict
    if checked < files or files == 0:
        return Verdict.UNKNOWN
    return Verdict.EMPTY if rows == 0 else Verdict.GOOD
