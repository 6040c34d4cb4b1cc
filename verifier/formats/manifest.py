"""Adobe's export manifests: read one and say what is wrong with it by itself.

Comparing it with the files that are there is the business of `verifier.promises`. Shape (Adobe's published sample):
flowRunId, scheduledTime, exportResults[] of sinkPath, name and size in bytes.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from verifier.formats.json_tally import Tally
from verifier.layout import parse_manifest_name
from verifier.model import Finding, finding

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file a manifest promises; size in bytes."""

    sink_path: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one manifest says, without the entries that must not be followed.

    `is_whole` is False where an entry could not be understood, so that the files it meant are not known.
    """

    run_id: str | None
    scheduled_at: datetime | None
    entries: tuple[Entry, ...]
    is_whole: bool = True


def parse_manifest(data: bytes, path: str) -> tuple[Manifest | None, tuple[Finding, ...]]:
    """Read a manifest's bytes; every mistake is a finding with its path.

    Returns None where nothing can be taken from it. A wrong entry is left out of `entries` and found.
    """
    try:
        document = json.loads(data.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        what = "UTF-8" if isinstance(error, UnicodeDecodeError) else "JSON"
        return None, (_invalid(path, f"the manifest is not {what}", expected=what),)
    if not isinstance(document, dict):
        return None, (_invalid(path, "the manifest is not an object", expected="an object", actual=_kind(document)),)
    run_id, scheduled, results = (document.get(k) for k in ("flowRunId", "scheduledTime", "exportResults"))
    scheduled_at = _moment(scheduled)
    found = []
    if not isinstance(run_id, str) or not run_id:
        found.append(_invalid(path, "flowRunId is not text", expected="text", actual=_kind(run_id)))
    elif _is_unprintable(run_id):
        found.append(_invalid(path, "flowRunId has control characters"))
        run_id = None
    if scheduled_at is None:
        found.append(_invalid(path, "scheduledTime is not a UTC time", expected="a UTC time", actual=_kind(scheduled)))
    if not isinstance(results, list):
        found.append(_invalid(path, "exportResults is not an array", expected="an array", actual=_kind(results)))
    found.extend(_run_id_findings(run_id, path))
    if not isinstance(results, list):
        return None, tuple(found)
    entries = _entries(results, path, found)
    is_whole = not any(_entry_mistake(result) for result in results)
    return Manifest(run_id if isinstance(run_id, str) else None, scheduled_at, entries, is_whole), tuple(found)


def _entries(results: list[object], path: str, found: list[Finding]) -> tuple[Entry, ...]:
    """Take the entries that are sound; add findings, of bounded number, for the others."""
    entries: list[Entry] = []
    tally = Tally()
    for index, result in enumerate(results):
        wrong = _entry_mistake(result)
        if wrong:
            tally.add("manifest.invalid", f"entry {index}: {wrong}", {"entry": index})
            continue
        assert isinstance(result, dict)
        entry = Entry(result["sinkPath"], result["name"], result["size"])
        danger = _danger(entry)
        if danger:
            message = f"entry {index} points outside its folder: {danger}; it was not followed"
            tally.add("manifest.unsafe-path", message, {"entry": index})
            continue
        entries.append(entry)
    twice = Counter((e.sink_path.rstrip("/"), e.name) for e in entries)
    for (_, name), times in twice.items():
        if times > 1:
            message = f"{name} is listed {times} times"
            tally.add("manifest.duplicate-entry", message, {}, expected="1", actual=str(times))
    found.extend(made.at(path) for made in tally.findings)
    return tuple(dict.fromkeys(entries))


def _entry_mistake(result: object) -> str | None:
    if not isinstance(result, dict):
        return f"expected an object, got {_kind(result)}"
    wrong = [f"{key} is {_kind(result.get(key))}, not text" for key in ("sinkPath", "name") if not _text(result, key)]
    size = result.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        wrong.append(f"size is {_kind(size)}, not a whole number of bytes")
    return ", ".join(wrong) or None


def _text(result: dict[str, object], key: str) -> bool:
    value = result.get(key)
    return isinstance(value, str) and (bool(value) or key == "sinkPath")


def _danger(entry: Entry) -> str | None:
    """Tell why an entry must not be followed, if so. The sink path itself is absolute at Adobe."""
    for what, text in (("sinkPath", entry.sink_path), ("name", entry.name)):
        if _is_unprintable(text):
            return f"{what} has control characters"
        if ".." in text.replace("\\", "/").split("/"):
            return f"{what} climbs with .."
    return "name is absolute" if entry.name.startswith(("/", "\\")) else None


def _run_id_findings(run_id: object, path: str) -> list[Finding]:
    named = parse_manifest_name(path.rsplit("/", 1)[-1])
    if named is None:
        return [finding("layout.odd-file-name", "the manifest's name is not in Adobe's grammar", path=path)]
    if isinstance(run_id, str) and run_id and run_id.lower() != named.lower():
        message = "the run id in the manifest's name is not its flowRunId"
        return [finding("manifest.run-id-mismatch", message, path=path, expected=named, actual=run_id[:64])]
    return []


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _is_unprintable(text: str) -> bool:
    """Tell whether a text holds control characters, or halves of surrogate pairs, which nothing could store."""
    return _UNPRINTABLE.search(text) is not None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _invalid(path: str, message: str, *, expected: str | None = None, actual: str | None = None) -> Finding:
    return finding("manifest.invalid", message, path=path, expected=expected, actual=actual)


def _kind(value: object) -> str:
    names = {dict: "an object", list: "an array", str: "text", bool: "a boolean", type(None): "absent or null"}
    return names.get(type(value), "a number")
