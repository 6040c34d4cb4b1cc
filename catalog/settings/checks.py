"""Check raw settings: each value by its table, and what tables say about each other; every mistake, not the first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, get_args

from pydantic import TypeAdapter, ValidationError

from catalog.settings.exports import ExportTable
from catalog.settings.source import Keys, Mistake, Raw, refers, spell
from catalog.settings.tables import TABLES, Document, Kind
from catalog.settings.values import Moment, nearest, revealed, shown
from verifier.backends.urls import parse_location
from verifier.errors import UsageError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a table",
    "float_type": "a number",
    "int_type": "a whole number",
    "mapping_type": "a table",
    "model_type": "a table",
    "string_type": "a text",
    "tuple_type": "an array",
}
_SECRET = ("client_secret", "ping_url")
_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


def check(raw: Raw) -> tuple[Document | None, list[Mistake]]:
    """Return the checked document, or None and all the mistakes in it."""
    document, mistakes = None, []
    try:
        document = Document.model_validate(raw)
    except ValidationError as error:
        mistakes = [_mistake(one) for one in error.errors(include_url=False)]
    told = {mistake.keys for mistake in mistakes}
    mistakes += [mistake for mistake in _across(raw) if mistake.keys not in told]
    return (None if mistakes else document), mistakes


def _mistake(error: ErrorDetails) -> Mistake:
    keys: Keys = tuple(key for key in error["loc"] if key != "[key]")
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return Mistake(keys, _unknown_key(keys))
    if kind == "missing":
        return Mistake(keys, "required, but not there")
    if kind == "value_error":
        return Mistake(keys, str(context["error"]))
    return Mistake(keys, f"expected {_expected(kind, keys, context) or error['msg']}{_got(keys, error['input'])}")


def _expected(kind: str, keys: Keys, context: Mapping[str, object]) -> str | None:
    if keys in (("datasets",), ("notify", "channels"), ("adobe", "exports")):
        return f"an array of tables, [[{'.'.join(map(str, keys))}]]"
    if kind == "literal_error":
        return str(context["expected"])
    if kind == "greater_than_equal":
        return f"{context['ge']} or more"
    if kind == "less_than_equal":
        return f"{context['le']} or less"
    if kind == "string_too_short":
        return "a text that is not empty"
    return _EXPECTED.get(kind)


def _got(keys: Keys, value: object) -> str:
    is_secret = {"options", "urls", "connection"} & set(keys) or keys[0] == "pgp" or keys[-1] in _SECRET
    return ", got a value that is not shown" if is_secret else f", got {shown(value)}"


def _unknown_key(keys: Keys) -> str:
    *table, name = keys
    of_table = ExportTable if table[:2] == ["adobe", "exports"] else TABLES[str(table[0])] if table else Document
    known = of_table.model_fields
    place = f"table [{spell(tuple(table))}]" if table else "the settings"
    return f"unknown key in {place}; the nearest known is {nearest(str(name), known)!r}"


def _across(raw: Raw) -> Iterable[Mistake]:
    """Yield what contradicts something in another place; values of a wrong type were reported already."""
    zones = raw.get("zones")
    zones = zones if isinstance(zones, dict) else {}
    yield from _places(zones)
    listed = raw.get("datasets")
    datasets = [(at, d) for at, d in enumerate(listed) if isinstance(d, dict)] if isinstance(listed, list) else []
    for at, dataset in datasets:
        yield from _own_zone(("datasets", at), dataset, zones)
        yield from _own_schedule(("datasets", at), dataset)
    for key in ("id", "name"):
        yield from _unique(key, datasets)
    service = raw.get("service")
    if isinstance(service, dict):
        yield from _service(service)


def _places(zones: Mapping[str, object]) -> Iterable[Mistake]:
    """Yield urls that are no places, or the same place, however each is written."""
    seen: dict[str, str] = {}
    for name, zone in zones.items():
        url = zone.get("url") if isinstance(zone, dict) else None
        if not isinstance(zone, dict) or not isinstance(url, str) or not url or refers(url):
            continue
        options, kind = zone.get("options"), zone.get("kind")
        try:
            given = {n: revealed(v) for n, v in options.items()} if isinstance(options, dict) else {}
            place = parse_location(url, given, kind if kind in get_args(Kind) else None)
        except UsageError as error:
            text = f"{error.message}; {error.hint}" if error.hint else error.message
            yield Mistake(("zones", name, "url"), text)
            continue
        first = seen.setdefault(place.url, name)
        if first != name:
            yield Mistake(("zones", name, "url"), f"expected another place than that of zone {first!r}")


def _service(service: Raw) -> Iterable[Mistake]:
    """Yield roles of people that nobody would vouch for."""
    for key in ("roles", "default_role", "identity_header"):
        if service.get(key) and not service.get("trusted_proxies"):
            text = "expected trusted_proxies beside it, the addresses of the proxy that says who asks, got none"
            yield Mistake(("service", key), text)


def _own_zone(keys: Keys, dataset: Raw, zones: Mapping[str, object]) -> Iterable[Mistake]:
    zone = dataset.get("zone")
    if isinstance(zone, str) and zone not in zones:
        known = f"; the nearest known is {nearest(zone, zones)!r}" if zones else "; there is none"
        yield Mistake((*keys, "zone"), f"expected the name of a configured zone, got {zone!r}{known}")


def _own_schedule(keys: Keys, dataset: Raw) -> Iterable[Mistake]:
    if "every" in dataset and "cron" in dataset:
        yield Mistake((*keys, "cron"), "expected either every or cron, got both")
    if "every" in dataset and "starts_at" not in dataset:
        yield Mistake((*keys, "starts_at"), "required with every, but not there")
    if "every" not in dataset and "cron" not in dataset:
        for key in ("starts_at", "ends_at"):
            if key in dataset:
                yield Mistake((*keys, key), "expected every or cron beside it, got neither")
    starts_at, ends_at = _read_moment(dataset.get("starts_at")), _read_moment(dataset.get("ends_at"))
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        text = f"expected a time after starts_at, {shown(dataset['starts_at'])}, got {shown(dataset['ends_at'])}"
        yield Mistake((*keys, "ends_at"), text)


def _read_moment(value: object) -> datetime | None:
    try:
        return _MOMENT.validate_python(value)
    except ValidationError:
        return None


def _unique(key: str, datasets: Iterable[tuple[int, Raw]]) -> Iterable[Mistake]:
    seen: dict[tuple[str, str], int] = {}
    for at, dataset in datasets:
        zone, value = dataset.get("zone"), dataset.get(key)
        if isinstance(zone, str) and isinstance(value, str):
            first = seen.setdefault((zone, value), at)
            if first != at:
                text = f"expected one dataset of zone {zone!r} with this {key}, got datasets[{first}] too"
                yield Mistake(("datasets", at, key), text)
