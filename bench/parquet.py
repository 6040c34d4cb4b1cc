"""Time full Parquet verification against readers that check less; not what is verified.

`python -m bench.parquet [MEBIBYTES] [RUNS]` prints the ratios for gzip and for snappy pages, of a nested and of a flat
schema, and the peak of memory. Against DuckDB both have one core, which they do not leave: no thread of ours is free.
"""

from __future__ import annotations

import hashlib
import os
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.harness import Ratio, compare, report
from verifier.formats.base import Limits
from verifier.formats.parquet import verify_parquet
from verifier.model import Depth

_ROWS = 100_000
_PAGES = ("home", "search", "product", "cart", "checkout", "account", "help", "returns")
_EPOCH_MS = 1_790_000_000_000
# The first takes from the footer what it can: of columns without nulls, and of a flat file, it reads nothing.
_COUNT, _EVERY_VALUE = "count(COLUMNS(*))", "max(hash(COLUMNS(*)))"


class LocalFile:
    """A file of this machine as a source."""

    is_local = True

    def __init__(self, path: Path) -> None:
        self.path = path.name
        self.size = path.stat().st_size
        self._file = path.open("rb", buffering=0)

    def read_range(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` up to `end`."""
        return os.pread(self._file.fileno(), end - start, start)

    def stream(self) -> Iterator[bytes]:
        """Yield the file in pieces of 4 MiB."""
        for start in range(0, self.size, 4 << 20):
            yield self.read_range(start, min(self.size, start + (4 << 20)))


class _Dice:
    """Seeded columns of `count` values."""

    def __init__(self, seed: int, count: int) -> None:
        self._seed = seed
        self.count = count

    def fractions(self) -> pa.Array:
        self._seed += 1
        return pc.random(self.count, initializer=self._seed)

    def integers(self, below: int) -> pa.Array:
        return pc.cast(pc.floor(pc.multiply(self.fractions(), float(below))), pa.int64())

    def texts(self, prefix: str, below: int) -> pa.Array:
        return pc.binary_join_element_wise(prefix, pc.cast(self.integers(below), pa.string()), "")

    def one_of(self, words: tuple[str, ...]) -> pa.Array:
        return pc.take(pa.array(words), self.integers(len(words)))

    def sometimes(self, values: pa.Array, share: float) -> pa.Array:
        return pc.if_else(pc.less(self.fractions(), share), values, pa.scalar(None, values.type))


def _struct(**fields: pa.Array) -> pa.Array:
    return pa.StructArray.from_arrays(list(fields.values()), list(fields))


def _lists(dice: _Dice, items: pa.Array) -> pa.Array:
    """Cut `items` into one list of none to two for every row."""
    lengths = dice.integers(3)
    offsets = pc.min_element_wise(pc.cumulative_sum(lengths), len(items))
    return pa.ListArray.from_arrays(pa.concat_arrays([pa.array([0], pa.int64()), offsets]).cast(pa.int32()), items)


def events(seed: int, count: int = _ROWS) -> pa.Table:
    """Return `count` rows shaped like Adobe's experience events: structs, lists, maps and many empty fields."""
    dice = _Dice(seed, count)
    one_each = pa.array(range(count + 1), pa.int32())
    identity = _struct(id=dice.texts("", 10**15), authenticatedState=dice.one_of(("ambiguous", "authenticated")))
    items = _struct(
        SKU=dice.texts("sku-", 5000),
        name=dice.texts("product ", 900),
        quantity=dice.integers(9),
        priceTotal=dice.fractions(),
    )
    page = _struct(
        name=dice.one_of(_PAGES),
        URL=dice.texts("https://shop.example/p/", 20_000),
        pageViews=_struct(value=dice.fractions()),
    )
    empty = {f"eVar{number}": pa.nulls(count, pa.string()) for number in range(30)}
    filled = {f"prop{number}": dice.sometimes(dice.texts("value-", 40 * number + 3), 0.4) for number in range(20)}
    return pa.table(
        {
            "_id": dice.texts("7f3e-", 10**17),
            "timestamp": pc.add(dice.integers(86_400_000), _EPOCH_MS).cast(pa.timestamp("ms", "UTC")),
            "eventType": dice.one_of(
                ("web.webpagedetails.pageViews", "commerce.purchases", "web.webinteraction.linkClicks")
            ),
            "web": _struct(
                webPageDetails=page,
                webReferrer=_struct(URL=dice.sometimes(dice.texts("https://ref.example/", 3000), 0.3)),
            ),
            "device": _struct(
                type=dice.one_of(("mobile", "desktop")),
                screenHeight=dice.integers(2000),
                screenWidth=dice.integers(3000),
            ),
            "identityMap": pa.MapArray.from_arrays(
                one_each, dice.one_of(("ECID", "email")), pa.ListArray.from_arrays(one_each, identity)
            ),
            "productListItems": _lists(dice, items),
            "placeContext": _struct(
                latitude=dice.fractions(), longitude=dice.fractions(), city=dice.texts("city ", 4000)
            ),
            "_tenant": _struct(**empty, **filled),
        }
    )


def flat(seed: int, count: int = _ROWS) -> pa.Table:
    """Return `count` rows of numbers, moments and texts, with none below another and few of them empty."""
    dice = _Dice(seed, count)
    numbers = {f"number{place}": dice.integers(10 ** (2 * place + 1)) for place in range(6)}
    shares = {f"share{place}": dice.fractions() for place in range(4)}
    texts = {f"text{place}": dice.texts("text ", 9 * 10**place) for place in range(6)}
    at = pc.add(dice.integers(86_400_000), _EPOCH_MS).cast(pa.timestamp("ms", "UTC"))
    some = dice.sometimes(dice.texts("note ", 5000), 0.6)
    return pa.table({"id": dice.texts("", 10**15), "at": at, **numbers, **shares, **texts, "note": some})


def build(path: Path, codec: str, size: int, rows: Callable[[int], pa.Table] = events) -> None:
    """Write row groups to `path` until it holds about `size` bytes, with page checksums."""
    first = rows(0)
    options = {"compression": codec, "write_page_checksum": True}
    with pq.ParquetWriter(path, first.schema, **options) as writer:
        writer.write_table(first)
        groups = max(1, round(size / path.stat().st_size))
        for number in range(1, groups):
            writer.write_table(rows(number * 1000))


def _verify(path: Path) -> None:
    content = verify_parquet(LocalFile(path), Depth.FULL, Limits())
    if content.findings:
        raise SystemExit(f"{path.name}: {content.findings[0].message}")


def _read(path: Path, *, checked: bool) -> None:
    for _ in pq.ParquetFile(path, page_checksum_verification=checked).iter_batches():
        pass


def _on_one_core(work: Callable[[], object]) -> None:
    """Do some work with all its threads on one core, as far as the machine can be told so."""
    if not hasattr(os, "sched_setaffinity"):
        work()
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        work()
    finally:
        os.sched_setaffinity(0, cores)


def _query(connection: duckdb.DuckDBPyConnection, aggregate: str, path: Path) -> None:
    connection.execute(f"SELECT {aggregate} FROM read_parquet('{path}')").fetchall()


def _hash(path: Path) -> None:
    hashlib.sha256(path.read_bytes()).digest()


def _against_duckdb(folder: Path, size: int, runs: int) -> Iterator[Ratio]:
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    for kind, rows, aggregates in (("nested", events, (_COUNT, _EVERY_VALUE)), ("flat", flat, (_EVERY_VALUE,))):
        for codec in ("gzip", "snappy"):
            path = folder / f"{kind}.{codec}.parquet"
            build(path, codec, size, rows)
            name = f"{kind}, {codec}, {path.stat().st_size >> 20} MiB, one core"
            ours = partial(_on_one_core, partial(_verify, path))
            for aggregate in aggregates:
                peer = partial(_on_one_core, partial(_query, connection, aggregate, path))
                yield compare(name, ours, peer, runs=runs, peer_name=f"DuckDB {aggregate}", aim=1.3)
            hashing = partial(_on_one_core, partial(_hash, path))
            yield compare(f"SHA-256 alone, {name}", hashing, peer, runs=runs, peer_name=f"DuckDB {aggregate}", aim=None)
            path.unlink()


def _ratios(folder: Path, size: int, runs: int) -> Iterator[Ratio]:
    for codec in ("gzip", "snappy"):
        path = folder / f"events.{codec}.parquet"
        build(path, codec, size)
        ours = partial(_verify, path)
        name = f"full verification, {codec}, {path.stat().st_size >> 20} MiB"
        yield compare(
            name, ours, partial(_read, path, checked=False), runs=runs, peer_name="pyarrow iter_batches", aim=1.2
        )
        yield compare(
            name, ours, partial(_read, path, checked=True), runs=runs, peer_name="the same, page checksums on", aim=None
        )


def main(size_mib: int = 96, runs: int = 3) -> None:
    """Build the inputs in a temporary folder, time both and print the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        size = size_mib << 20
        report([*_against_duckdb(Path(folder), size, runs), *_ratios(Path(folder), size, runs)])
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    sys.stdout.write(f"\npeak resident memory of this process, both readers and making the input: {peak_mib} MiB\n")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
