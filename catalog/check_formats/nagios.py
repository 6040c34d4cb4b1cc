"""The document of `check` as a monitoring plugin says it: a line with performance data, then long text; prints nothing.

After the Monitoring Plugins guidelines, which Nagios, Icinga, Naemon, Checkmk and others follow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from catalog.check_formats.parts import Document, all_findings, judged_part, message_of, open_ones, visible
from catalog.exit_status import ExitStatus
from verifier.model import export_moment

LONGEST = 8000
"""Bytes in all: Nagios keeps 8192."""
_LONGEST_LINE = 6000
_LONGEST_SUMMARY = 400
_WORDS = {
    ExitStatus.OK: "OK",
    ExitStatus.WARNINGS: "WARNING",
    ExitStatus.ERRORS: "CRITICAL",
    ExitStatus.NOT_LOOKED: "UNKNOWN",
}


def nagios_status(status: int) -> int:
    """Return what a plugin may exit with: 0 to 3 as they are, which mean the same; anything else is 3, unknown."""
    return status if 0 <= status <= 3 else 3


def nagios_error_line(message: str) -> str:
    """Return what to print where nothing could be judged at all."""
    return f"LANDPROOF UNKNOWN - {_cut(_plain(message), _LONGEST_SUMMARY)}\n"


def nagios_line(document: Document, status: ExitStatus) -> str:
    """Return the output of a plugin for a document of `check` or `nightly`; its exit status is `nagios_status`.

    The first line ends with performance data: slots by status, failing datasets, open errors and warnings, and of each
    dataset the age of its newest good export in seconds, U where none is known. Then each open error and warning.
    """
    judged = judged_part(document)
    bad = open_ones(all_findings(document), "error", "warn")
    bad.sort(key=lambda one: one.finding["level"] != "error")
    word = _WORDS.get(status, "UNKNOWN")
    head = f"LANDPROOF {word} - {_cut(_summary(judged), _LONGEST_SUMMARY)} |"
    line = head
    values = _counts(judged, [one.finding["level"] for one in bad]) + _ages(judged)
    for number, value in enumerate(values):
        if _size(line) + 1 + _size(value) > _LONGEST_LINE:
            lines = [line, f"performance data of {len(values) - number} more datasets is left out"]
            break
        line = f"{line} {value}"
    else:
        lines = [line]
    told = [
        _plain(f"{f['level']} {f['code']}: {one.subject}: {_path(f)}{message_of(f)}")
        for one in bad
        if (f := one.finding)
    ]
    return _bounded(lines, told)


def _summary(judged: Document) -> str:
    datasets = judged["datasets"]
    statuses = Counter(dataset["status"] for dataset in datasets)
    not_ok = [f"{statuses[word]} {word}" for word in ("failing", "unknown", "degraded") if statuses[word]]
    slots = [f"{n} {status.replace('_', ' ')}" for status, n in judged["counts"].items() if n and status in _TOLD]
    first = [str(d["name"] or d["dataset_id"]) for d in datasets if d["status"] in ("failing", "unknown")]
    names = f" ({', '.join(first[:3])}{', …' if len(first) > 3 else ''})" if first else ""
    count = f"{len(datasets)} dataset{'' if len(datasets) == 1 else 's'}"
    parts = [count + (f": {', '.join(not_ok)}{names}" if not_ok else " ok"), *slots]
    return _plain("; ".join(parts))


_TOLD = ("on_time", "arrived_late", "missing", "unknown")


def _counts(judged: Document, levels: Sequence[str]) -> list[str]:
    counts, datasets = judged["counts"], judged["datasets"]
    slots = sum(counts.values())
    failing = sum(dataset["status"] == "failing" for dataset in datasets)
    return [
        f"'slots on time'={counts['on_time']};;;0;{slots}",
        f"'slots late'={counts['arrived_late']};0;;0;{slots}",
        f"'slots missing'={counts['missing']};;0;0;{slots}",
        f"'slots unknown'={counts['unknown']};;;0;{slots}",
        f"'datasets failing'={failing};;0;0;{len(datasets)}",
        f"'errors'={levels.count('error')};;0;0",
        f"'warnings'={levels.count('warn')};0;;0",
    ]


def _ages(judged: Document) -> list[str]:
    at = datetime.fromisoformat(judged["at"])
    names = Counter(dataset["name"] for dataset in judged["datasets"])
    ages = []
    for dataset in judged["datasets"]:
        place = f"{dataset['zone']}/{dataset['dataset_id']}"
        label = dataset["name"] if dataset["name"] and names[dataset["name"]] == 1 else place
        newest = newest_good(dataset)
        age = "U" if newest is None else f"{max(0, int((at - newest).total_seconds()))}s"
        ages.append(f"{_label(f'age {label}')}={age};;;0")
    return ages


def newest_good(dataset: Document) -> datetime | None:
    """Return the export time of the newest good or allowed empty snapshot in a slot of a dataset of the document."""
    good = [
        slot["snapshot"].rpartition("/")[2]
        for slot in dataset["slots"]
        if slot["snapshot"]
        and slot["verdict"] in ("good", "empty")
        and not any(f["code"] == "snapshot.empty" and not f.get("accepted") for f in slot["findings"])
    ]
    return max(map(export_moment, good), default=None)


def _label(text: str) -> str:
    """Return a label: quotes and the equals sign, which some readers stumble over, are none."""
    return f"'{_plain(text).replace(chr(39), '_').replace('=', '_')}'"


def _path(finding: Document) -> str:
    return f"{finding['path']}: " if finding.get("path") else ""


def _plain(text: str) -> str:
    return visible(text).replace("|", "\\x7c")


def _size(text: str) -> int:
    return len(text.encode("utf-8"))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _bounded(lines: list[str], told: Iterable[str]) -> str:
    """Add as many lines as there is room for, and say how many are left out."""
    rest = list(told)
    room = LONGEST - sum(_size(line) + 1 for line in lines) - 40
    while rest and (room := room - _size(rest[0][:_LONGEST_SUMMARY]) - 1) >= 0:
        lines.append(_cut(rest.pop(0), _LONGEST_SUMMARY))
    if rest:
        lines.append(f"and {len(rest)} more")
    return "\n".join(lines) + "\n"
