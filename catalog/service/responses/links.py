"""The addresses of pages and API; every name in them is quoted here and nowhere else."""

from __future__ import annotations

from urllib.parse import quote, urlencode

API = "/api/v1"


def url_dataset(zone: str, dataset_id: str) -> str:
    """Return the page of a dataset."""
    return f"/datasets/{_segment(zone)}/{_segment(dataset_id)}"


def url_snapshot(snapshot_id: str) -> str:
    """Return the page of a snapshot, by its id."""
    return f"/snapshots/{'/'.join(_segment(part) for part in snapshot_id.split('/'))}"


def url_scan(scan_id: str) -> str:
    """Return the page of a scan."""
    return f"/scans/{_segment(scan_id)}"


def url_job(job_id: str) -> str:
    """Return the page of a job."""
    return f"/jobs/{_segment(job_id)}"


def url_with(path: str, **parameters: object) -> str:
    """Return a path with query parameters; those that are None or empty are left out, lists are repeated."""
    pairs: list[tuple[str, str]] = []
    for name, value in parameters.items():
        for one in value if isinstance(value, list | tuple) else (value,):
            if one is not None and one != "":
                pairs.append((name, _text(one)))
    return f"{path}?{urlencode(pairs)}" if pairs else path


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _segment(text: str) -> str:
    """Quote a part of a path; dots alone would be taken for steps between folders."""
    quoted = quote(text, safe="")
    return quoted.replace(".", "%2E") if quoted in (".", "..") else quoted
