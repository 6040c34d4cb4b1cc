"""Which recorded snapshot a text names, by its id or by a shortcut; says what is near where there is none."""

from __future__ import annotations

from enum import StrEnum
from typing import NoReturn

from catalog.questions.inquiry import Inquiry
from catalog.questions.moments import parse_snapshot_id
from catalog.settings.values import nearest
from catalog.store.contents import Contents, get_contents
from catalog.store.queries import RecordedSnapshot, SnapshotFilter, get_snapshot, list_snapshots
from catalog.store.search import nearest_snapshot, recorded_datasets
from verifier.errors import UnknownError, UsageError
from verifier.layout import parse_export_time
from verifier.model import Depth, SnapshotId


class Shortcut(StrEnum):
    """What may stand for an export time: the newest snapshot that is present, is that and good, or is a full export."""

    LATEST = "latest"
    LATEST_GOOD = "latest-good"
    LAST_FULL = "last-full"


def find_snapshot(inquiry: Inquiry, text: str) -> RecordedSnapshot:
    """Return the snapshot of `ZONE/DATASET_ID/EXPORT_TIME`, or of `DATASET/latest` and the other shortcuts.

    Raises `UsageError` where the catalog has none, with what is near.
    """
    wanted = _named(inquiry, text)
    return get_snapshot(inquiry.catalog, wanted) or _fail(inquiry, wanted)


def find_contents(inquiry: Inquiry, *texts: str) -> list[Contents]:
    """Return the snapshots that texts name, as `find_snapshot` does, in their order, with their files."""
    wanted = [_named(inquiry, text) for text in texts]
    found = get_contents(inquiry.catalog, *wanted)
    return [contents or _fail(inquiry, one) for one, contents in zip(wanted, found, strict=True)]


def names_snapshot(text: str) -> bool:
    """Tell whether a text is written like a snapshot's id or a shortcut; a path may be, too."""
    last = text.rpartition("/")[2]
    return last in set(Shortcut) or (text.count("/") == 2 and parse_export_time(last) is not None)


def unknown(inquiry: Inquiry, what: str, near: str | None = None) -> UnknownError:
    """Return the error for what the catalog does not have."""
    hint = f"the nearest known is {near}" if near else "list what is known with: landproof snapshots"
    return UnknownError(f"no {what} in {inquiry.catalog}", hint=hint)


def _named(inquiry: Inquiry, text: str) -> SnapshotId:
    dataset, _, last = text.rpartition("/")
    if dataset and last in set(Shortcut):
        return _by_shortcut(inquiry, dataset, Shortcut(last))
    return parse_snapshot_id(text)


def _by_shortcut(inquiry: Inquiry, dataset: str, shortcut: Shortcut) -> SnapshotId:
    zone, dataset_id = _dataset(inquiry, dataset)
    if shortcut is Shortcut.LAST_FULL and not _has_only_fulls(inquiry, zone, dataset_id):
        return _last_full(inquiry, zone, dataset_id)
    is_good = shortcut is Shortcut.LATEST_GOOD
    wanted = SnapshotFilter(zone=zone, dataset_ids=(dataset_id,), latest=not is_good, latest_good=is_good)
    found = list_snapshots(inquiry.catalog, wanted)
    if not found:
        kind = "good snapshot" if is_good else "snapshot"
        raise unknown(inquiry, f"{kind} of {zone}/{dataset_id} that is still present")
    return found[0].report.id


def _dataset(inquiry: Inquiry, text: str) -> tuple[str, str]:
    """Return zone and id of a recorded dataset: by `ZONE/ID`, id or name."""
    recorded = recorded_datasets(inquiry.catalog)
    if text not in recorded:
        zone, dataset_id = inquiry.find_dataset(text)
        text = dataset_id if zone is None else f"{zone}/{dataset_id}"
    if text not in recorded:
        raise unknown(inquiry, f"dataset {text}", nearest(text, recorded) if recorded else None)
    zone, _, dataset_id = text.rpartition("/")
    return zone, dataset_id


def _has_only_fulls(inquiry: Inquiry, zone: str, dataset_id: str) -> bool:
    dataset = inquiry.settings.dataset(zone, dataset_id)
    if dataset is None:
        raise UsageError(
            f"which export of {zone}/{dataset_id} is its last full one is not known: it is not in the settings",
            hint='add it there, with mode = "full" where every export holds everything, or name the export time',
        )
    return dataset.mode == "full"


def _last_full(inquiry: Inquiry, zone: str, dataset_id: str) -> SnapshotId:
    """Return the full export of the newest chain, at whatever depth it was looked at; warn where it only may be one."""
    # Loaded here: a plan needs much that no other name does.
    from catalog.judging.chain_values import DoubtKind
    from catalog.restores.plan import Wish, plan_restore

    now = inquiry.now
    wish = Wish(zone=zone, dataset_id=dataset_id, as_of=now, depth=Depth.LIST, accepts_gaps=True)
    chain = plan_restore(inquiry.settings, inquiry.catalog, wish, now).chain
    if not chain.members:
        raise unknown(inquiry, f"full export of {zone}/{dataset_id} that a restore could start from")
    found = chain.members[0].source.id
    if any(doubt.kind is DoubtKind.FULL_ASSUMED for doubt in chain.doubts):
        inquiry.say(f"{found} is only assumed to be a full export: when its flow began is not known")
    return found


def _fail(inquiry: Inquiry, wanted: SnapshotId) -> NoReturn:
    near = nearest_snapshot(inquiry.catalog, wanted)
    if near:
        raise unknown(inquiry, f"snapshot {wanted}", str(near))
    recorded = recorded_datasets(inquiry.catalog)
    name = f"{wanted.zone}/{wanted.dataset_id}"
    raise unknown(inquiry, f"snapshot {wanted}", f"dataset {nearest(name, recorded)}" if recorded else None)
