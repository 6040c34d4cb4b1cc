"""Judges a Parquet footer by itself, before anything is decoded: bounds, overlaps, sums, promises, codecs."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.formats.base import MIB, Limits
from verifier.formats.parquet_findings import Findings
from verifier.formats.parquet_footer import Chunk, Footer, RowGroup

HEAD = 4
_RATIO_FLOOR = 256 * MIB
_CODECS = ("uncompressed", "snappy", "gzip", "lzo", "brotli", "lz4", "zstd", "lz4_raw")
_DECODABLE = ("uncompressed", "snappy", "gzip", "brotli", "lz4", "zstd", "lz4_raw")
_NAMED = {".gz.parquet": "gzip", ".snappy.parquet": "snappy"}


def codec_name(number: int) -> str:
    """Name a codec by its number in the format."""
    return _CODECS[number] if 0 <= number < len(_CODECS) else f"codec {number}"


def decodable(codec: int) -> bool:
    """Tell whether our reader has this codec."""
    return codec_name(codec) in _DECODABLE


def has_place(chunk: Chunk, footer: Footer) -> bool:
    """Tell whether a chunk lies where data may lie: after the head and before the footer."""
    return chunk.size > 0 and chunk.start >= HEAD and chunk.end <= footer.start


def judge_footer(footer: Footer, path: str, limits: Limits, findings: Findings) -> None:
    """Add what is wrong with the footer; after `bomb` and `encrypted` nothing of the file may be decoded."""
    if footer.encrypted or any(chunk.encrypted for chunk in footer.chunks):
        findings.add("encrypted", "the file is encrypted by Parquet's own means")
        return
    _judge_promises(footer, limits, findings)
    if footer.rows < 0 or footer.rows != sum(group.rows for group in footer.groups):
        rows = sum(group.rows for group in footer.groups)
        findings.add("bad-footer", "the row groups do not add up to the file's rows", expected=footer.rows, actual=rows)
    for number, group in enumerate(footer.groups):
        _judge_counts(number, group, footer, findings)
    held = [chunk for chunk in footer.chunks if chunk.values > 0]
    for chunk in held:
        _judge_place(chunk, footer, findings)
    _judge_overlaps((chunk for chunk in held if has_place(chunk, footer)), footer, findings)
    _judge_codecs(held, path, findings)
    if not footer.rows and not held:
        findings.add("no-rows", "the file holds no rows")


def where(chunk: Chunk, footer: Footer) -> dict[str, int | str]:
    """Say where a chunk is: row group and column."""
    return {"row_group": chunk.group, "column": footer.leaves[chunk.leaf].name}


def _judge_promises(footer: Footer, limits: Limits, findings: Findings) -> None:
    chunks = footer.chunks
    rows = max([footer.rows, *(group.rows for group in footer.groups), *(chunk.values for chunk in chunks)], default=0)
    if rows > limits.rows:
        findings.add("bomb", "the footer promises more rows than the limit", expected=limits.rows, actual=rows)
    expanded = sum(max(chunk.expanded, 0) for chunk in chunks)
    values = sum(max(chunk.values, 0) for chunk in chunks)
    if max(expanded, values) > limits.expanded_bytes:
        actual = max(expanded, values)
        findings.add(
            "bomb", "the footer promises more bytes than the limit", expected=limits.expanded_bytes, actual=actual
        )
    if expanded > _RATIO_FLOOR and expanded > limits.expansion_ratio * footer.start:
        ratio = expanded // footer.start
        message = "the footer promises to expand further than the limit"
        findings.add("bomb", message, expected=limits.expansion_ratio, actual=ratio)


def _judge_counts(number: int, group: RowGroup, footer: Footer, findings: Findings) -> None:
    if group.rows < 0:
        findings.add("bad-footer", "a row group has a negative row count", where={"row_group": number})
        return
    for chunk in group.chunks:
        at = where(chunk, footer)
        repeats = footer.leaves[chunk.leaf].repeats
        if min(chunk.values, chunk.size, chunk.expanded) < 0:
            findings.add("bad-footer", "a column chunk has a negative count or size", where=at)
        elif chunk.values < group.rows or (chunk.values > group.rows and not (repeats and group.rows)):
            message = "a column chunk has another number of values than its row group has rows"
            findings.add("bad-footer", message, where=at, expected=group.rows, actual=chunk.values)


def _judge_place(chunk: Chunk, footer: Footer, findings: Findings) -> None:
    at = where(chunk, footer)
    allowed = f"within {HEAD} to {footer.start}"
    if chunk.elsewhere:
        findings.add("unsupported", "the column chunk stands in another file", where=at)
        return
    if not has_place(chunk, footer):
        actual = f"{chunk.start} to {chunk.end}"
        findings.add(
            "out-of-bounds", "a column chunk lies outside the file's data", where=at, expected=allowed, actual=actual
        )
    elif chunk.dictionary_offset > 0 and not chunk.start <= chunk.dictionary_offset < chunk.end:
        message = "a dictionary page lies outside its chunk"
        findings.add("out-of-bounds", message, where=at, actual=chunk.dictionary_offset)
    elif not chunk.data_offset < chunk.end:
        message = "a data page lies outside its chunk"
        findings.add("out-of-bounds", message, where=at, actual=chunk.data_offset)
    for start, length in chunk.indexes:
        if start and not HEAD <= start <= start + length <= footer.start:
            findings.add(
                "out-of-bounds", "an index lies outside the file's data", where=at, expected=allowed, actual=start
            )


def _judge_overlaps(chunks: Iterable[Chunk], footer: Footer, findings: Findings) -> None:
    end, owner = HEAD, None
    for chunk in sorted(chunks, key=lambda chunk: (chunk.start, chunk.end)):
        if owner is not None and chunk.start < end:
            other = where(owner, footer)
            message = f"a column chunk overlaps row group {other['row_group']}, column {other['column']}"
            findings.add(
                "out-of-bounds", message, where=where(chunk, footer), expected=f"from {end}", actual=chunk.start
            )
        if chunk.end > end:
            end, owner = chunk.end, chunk


def _judge_codecs(chunks: Iterable[Chunk], path: str, findings: Findings) -> None:
    firsts: dict[int, Chunk] = {}
    for chunk in chunks:
        firsts.setdefault(chunk.codec, chunk)
    for codec in firsts:
        if not decodable(codec):
            findings.add(
                "unsupported", f"pages are compressed with {codec_name(codec)}, which our reader does not have"
            )
    expected = next((codec for ending, codec in _NAMED.items() if path.lower().endswith(ending)), None)
    actual = sorted(codec_name(codec) for codec in firsts)
    if expected and actual and actual != [expected]:
        message = "pages are not compressed as the file name says"
        findings.add("codec-mismatch", message, expected=expected, actual=", ".join(actual))
