"""Folder templates, exportTime folders and Adobe's file names: parse, format, tell what a path is.

Pure text; what a file holds is not its business. Macros are those of Adobe's API tutorial and OpenAPI file together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache

from verifier.errors import UsageError
from verifier.model import FileKind, export_moment

DEFAULT_TEMPLATE = "{DATASET_ID}/{EXPORT_TIME}"
NAME_MACROS = (
    "DATASET_ID",
    "DATASET_NAME",
    "DESTINATION",
    "DESTINATION_NAME",
    "DESTINATION_INSTANCE_NAME",
    "DESTINATION_INSTANCE_ID",
    "SANDBOX_NAME",
    "ORGANIZATION_NAME",
)
_FREE_MACROS = frozenset(NAME_MACROS) - {"DATASET_ID"}
_MOST_FREE = 2
_MACRO = re.compile(r"\{([A-Z_]+)(?:\(([^(){}/]*)\))?\}|%([A-Z_]+)(?:\(([^()%/]*)\))?%")
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_PART = re.compile(
    rf"part-(?P<part>\d{{5,10}})-tid-(?P<tid>-?\d{{1,20}})-(?P<uuid>{_UUID})-(?P<task>\d{{1,20}})-(?P<attempt>\d{{1,20}})"
    r"-c(?P<chunk>\d{3,20})\.(?P<extension>.+)"
)
_MANIFEST = re.compile(rf"manifest-(?P<destination>{_UUID})-(?P<run>{_UUID})\.json(?:\.(?:gpg|pgp|asc))?")
_DATASET_ID = re.compile(r"[0-9a-fA-F]{24}")
_TIME_DIGITS = re.compile(r"[0-9]{12}|[0-9]{14}")
_CIPHER_SUFFIX = re.compile(r"\.(?:gpg|pgp|asc)$", re.IGNORECASE)
_DATE_FIELD = re.compile(r"[Yy]{4}|[Mm]{2}|[Dd]{2}|HH|ss|SS")
_USUAL_DATETIME = "YYYYMMdd_HHmmss"
_MARKER_FOLDERS = ("_temporary", "_$azuretmpfolder$")
_MARKER_PREFIXES = ("_started_", "_committed_", ".spark-staging")
_MARKER_STARTS = ("_", ".", "")
_MARKER_SUFFIXES = (".crc", "_$folder$", ".landproof-part")


class PlaceKind(Enum):
    """Where a path stands relative to the snapshots of its zone."""

    SNAPSHOT = "snapshot"
    BAD_EXPORT_TIME = "bad export time"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path stands: in a snapshot, its dataset, export time in digits, folder, and the rest below the folder."""

    kind: PlaceKind
    dataset_id: str = ""
    export_time: str = ""
    folder: str = ""
    rest: str = ""


_OUTSIDE = Place(PlaceKind.OUTSIDE)


@dataclass(frozen=True, slots=True)
class PartName:
    """What Adobe's writer put into the name of a part file; `tid` and `uuid` are those of one write.

    Of a write, one attempt at one task gives a part, in chunks where it is split over files.
    """

    part: int
    tid: str
    uuid: str
    task: int
    attempt: int
    chunk: int


def parse_part_name(name: str) -> PartName | None:
    """Read Adobe's grammar of part files, or return None."""
    match = _PART.fullmatch(name)
    if not match:
        return None
    numbers = (int(match[group]) for group in ("task", "attempt", "chunk"))
    return PartName(int(match["part"]), match["tid"], match["uuid"], *numbers)


def parse_manifest_name(name: str) -> str | None:
    """Return the run id that a manifest's file name carries, or None when the name is not in Adobe's grammar."""
    match = _MANIFEST.fullmatch(name)
    return match["run"] if match else None


def is_dataset_id(text: str) -> bool:
    """Tell whether this is a dataset id as Adobe's are: 24 hex digits."""
    return _DATASET_ID.fullmatch(text) is not None


def parse_export_time(digits: str) -> datetime | None:
    """Turn 12 or 14 digits into the UTC moment they name, or None when there is no such moment."""
    if not _TIME_DIGITS.fullmatch(digits):
        return None
    try:
        return export_moment(digits)
    except ValueError:
        return None


def is_marker(path: str) -> bool:
    """Tell whether a path is something that writers leave behind: Spark's and Hadoop's markers, our own parts."""
    folders, _, name = path.rpartition("/")
    if folders and any(f in _MARKER_FOLDERS or f.startswith(".spark-staging") for f in folders.split("/")):
        return True
    if name in ("_SUCCESS", *_MARKER_FOLDERS):
        return True
    return name.startswith(_MARKER_PREFIXES) or name.endswith(_MARKER_SUFFIXES)


def may_be_marker(path: str, start: int) -> bool:
    """Tell whether a file in a folder that is no marker may be one, by its name from `start` on: a quick first test."""
    return path[start : start + 1] in _MARKER_STARTS or path.endswith(_MARKER_SUFFIXES)


def has_cipher_suffix(name: str) -> bool:
    """Tell whether a name ends as encrypted files do."""
    return _CIPHER_SUFFIX.search(name) is not None


def without_cipher_suffix(name: str) -> str:
    """Return the name that what is inside an encrypted file goes by."""
    return _CIPHER_SUFFIX.sub("", name)


@lru_cache(maxsize=1 << 14)
def kind_by_name(path: str) -> FileKind:
    """Tell what a file is by its name alone; an ending for encryption is looked through.

    Cached, since every step that a file goes through asks again.
    """
    if is_marker(path):
        return FileKind.MARKER
    name = without_cipher_suffix(path.rsplit("/", 1)[-1]).lower()
    if name.endswith(".parquet"):
        return FileKind.PARQUET
    if name.endswith(".json.gz"):
        return FileKind.JSON_GZIP
    if name.endswith(".json"):
        return FileKind.MANIFEST if name.startswith("manifest-") else FileKind.JSON
    return FileKind.UNKNOWN


@dataclass(frozen=True, slots=True)
class Layout:
    """A compiled folder template. The default one may begin at any depth; another is anchored at the zone's root.

    `above` is the end of the root's own path, so that a root inside a dataset or a snapshot is understood too.
    """

    template: str
    tells_datasets: bool
    _patterns: tuple[tuple[re.Pattern[str], bool], ...]
    _above: str

    def place(self, path: str) -> Place:
        """Tell where `path`, relative to the zone's root, stands."""
        for pattern, sees_above in self._patterns:
            lead = self._above if sees_above else ""
            match = pattern.fullmatch(lead + path)
            if match:
                return _place(match, len(lead))
        return _OUTSIDE


def compile_layout(template: str = DEFAULT_TEMPLATE, *, above: str = "") -> Layout:
    """Compile a template; `above` is the path of the zone's root inside its store, "" at its top.

    Raises `UsageError` for an unknown macro, or when nothing in the template tells the export time.
    """
    default, _ = _pattern(DEFAULT_TEMPLATE)
    anywhere = re.compile(rf"(?:.*?/)??{default}/(?P<rest>.*)", re.DOTALL)
    tail = "".join(f"{segment}/" for segment in above.split("/")[-2:] if segment)
    normal = _MACRO.sub(lambda m: "{" + m[0][1:-1] + "}", template.strip("/"))
    if normal == DEFAULT_TEMPLATE:
        return Layout(template, tells_datasets=True, _patterns=((anywhere, True),), _above=tail)
    own, macros = _pattern(template.strip("/"))
    if not {"EXPORT_TIME", "DATETIME"} & macros:
        raise UsageError(
            f"template {template!r} has neither EXPORT_TIME nor DATETIME, so that exports cannot be told apart",
            hint="use the folder template of the export, such as {DATASET_ID}/{EXPORT_TIME}",
        )
    anchored = re.compile(rf"{own}/(?P<rest>.*)", re.DOTALL)
    tells = bool({"DATASET_ID", "DATASET_NAME"} & macros)
    return Layout(template, tells_datasets=tells, _patterns=((anchored, False), (anywhere, True)), _above=tail)


def snapshot_folder(template: str, dataset_id: str, export_time: str) -> str:
    """Return the folder that a template means for a snapshot, its export time given in digits.

    Raises `UsageError` for a macro that only Adobe can fill. Whether the folder can be read back is for `Layout.place`.
    """

    def filled(match: re.Match[str]) -> str:
        name, form = (match[1], match[2]) if match[1] else (match[3], match[4])
        if name == "DATASET_ID":
            return dataset_id
        if name == "EXPORT_TIME":
            return f"exportTime={export_time}"
        if name == "DATETIME":
            left = iter(export_time.ljust(14, "0"))
            return _DATE_FIELD.sub(lambda m: "".join(next(left) for _ in m[0]), form or _USUAL_DATETIME)
        hint = "copy to a zone whose template is made of DATASET_ID, EXPORT_TIME and DATETIME(...) alone"
        raise UsageError(f"template {template!r} holds {name}, which nobody but Adobe can fill in", hint=hint)

    return _MACRO.sub(filled, template.strip("/"))


def _pattern(template: str) -> tuple[str, set[str]]:
    """Turn a template into a regular expression without anchors, and the set of its macros."""
    seen: set[str] = set()
    segments = []
    for segment in template.split("/"):
        if sum(1 for m in _MACRO.finditer(segment) if (m[1] or m[3]) in _FREE_MACROS) > _MOST_FREE:
            hint = "names may hold any text, so that more than two of them in one folder name cannot be told apart"
            raise UsageError(f"too many names in {segment!r} of a folder template", hint=hint)
        pieces, end = [], 0
        for match in _MACRO.finditer(segment):
            pieces.append(re.escape(segment[end : match.start()]))
            name, form = (match[1], match[2]) if match[1] else (match[3], match[4])
            alone = match.span() == (0, len(segment))
            pieces.append(_macro(name, form, alone=alone, again=name in seen))
            seen.add(name)
            end = match.end()
        pieces.append(re.escape(segment[end:]))
        segments.append("".join(pieces))
    return "/".join(segments), seen


def _macro(name: str, form: str | None, *, alone: bool, again: bool) -> str:
    """Return the expression of one macro; `alone` in its segment it may be anything, else it has to keep its shape."""
    if name == "EXPORT_TIME":
        return _group("export_time", r"[^/]*" if alone else r"\d+", again=again, lead="exportTime=")
    if name == "DATETIME":
        return _group("datetime", _datetime_expression(form or _USUAL_DATETIME), again=again)
    if name == "DATASET_ID":
        return _group("dataset_id", r"[^/]+" if alone else r"[0-9a-fA-F]{24}", again=again)
    if name == "DATASET_NAME":
        return _group("dataset_name", r"[^/]+?", again=again)
    if name in NAME_MACROS:
        return r"[^/]+?"
    known = ", ".join((*NAME_MACROS, "EXPORT_TIME", "DATETIME(...)"))
    raise UsageError(f"unknown macro {name} in a folder template", hint=f"known are {known}")


def _group(name: str, expression: str, *, again: bool, lead: str = "") -> str:
    return f"{lead}(?:{expression})" if again else f"{lead}(?P<{name}>{expression})"


def _datetime_expression(form: str) -> str:
    """Turn an informal date pattern such as YYYYMMdd_HHmmss into digits and its literals.

    From the year down, at least to the day: what is written the other way round cannot be read as digits.
    """
    letters = re.sub(r"[^A-Za-z]", "", form).upper()
    if len(letters) not in (8, 10, 12, 14) or not "YYYYMMDDHHMMSS".startswith(letters):
        hint = "patterns run from the year down, such as YYYYMMdd_HHmmss"
        raise UsageError(f"unknown date pattern DATETIME({form}) in a folder template", hint=hint)
    return _DATE_FIELD.sub(lambda m: r"\d" * len(m[0]), re.escape(form))


def _place(match: re.Match[str], lead: int) -> Place:
    groups = match.groupdict()
    rest = groups["rest"]
    folder = match.string[lead : match.start("rest")].rstrip("/") if match.start("rest") > lead else ""
    if groups.get("datetime") is not None:
        digits = re.sub(r"\D", "", groups["datetime"])
        digits = digits.ljust(12, "0") if len(digits) < 12 else digits
    else:
        digits = groups["export_time"]
    dataset = groups.get("dataset_id") or groups.get("dataset_name") or ""
    kind = PlaceKind.SNAPSHOT if parse_export_time(digits) else PlaceKind.BAD_EXPORT_TIME
    return Place(kind, dataset, digits, folder, rest)
