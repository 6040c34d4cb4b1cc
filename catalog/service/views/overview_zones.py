"""Matters of whole zones: nobody has looked, nobody can, data is about to be deleted; those of datasets are not here.

Pure, like its neighbour.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from shlex import quote

from catalog.answers import Document, moment
from catalog.store.pulse import ZoneLook
from catalog.words import plural
from verifier.findings import REGISTER

_LOOKED = ("zone.stale", "schedule.unknown")


def zone_matters(judged: Document, rows: Sequence[Document], looks: Mapping[str, ZoneLook]) -> Iterator[Document]:
    """Yield what is to be told of zones, one matter a zone and kind."""
    stale = {f["where"]["zone"]: f for f in _open(judged) if f["code"] == "zone.stale"}
    unlooked: dict[str, list[Document]] = defaultdict(list)
    for row in rows:
        if row["newest"] == "nobody has looked":
            unlooked[row["zone"]].append(row)
    for zone in sorted({*stale, *unlooked, *(name for name, look in looks.items() if _is_in_trouble(look))}):
        yield _unlooked(zone, looks.get(zone), unlooked[zone], is_stale=zone in stale)
    yield from _expiring(judged, rows)
    for found in _open(judged):
        if found["code"] not in (*_LOOKED, "zone.expiring", "schedule.stopped-together"):
            yield _other(found)


def _open(judged: Document) -> list[Document]:
    return [f for f in judged["findings"] if f["level"] != "info" and not f["accepted"]]


def _is_in_trouble(look: ZoneLook) -> bool:
    return look.is_suspect or not look.is_complete


def _unlooked(zone: str, look: ZoneLook | None, rows: Sequence[Document], *, is_stale: bool) -> Document:
    since = look.complete_at if look else None
    told = "ever" if since is None else f"since {since:%Y-%m-%d %H:%M}Z"
    code, advice = "zone.stale", REGISTER["zone.stale"].advice
    if look and look.is_suspect:
        code, title = "zone.mass-vanish", f"The listing of zone {zone} is not believed: too much is gone at once"
        advice = REGISTER[code].advice
    elif look and not look.is_complete:
        code, title = "zone.unreachable", f"Zone {zone} could not be looked at to its end, nor {told}"
        advice = "; ".join(text for text in (look.trouble, look.hint or REGISTER[code].advice) if text)
    else:
        title = f"Nobody has looked at zone {zone} {told}"
    level = "error" if is_stale or code != "zone.stale" else "warn"
    listed = [
        {name: row[name] for name in ("zone", "dataset_id", "name")}
        | {"detail": "nobody knows whether it came", "since": row["newest_since"], "snapshot": None}
        for row in rows
    ]
    if rows:
        title = f"{title}: {plural(len(rows), 'newest export')} may or may not be there"
    return _matter("zone", code, title, listed) | {
        "level": level,
        "since": moment(since),
        "advice": advice,
        "command": f"landproof scan {quote(zone)}",
        "job": {"command": "scan", "fields": {"zone": zone}},
        "zone": zone,
    }


def _expiring(judged: Document, rows: Sequence[Document]) -> Iterator[Document]:
    """What is about to be deleted, one matter a zone, by dataset."""
    names = {(row["zone"], row["dataset_id"]): row["name"] for row in rows}
    by_zone: dict[str, dict[str, list[Document]]] = defaultdict(lambda: defaultdict(list))
    every = [*_open(judged), *(f for d in judged["datasets"] for f in d["findings"] if not f["accepted"])]
    for found in every:
        if found["code"] == "zone.expiring":
            zone, dataset_id, _ = found["where"]["snapshot"].split("/")
            by_zone[zone][dataset_id].append(found)
    for zone, by_dataset in sorted(by_zone.items()):
        listed = []
        for dataset_id, those in by_dataset.items():
            detail = "1 snapshot" if len(those) == 1 else f"{len(those)} snapshots, the first"
            listed.append(
                {
                    "zone": zone,
                    "dataset_id": dataset_id,
                    "name": names.get((zone, dataset_id)),
                    "detail": detail,
                    "since": None,
                    "snapshot": those[0]["where"]["snapshot"],
                }
            )
        number = sum(len(those) for those in by_dataset.values())
        title = f"{plural(number, 'snapshot')} in zone {zone} will be deleted soon, and no copy is recorded"
        command = f"landproof copy {quote(listed[0]['snapshot'])} --to ZONE"
        yield _matter("expiring", "zone.expiring", title, listed) | {"command": command, "zone": zone}


def _other(found: Document) -> Document:
    kind = "error" if found["level"] == "error" else "other"
    message = found["message"]
    made = _matter(kind, found["code"], f"{message[:1].upper()}{message[1:]}", [])
    return made | {"level": found["level"], "zone": found["where"].get("zone")}


def _matter(kind: str, code: str, title: str, listed: list[Document]) -> Document:
    row = REGISTER[code]
    usual = {"level": row.level.value, "since": None, "advice": row.advice, "command": None, "job": None}
    return {"kind": kind, "code": code, "title": title, "count": len(listed), "items": listed} | usual
