"""Documents too many for memory on their way into a larger one: kept in a private file, given back one by one."""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile

import msgspec

from catalog.answers import Document

_IN_MEMORY_BYTES = 1 << 20


class Spool:
    """A list of documents, to be added to and then gone through, as often as wanted; a small one stays in memory."""

    def __init__(self) -> None:
        # Without a name, so that whatever ends the program leaves nothing behind.
        self._file = SpooledTemporaryFile(_IN_MEMORY_BYTES, mode="w+b")  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def add(self, document: Document) -> None:
        """Take in one more; all of them before any is given back."""
        try:
            line = msgspec.json.encode(document)
        except UnicodeEncodeError:  # the name of a file need not be what UTF-8 can hold
            line = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
        self._file.write(line + b"\n")

    def __iter__(self) -> Iterator[Document]:
        for line in self._lines():
            try:
                yield msgspec.json.decode(line)
            except UnicodeDecodeError:
                yield json.loads(line.decode("utf-8", "surrogatepass"))

    def indented(self, depth: int) -> Iterator[str]:
        """Yield the list as `json.dumps` lays it out with an indent of 1, `depth` levels below the top."""
        between = "["
        for line in self._lines():
            text = msgspec.json.format(line, indent=1).decode("utf-8", "surrogatepass")
            yield f"{between}{_line_start(depth + 1)}{_deeper(text, depth + 1)}"
            between = ","
        yield "[]" if between == "[" else f"{_line_start(depth)}]"

    def _lines(self) -> Iterator[bytes]:
        self._file.seek(0)
        return iter(self._file)


def indented(document: Document, depth: int = 0) -> Iterator[str]:
    """Yield a document, with spools for lists here and there, as `json.dumps` lays it out with an indent of 1."""
    between = "{"
    for name, value in document.items():
        yield f"{between}{_line_start(depth + 1)}{json.dumps(name, ensure_ascii=False)}: "
        between = ","
        if isinstance(value, Spool):
            yield from value.indented(depth + 1)
        elif isinstance(value, dict) and any(isinstance(inner, Spool) for inner in value.values()):
            yield from indented(value, depth + 1)
        else:
            yield _deeper(json.dumps(value, indent=1, ensure_ascii=False), depth + 1)
    yield "{}" if between == "{" else f"{_line_start(depth)}}}"


def _line_start(depth: int) -> str:
    return f"\n{' ' * depth}"


def _deeper(text: str, depth: int) -> str:
    """Indent text that was laid out at the top; no string of JSON holds a line's end."""
    return text.replace("\n", _line_start(depth))
