"""The document of `nightly`: what was seen, what it comes to, what Adobe says, who was told; judges nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from catalog.adobe.reconcile_answers import reconcile_document
from catalog.answers import Document, check_document, finding_object, moment
from catalog.judging.notice_values import Notice
from catalog.nights.adobe import AdobeNight
from catalog.nights.night import Night
from catalog.notify.tell import Told
from verifier.findings import Level

Names = Mapping[tuple[str, str], str | None]


def nightly_document(night: Night, scan: Document, names: Names) -> Document:
    """Return the document of a night; `scan` is that of its scan, `names` are those of the configured datasets."""
    counts = night.open_findings
    return {
        "schema": "landproof/nightly/1",
        "run_id": night.run_id,
        "started_at": moment(night.started_at),
        "counts": {"error": counts[Level.ERROR], "warn": counts[Level.WARN]},
        "notices": [_notice(one, names) for one in night.told.noticed],
        "channels": channels_list(night.told),
        "scan": scan,
        "check": check_document(night.watch),
        "adobe": None if night.adobe is None else _adobe(night.adobe, night.since),
    }


def ended(document: Document, finished_at: datetime, exit_status: int, troubles: Sequence[str]) -> Document:
    """Return the document with how the night ended; `troubles` are what did not work beside the looking."""
    end = {"finished_at": moment(finished_at), "exit_status": exit_status, "troubles": list(troubles)}
    return {**{k: document[k] for k in ("schema", "run_id", "started_at")}, **end, **document}


def channels_list(told: Told) -> list[Document]:
    """What became of the notices of each channel."""
    return [
        {"channel": one.channel, "state": one.state.value, "notices": one.notices, "trouble": one.trouble}
        for one in told.outcomes
    ]


def _notice(notice: Notice, names: Names) -> Document:
    return {
        "id": notice.notice_id,
        "about": notice.about,
        "state": notice.state.value,
        "code": notice.code,
        "level": notice.level.value,
        "zone": notice.zone or None,
        "dataset_id": notice.dataset_id,
        "name": names.get((notice.zone, notice.dataset_id)) if notice.dataset_id else None,
        "message": notice.message,
        "happened_at": moment(notice.happened_at),
    }


def _adobe(adobe: AdobeNight, since: datetime) -> Document:
    result = adobe.reconciliation
    return {
        "error": asdict(adobe.trouble) if adobe.trouble else None,
        "findings": [finding_object(one.finding) | {"about": one.subject} for one in adobe.noted],
        "reconcile": None if result is None else reconcile_document(result, since=since, source="adobe"),
    }
