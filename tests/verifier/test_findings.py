"""The register holds the contract's codes with the contract's levels; nothing in it lacks an explanation."""

from __future__ import annotations

import re

import pytest

from verifier.findings import REGISTER, Effect, Level
from verifier.model import finding

CONTRACT = """
layout: bad-export-time E, future-export-time W, odd-dataset-id W, stray-file W, marker I, nested-file W,
 second-write W, duplicate-part W, part-gap I, odd-file-name I, mixed-formats W, unexpected-format E, mixed-datasets W
file: empty E, kind-mismatch E, unknown-kind W, encrypted I, changed E, vanished E, expired I, duplicate-content W,
 unreadable E, checksum-mismatch E
gzip: truncated E, corrupt E, trailing-garbage E, bomb E
json: invalid-line E, not-an-object E, invalid-utf8 E, incomplete-last-line E, missing-final-newline I, blank-line I,
 byte-order-mark W, not-ndjson E, line-too-long E, too-deep E, no-rows I, lone-surrogate I, uncompressed W
parquet: not-parquet E, truncated E, bad-footer E, out-of-bounds E, corrupt-page E, row-count-mismatch E,
 invalid-utf8 E, bomb E, codec-mismatch W, no-rows I, no-page-checksums I, encrypted I, unsupported I
schema: differs-within-snapshot W, column-added I, column-removed W, type-changed W
manifest: missing W, invalid E, run-id-mismatch E, file-missing E, size-mismatch E, unlisted-file E, duplicate-entry W,
 duplicate-run W, off-time W, unsafe-path E, changed E, too-large E
snapshot: no-data-files E, empty E, no-new-data I, shrunk W, grown I, time-gap W, time-overlap W
schedule: missing E, late W, unknown W, unscheduled I, ends-soon W, ended E, stopped-together W, disabled W, changed W
zone: unreachable E, stale E, mass-vanish E, expiring E, empty W
"""
LEVELS = {"E": Level.ERROR, "W": Level.WARN, "I": Level.INFO}
CODES = {
    f"{family}.{name}": LEVELS[letter]
    for family, names in re.findall(r"(\w+): ([^:]+)(?=\n\w+:|\n$)", CONTRACT)
    for name, letter in re.findall(r"([a-z0-9-]+) ([EWI])\b", names)
}
UNVERIFIABLE = ("encrypted", "unsupported", "bomb", "too-deep", "line-too-long", "too-large")
CORRUPT = ("file.empty", "file.kind-mismatch", "file.changed", "file.checksum-mismatch", "layout.unexpected-format")


def test_the_contract_was_read_whole() -> None:
    assert len(CODES) == 90


@pytest.mark.parametrize(("code", "level"), CODES.items())
def test_a_code_of_the_contract_has_its_level(code: str, level: Level) -> None:
    assert REGISTER[code].level is level


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_code_does_to_a_verdict_what_the_contract_says(code: str) -> None:
    family, name = code.split(".")
    level, effect = REGISTER[code].level, REGISTER[code].effect
    if name in UNVERIFIABLE:
        expected = Effect.UNVERIFIABLE
    elif code == "file.unreadable":
        expected = Effect.UNKNOWN
    elif level is not Level.ERROR and code != "manifest.missing":
        expected = Effect.NONE
    elif family in ("json", "gzip", "parquet") or code in CORRUPT:
        expected = Effect.CORRUPT
    elif family == "manifest" or code in ("snapshot.no-data-files", "file.vanished"):
        expected = Effect.INCOMPLETE
    else:
        expected = Effect.NONE
    assert effect is expected


@pytest.mark.parametrize("code", sorted(REGISTER))
def test_every_code_is_explained(code: str) -> None:
    row = REGISTER[code]
    assert re.fullmatch(r"[a-z]+\.[a-z]+(-[a-z0-9]+)*", code)
    assert row.family == code.split(".")[0]
    for text in (row.meaning, row.advice):
        assert text.strip() == text != ""
        assert not text.endswith(".")


def test_a_code_that_is_not_registered_cannot_be_used() -> None:
    with pytest.raises(KeyError):
        finding("file.odd", "…")
