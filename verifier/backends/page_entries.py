"""The entries of a page of a listing in XML, read at once where they are plain; not what their fields mean.

A tree of elements costs ten times as much as all else that a page needs. What is read here is a part of XML that is
decided without one: entries without attributes, comments and entities, each in the shape of one before it. Whatever is
otherwise is left to a whole parser, which comes to the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_DECLARED = rb'<\?xml version="1\.0"(?: encoding="(?i:utf-8)")?(?: standalone="(?:yes|no)")?\s*\?>'
_PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:" + _DECLARED + rb")?\s*<[A-Za-z]")
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9.-]*)(/?)>")
_SPACE = r"[ \t\n]*"
_NOT_TEXT = bytes({*range(32)} - {9, 10})  # in XML; and CR, which it reads as LF
_NOT_PLAIN = ("&", "]]>", "\ufffe", "\uffff")
_GREATEST_ENTRY = 1 << 14  # a key is no longer than 1024 bytes
_QUOTES = re.compile("&quot;|&#34;")

Tags = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Plain:
    """The asked fields of every entry, in the page's order, and the page with one empty element in their place."""

    rows: Sequence[tuple[str, ...]]
    frame: bytes


@dataclass(frozen=True, slots=True)
class _Shape:
    """What matches one entry, and the number of the group for each field."""

    pattern: re.Pattern[str]
    groups: tuple[int, ...]


def plain_entries(body: bytes, name: str, fields: tuple[str, ...]) -> Plain | None:
    """Read all entries called `name` from a page; None where one is not plain or lacks a field, or there is none.

    A field is a path below its entry, as in "Properties/Etag". The entries are well-formed; that the page is, and that
    they stand right below its root, is known when `frame` is whole XML whose root has one child called `name`.
    """
    begin, end = body.find(f"<{name}>".encode()), body.rfind(f"</{name}>".encode())
    if begin < 0 or end < begin or not _PROLOG.match(body):
        return None
    end += len(name) + 3
    text = _text(body[begin:end])
    rows = _rows(text, name, fields) if text else None
    return Plain(rows, body[:begin] + f"<{name}/>".encode() + body[end:]) if rows else None


def _text(piece: bytes) -> str | None:
    """Decode a piece of a page; None where it holds what is none in XML, or what it stands for is not what it says."""
    if len(piece.translate(None, _NOT_TEXT)) != len(piece):
        return None
    try:
        text = piece.decode()
    except UnicodeDecodeError:
        return None
    if "&" in text:
        text = _QUOTES.sub('"', text)
    return None if any(sign in text for sign in _NOT_PLAIN) else text


def _rows(text: str, name: str, fields: tuple[str, ...]) -> list[tuple[str, ...]] | None:
    rows, position, last = [], 0, f"</{name}>"
    while position < len(text):
        entry = text[position : text.find(last, position) + len(last)]
        shape = _shape(tuple(_TAG.findall(entry)), name, fields) if len(entry) <= _GREATEST_ENTRY else None
        begin = position
        while shape and (match := shape.pattern.match(text, position)):
            rows.append(match.group(*shape.groups))
            position = match.end()
        if position == begin:
            return None
    return rows


@lru_cache(maxsize=64)
def _shape(tags: Tags, name: str, fields: tuple[str, ...]) -> _Shape | None:
    """Return what matches an entry of these tags in this order; None where they do not nest, or a field is missing."""
    pattern, path, found = "", list[str](), list[str]()
    if tags[:1] != (("", name, ""),):
        return None
    for number, (closes, tag, is_empty) in enumerate(tags):
        pattern += re.escape(f"<{closes}{tag}{is_empty}>")
        is_leaf = False
        if closes:
            if is_empty or not path or path.pop() != tag:
                return None
        elif not is_empty:
            if number and not path:
                return None
            path.append(tag)
            is_leaf = tags[number + 1 : number + 2] == (("/", tag, ""),)
        field = "/".join(path[1:])
        if is_leaf and field in fields:
            found.append(field)
        pattern += ("([^<]*)" if field in fields else "[^<]*") if is_leaf else _SPACE
    if path or sorted(found) != sorted(fields):
        return None
    return _Shape(re.compile(pattern), tuple(found.index(field) + 1 for field in fields))
