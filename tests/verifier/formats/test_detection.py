"""Seeded damage in every kind of file: all that a checksum covers is noticed, and all else once the file is known.

The small sibling of `python -m bench.detection`, which compares us with other tools.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Sequence
from functools import cache
from itertools import groupby

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.parquet_files import StoredBytes

from bench.detection.damage import Plant, plants
from bench.detection.samples import Sample, samples
from verifier.findings import Level
from verifier.formats.base import Limits
from verifier.layout import kind_by_name
from verifier.model import Content, Depth
from verifier.verify import VALIDATORS

SEED = 4
COUNT = 6
by_group = pytest.mark.parametrize(
    "group", ["NDJSON.gz", "Parquet gzip, no page checksums", "Parquet, no checksums", "Parquet, page checksums"]
)


@cache
def groups() -> dict[str, Sequence[Sample]]:
    ordered = sorted(samples(SEED), key=lambda sample: sample.group)
    return {name: tuple(group) for name, group in groupby(ordered, key=lambda sample: sample.group)}


def looked_at(sample: Sample, data: bytes) -> Content:
    return VALIDATORS[kind_by_name(sample.name)](StoredBytes(data, sample.name), Depth.FULL, Limits())


def is_noticed(content: Content) -> bool:
    return any(found.level is Level.ERROR for found in content.findings)


def changes_nothing(plant: Plant) -> bool:
    """Prove with other tools than ours that every value is what it was, since gzip's CRC is of expanded bytes."""
    if plant.sample.is_of_stored_bytes:
        return False
    if plant.sample.is_parquet:
        before, after = (pq.read_table(pa.BufferReader(data)) for data in (plant.sample.data, plant.data))
        return bool(before.equals(after))
    return gzip.decompress(plant.sample.data) == gzip.decompress(plant.data)


@by_group
def test_damage_in_covered_bytes_is_an_error_and_any_other_changes_the_hash(group: str) -> None:
    required = 0
    for plant in plants(groups()[group], COUNT, SEED):
        content = looked_at(plant.sample, plant.data)
        required += plant.must
        assert is_noticed(content) or not plant.must or changes_nothing(plant), (plant.sample.name, plant.row)
        assert content.sha256 == hashlib.sha256(plant.data).hexdigest()
    assert required >= (COUNT if group == "Parquet, no checksums" else 3 * COUNT)


@by_group
def test_what_no_checksum_covers_is_counted_to_the_byte(group: str) -> None:
    for sample in groups()[group]:
        content = looked_at(sample, sample.data)
        assert not is_noticed(content), sample.name
        assert content.rows == 320
        assert content.facts["unchecked_bytes"] == len(sample.data) - sample.covered_bytes
