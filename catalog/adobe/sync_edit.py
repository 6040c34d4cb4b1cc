"""The text of landproof.toml with what Adobe says put in; comments, order and all else stay. Reads and writes no file.

What comes out is read again and compared: nothing but what was wanted may have changed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Array

from catalog.adobe.sync_values import DatasetChange, KeyChange, SyncPlan, Value, ZoneChange
from catalog.schedule import format_moment
from verifier.errors import SettingsError

_HINT = "write one [zones.NAME] and one [[datasets]] for each, or make the changes that are shown by hand"
_HEADER = re.compile(r"[ \t]*\[\[?[^\[\]#]+\]\]?[ \t\r]*(?:#.*)?$")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_LONE_END = re.compile(r"(?<!\r)\n")
_NO_HEADER: tuple[tuple[str, ...], bool] = ((), False)
NEW_FILE = """# Settings of landproof, begun by: landproof adobe sync --write

[catalog]
path = "landproof.duckdb"
"""


def edited(text: str, plan: SyncPlan) -> str:
    """Return a settings file's text with the changes of a plan.

    Raises `SettingsError` where it is written in such a way that they cannot be put in safely.
    """
    try:
        new = _edited(text, plan)
        is_right = tomllib.loads(new) == _expected(text, plan)
    except (TOMLKitError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise SettingsError("the settings cannot be edited as they are written", hint=_HINT) from error
    if not is_right:
        raise SettingsError("the settings cannot be edited without changing more than was asked for", hint=_HINT)
    return new


def _edited(text: str, plan: SyncPlan) -> str:
    sections = list(_sections(text))
    positions = [at for at, section in enumerate(sections) if section.path == ("datasets",) and section.is_listed]
    changes = {positions[d.position]: d.changes for d in plan.datasets if d.position is not None and positions}
    by_path = {section.path: at for at, section in enumerate(sections) if not section.is_listed}
    old_zones = [zone for zone in plan.zones if not zone.is_new]
    changes |= {by_path["zones", z.name]: z.changes for z in old_zones if ("zones", z.name) in by_path}
    parts = [section.changed(changes.get(at, ())) for at, section in enumerate(sections)]
    zones = [zone for zone in old_zones if ("zones", zone.name) not in by_path]
    text, new = _written_otherwise("".join(parts), plan, zones, is_listed=bool(positions))
    return _appended(text, [zone for zone in plan.zones if zone.is_new], new)


def _written_otherwise(
    text: str, plan: SyncPlan, zones: Sequence[ZoneChange], *, is_listed: bool
) -> tuple[str, list[DatasetChange]]:
    """Change what stands in no table of its own, but in arrays, inline or with dots; return which datasets are left.

    Such a file is taken as a whole, and refused where writing it again would move anything.
    """
    new = [dataset for dataset in plan.datasets if dataset.is_new]
    document = tomlkit.parse(text)
    listed = document.get("datasets")
    is_array = isinstance(listed, Array) and not is_listed
    if not zones and not (is_array and plan.datasets):
        return text, new
    if tomlkit.dumps(document) != text:
        raise ValueError("it would not be written as it is")
    for zone in zones:
        _change(document["zones"][zone.name], zone.changes)
    if isinstance(listed, Array) and is_array:
        for dataset in plan.datasets:
            if dataset.position is not None:
                _change(listed[dataset.position], dataset.changes)
        for dataset in new:
            table = tomlkit.inline_table()
            table.update({change.key: _plain(change.after) for change in dataset.changes})
            listed.append(table)
        new = []
    return tomlkit.dumps(document), new


@dataclass(frozen=True, slots=True)
class _Section:
    """A piece of the file: a header and all lines until the next one; the first piece has none, and no path."""

    path: tuple[str, ...]
    is_listed: bool
    header: str
    body: str

    def changed(self, changes: Iterable[KeyChange]) -> str:
        """Return its text with changes; what is new stands behind its last key, before what is said of the next one."""
        changes = tuple(changes)
        if not changes:
            return self.header + self.body
        document = tomlkit.parse(self.body)
        keyed = [at for at, (key, _) in enumerate(document.body) if key is not None]
        tail = document.body[keyed[-1] + 1 :]
        del document.body[keyed[-1] + 1 :]
        _change(document, changes)
        document.body.extend(tail)
        new = tomlkit.dumps(document)
        return self.header + (_LONE_END.sub("\r\n", new) if "\r\n" in self.body else new)


def _sections(text: str) -> Iterator[_Section]:
    """Cut a file at its headers. What only looks like one, as in a text of many lines, is noticed in the end."""
    path, header, body = _NO_HEADER, "", list[str]()
    for line in _LINE.findall(text):
        found = _path(line) if _HEADER.match(line) else None
        if found is None:
            body.append(line)
        else:
            yield _Section(*path, header, "".join(body))
            path, header, body = found, line, []
    yield _Section(*path, header, "".join(body))


def _path(header: str) -> tuple[tuple[str, ...], bool] | None:
    """Return the keys of a header, and whether it is one of a list; None for what is none."""
    try:
        table: object = tomllib.loads(header)
    except ValueError:
        return None
    keys = list[str]()
    while isinstance(table, dict) and table:
        ((key, table),) = table.items()
        keys.append(key)
    return tuple(keys), isinstance(table, list)


def _change(table: Any, changes: Iterable[KeyChange]) -> None:
    for change in changes:
        if change.after is None:
            table.pop(change.key, None)
        else:
            is_moment = isinstance(change.after, datetime) and isinstance(table.get(change.key), datetime)
            table[change.key] = change.after if is_moment else _plain(change.after)


def _appended(text: str, zones: Iterable[ZoneChange], datasets: Iterable[DatasetChange]) -> str:
    """Return a text with new tables at its end, in the line ends it has."""
    lines = [line for zone in zones for line in _zone_lines(zone)]
    lines += [line for dataset in datasets for line in ("", "[[datasets]]", *_key_lines(dataset.changes))]
    if not lines:
        return text
    end = "\r\n" if "\r\n" in text else "\n"
    if text and not text.endswith("\n"):
        text += end
    if not text:
        lines = lines[1:]
    return text + "".join(f"{line}{end}" for line in lines)


def _zone_lines(zone: ZoneChange) -> list[str]:
    name = tomlkit.key(zone.name).as_string()
    lines = ["", f"[zones.{name}]", *_key_lines(zone.changes)]
    return [*lines, f"# [zones.{name}.options]: {zone.needs}"] if zone.needs else lines


def _key_lines(changes: Iterable[KeyChange]) -> list[str]:
    return [f"{change.key} = {tomlkit.item(_plain(change.after)).as_string()}" for change in changes]


def _plain(value: Value) -> str | bool:
    """Return a value as it is written: moments as texts, as people write them here."""
    if value is None:
        raise TypeError("a key without a value is not written")
    return format_moment(value) if isinstance(value, datetime) else value


def _expected(text: str, plan: SyncPlan) -> dict[str, Any]:
    """Return what the text with the changes is to be read as."""
    wanted = tomllib.loads(text)
    for zone in plan.zones:
        zones = wanted.setdefault("zones", {})
        _apply(zones.setdefault(zone.name, {}) if zone.is_new else zones[zone.name], zone.changes)
    for dataset in plan.datasets:
        if dataset.position is not None:
            _apply(wanted["datasets"][dataset.position], dataset.changes)
    for dataset in plan.datasets:
        if dataset.is_new:
            added: dict[str, Any] = {}
            _apply(added, dataset.changes)
            wanted.setdefault("datasets", []).append(added)
    return wanted


def _apply(table: MutableMapping[str, Any], changes: Iterable[KeyChange]) -> None:
    for change in changes:
        if change.after is None:
            table.pop(change.key, None)
        elif isinstance(change.after, datetime) and isinstance(table.get(change.key), datetime):
            table[change.key] = change.after
        else:
            table[change.key] = _plain(change.after)
