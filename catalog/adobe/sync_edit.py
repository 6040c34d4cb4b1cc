"""The text of landproof.toml with what Adobe says put in; comments, order and all else stay. Reads and writes no file.

What comes out is read again and compared: nothing but what was wanted may have changed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, MutableMapping
from datetime import datetime
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array, Table

from catalog.adobe.sync_values import DatasetChange, KeyChange, SyncPlan, Value, ZoneChange
from catalog.schedule import format_moment
from verifier.errors import SettingsError

_HINT = "write one [zones.NAME] and one [[datasets]] for each, or make the changes that are shown by hand"
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
    for zone in plan.zones:  # parsed anew for each: it may have tables of its own below it, which move
        if not zone.is_new:
            document = tomlkit.parse(text)
            _change(document["zones"][zone.name], zone.changes)
            text = tomlkit.dumps(document)
    document = tomlkit.parse(text)
    new = [dataset for dataset in plan.datasets if dataset.is_new]
    for dataset in plan.datasets:
        if dataset.position is not None:
            _change(document["datasets"][dataset.position], dataset.changes)
    listed = document.get("datasets")
    if isinstance(listed, Array) and new:
        for dataset in new:
            table = tomlkit.inline_table()
            table.update({change.key: _plain(change.after) for change in dataset.changes})
            listed.append(table)
        new = []
    return _appended(tomlkit.dumps(document), [z for z in plan.zones if z.is_new], new)


def _change(table: Any, changes: Iterable[KeyChange]) -> None:
    """Change keys of a table; what is new stands behind its last key, before whatever is said of the next table.

    A table that has others below it is not to be used any further, but written.
    """
    tail: list[Any] = []
    if isinstance(table, Table):
        body = table.value.body
        keyed = [at for at, (key, item) in enumerate(body) if key is not None and not isinstance(item, Table | AoT)]
        tail = body[keyed[-1] + 1 :]
        del body[keyed[-1] + 1 :]
    for change in changes:
        if change.after is None:
            table.pop(change.key, None)
        else:
            is_moment = isinstance(change.after, datetime) and isinstance(table.get(change.key), datetime)
            table[change.key] = change.after if is_moment else _plain(change.after)
    if isinstance(table, Table):
        table.value.body.extend(tail)


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
