"""Has row groups decoded and names what fails: by column, page and offset, as exactly as can be known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from verifier.formats.parquet_bounds import where
from verifier.formats.parquet_bytes import Stored
from verifier.formats.parquet_decode import FOREIGN_ERRORS, Decoder, code_of
from verifier.formats.parquet_entries import judge_entries
from verifier.formats.parquet_footer import Footer, Leaf
from verifier.formats.parquet_parts import single
from verifier.formats.parquet_plan import Plan, is_text_or_bytes
from verifier.formats.parquet_shapes import Shapes
from verifier.formats.parquet_unpack import decompress
from verifier.formats.parquet_walk import Place, Role, Walk
from verifier.model import Where

_SENTENCES = {
    "unsupported": "our reader cannot decode this",
    "bomb": "decoding needs more memory than there is",
    "invalid-utf8": "text is not valid UTF-8",
    "corrupt-page": "decoding fails",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong and where; becomes a finding of the family parquet."""

    code: str
    message: str
    where: Where


@dataclass(frozen=True, slots=True)
class Decoded:
    """What came of one row group: its rows, or None where they could not be counted, and what was wrong."""

    rows: int | None
    problems: tuple[Problem, ...] = ()


def decode_group(decoder: Decoder, plan: Plan, file: Stored, footer: Footer) -> Decoded:
    """Decode the planned chunks with full validation. Raises SourceError where the store fails."""
    if decoder.is_sound(plan):
        return Decoded(plan.rows)
    try:
        return Decoded(decoder.plain_rows(plan))
    except FOREIGN_ERRORS as error:
        return Decoded(None, tuple(_Search(decoder, file, footer).problems(plan, code_of(error))))


class _Search:
    """Decodes the chunks of a row group one by one, and the pages of those that fail."""

    def __init__(self, decoder: Decoder, file: Stored, footer: Footer) -> None:
        self._decoder = decoder
        self._file = file
        self._footer = footer

    def problems(self, plan: Plan, code: str) -> Iterator[Problem]:
        """Yield what is wrong with which page or column, or with the row group where every column alone is well."""
        found = False
        for walk in plan.walks:
            try:
                self._decoder.plain_rows(plan.only(walk))
            except FOREIGN_ERRORS as error:
                found = True
                yield from self._of_chunk(walk, code_of(error))
        if not found:
            message = f"{_SENTENCES[code]} when the columns are put together"
            yield Problem(code, message, {"row_group": plan.number})

    def _of_chunk(self, walk: Walk, code: str) -> Iterator[Problem]:
        if code == "unsupported" and walk.unlisted_encoding:
            # No writer used an encoding that its footer does not list: the page's header is damaged.
            code = "corrupt-page"
        at = where(walk.chunk, self._footer)
        found = False
        if code in ("corrupt-page", "invalid-utf8"):
            for number, place, of_page in self._of_pages(walk):
                found = True
                page = {**at, "page": number, "offset": place.offset}
                yield Problem(of_page, f"a page: {_SENTENCES[of_page]}", page)
        if not found:
            yield Problem(code, _SENTENCES[code], at)

    def _of_pages(self, walk: Walk) -> Iterator[tuple[int, Place, str]]:
        """Yield the pages of a chunk that fail by themselves."""
        leaf = self._footer.leaves[walk.chunk.leaf]
        is_first = True
        for number, place in enumerate(walk.places):
            # The rows of a repeated column may run on from page to page, where version 1 is not told to end them.
            starts_rows = is_first or not leaf.repeats or walk.version2_rows is not None
            is_first = is_first and place.role not in (Role.INDEXED, Role.PLAIN)
            try:
                self._judge(walk, leaf, place, starts_rows=starts_rows)
            except FOREIGN_ERRORS as error:
                code = code_of(error)
                yield number, place, code if code == "invalid-utf8" else "corrupt-page"

    def _judge(self, walk: Walk, leaf: Leaf, place: Place, *, starts_rows: bool) -> None:
        if place.role is Role.OTHER:
            return
        decompress(place, walk.chunk.codec, self._file.read_range)
        if place.role is not Role.DICTIONARY:
            if starts_rows:
                self._decoder.part_rows(single(walk, leaf, place, self._file.read_range), Shapes())
        elif is_text_or_bytes(leaf):
            judge_entries([(walk, leaf)], self._file.read_range)
