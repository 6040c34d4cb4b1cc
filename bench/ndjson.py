"""Time full verification of a gzipped NDJSON export against `gzip -t` and against gzip and json.loads line by line.

Run as `python -m bench.ndjson` or `python bench/ndjson.py`; builds its own seeded input, not a user's data.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.harness import compare, report
from verifier.formats.base import Limits
from verifier.formats.ndjson import verify_json_gzip
from verifier.model import Depth

Record = Callable[[random.Random, datetime], dict[str, object]]

_PIECE = 1 << 20
_ASCII = ("checkout", "product", "home", "landing", "search", "cart", "price", "list", "help", "account")
_WIDE = ("Zürich", "naïve", "東京", "página", "señal", "größe", "emoji 😀", "cart", "price")
_BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML) Chrome/{}.0.0.0 Safari/537.36"


class LocalFile:
    """The simplest source there is: a local file."""

    is_local = True

    def __init__(self, file: Path) -> None:
        self.path = file.name
        self.size = file.stat().st_size
        self._file = file

    def read_range(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` up to `end`."""
        with self._file.open("rb") as opened:
            opened.seek(start)
            return opened.read(end - start)

    def stream(self) -> Iterator[bytes]:
        """Yield all bytes in pieces of 1 MiB."""
        with self._file.open("rb", buffering=0) as opened:
            while piece := opened.read(_PIECE):
                yield piece


def build(file: Path, megabytes: int, seed: int = 20261101, record: Record | None = None) -> None:
    """Write a gzip file that expands to about so many megabytes: experience events, one in seven not ASCII, or others.

    `record` makes one row of a chance and a moment.
    """
    chance = random.Random(seed)
    record = record or _event
    at = datetime(2026, 11, 1, tzinfo=UTC)
    written = 0
    with gzip.GzipFile(filename=str(file), mode="wb", compresslevel=6, mtime=0) as opened:
        while written < megabytes * 1_000_000:
            at += timedelta(milliseconds=chance.randrange(1, 5000))
            line = json.dumps(record(chance, at), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            written += opened.write(line)


def _event(chance: random.Random, at: datetime) -> dict[str, object]:
    words = _WIDE if chance.random() < 0.15 else _ASCII

    def word() -> str:
        return chance.choice(words)

    def digits(size: int) -> str:
        return f"{chance.getrandbits(4 * size):0{size}x}"

    moment = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event: dict[str, object] = {
        "_id": digits(32),
        "timestamp": moment,
        "eventType": chance.choice(["web.webpagedetails.pageViews", "commerce.purchases", "advertising.clicks"]),
        "identityMap": {"ECID": [{"id": str(chance.getrandbits(126)), "primary": True}]},
        "web": {
            "webPageDetails": {
                "name": f"{word()}:{word()}",
                "URL": f"https://www.example.com/{word()}/{word()}?id={digits(8)}&session={digits(32)}",
                "pageViews": {"value": 1},
            },
            "webReferrer": {"URL": f"https://search.example.org/?q={word()}&click={digits(24)}"},
        },
        "environment": {
            "type": "browser",
            "browserDetails": {"userAgent": _BROWSER.format(chance.randrange(100, 140)), "acceptLanguage": "de-CH"},
            "ipV4": ".".join(str(chance.randrange(256)) for _ in range(4)),
        },
        "placeContext": {
            "geo": {"city": word(), "latitude": chance.uniform(-90, 90), "longitude": chance.uniform(-180, 180)},
            "localTime": at.isoformat(),
        },
        "_acme": {
            "custom": {f"eVar{index}": word() for index in range(1, chance.randrange(3, 20))},
            "props": [word() for _ in range(chance.randrange(8))],
            "visitor": digits(40),
            "score": chance.random(),
        },
        "receivedTimestamp": moment,
    }
    if chance.random() < 0.3:
        event["productListItems"] = [
            {"SKU": digits(10), "name": word(), "quantity": chance.randrange(5), "priceTotal": chance.uniform(0, 500)}
            for _ in range(chance.randrange(1, 5))
        ]
    if chance.random() < 0.1:
        event["commerce"] = {"order": {"purchaseID": digits(12), "priceTotal": chance.random(), "currencyCode": "CHF"}}
    return event


def _flat(chance: random.Random, at: datetime) -> dict[str, object]:
    return {
        "_id": f"{chance.getrandbits(64):x}",
        "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "email": f"user{chance.randrange(1_000_000)}@example.com",
        "country": chance.choice(["CH", "DE", "FR"]),
        "consent": chance.choice([True, False, None]),
        "score": round(chance.random(), 3),
    }


def _wide(chance: random.Random, at: datetime) -> dict[str, object]:
    values = (None, chance.randrange(1_000_000), chance.random(), f"value {chance.randrange(1000)}")
    attributes = {f"attribute{index:03}": chance.choice(values) for index in range(300) if chance.random() < 0.7}
    return {**_flat(chance, at), **attributes}


def _verify(file: Path) -> None:
    content = verify_json_gzip(LocalFile(file), Depth.FULL, Limits())
    if content.findings or not content.rows or content.columns is None or content.events is None:
        raise SystemExit("the benchmark's own input was not found good")


def _gzip_test(file: Path) -> None:
    subprocess.run(["gzip", "-t", str(file)], check=True)


def _plain_python(file: Path) -> None:
    with gzip.open(file, "rb") as opened:
        for line in opened:
            json.loads(line)


def main() -> None:
    """Build each kind of input, time all three in turn and print the ratios."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--megabytes", type=int, default=250, help="size of the input, expanded")
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ratios = []
        for kind, record, gzip_aim, python_aim in (
            ("nested events", _event, 0.6, 0.1),
            ("small flat rows", _flat, None, None),
            ("rows of 200 keys", _wide, None, None),
        ):
            file = Path(folder) / "part-00000.json.gz"
            build(file, asked.megabytes, record=record)
            name = f"NDJSON.gz, {kind}, {file.stat().st_size / 1e6:.0f} MB, full"
            ours, peer, plain = partial(_verify, file), partial(_gzip_test, file), partial(_plain_python, file)
            ratios.append(compare(name, ours, peer, runs=asked.runs, peer_name="gzip -t", aim=gzip_aim))
            ratios.append(compare(name, ours, plain, runs=asked.runs, peer_name="gzip + json.loads", aim=python_aim))
        report(ratios)


if __name__ == "__main__":
    main()
