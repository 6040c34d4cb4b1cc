"""Text that UTF-8 cannot hold, such as file names in other bytes, to text that it can, and exactly back; no JSON here.

A lone surrogate moves to a private plane; what stood there already is told from it by a mark before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_SHIFT = 0x100000
_MARK = "\U0010e000"
_SURROGATE = re.compile("[\ud800-\udfff]")
_TAKEN = re.compile("[\U0010d800-\U0010dfff\U0010e000]")
_KEPT = re.compile("\U0010e000(.)|([\U0010d800-\U0010dfff])", re.DOTALL)


def kept(text: str) -> str:
    """Return text as UTF-8 can hold it; most text as it is."""
    if text.isascii():
        return text
    marked = _TAKEN.sub(lambda found: _MARK + found[0], text)
    return _SURROGATE.sub(lambda found: chr(ord(found[0]) + _SHIFT), marked)


def given_back(text: str) -> str:
    """Return text as it was before `kept`."""
    if text.isascii():
        return text
    return _KEPT.sub(lambda found: found[1] or chr(ord(found[2]) - _SHIFT), text)


def may_be_kept(line: bytes) -> bool:
    """Tell whether UTF-8 holds a character that `kept` writes; where not, `kept` and `given_back` change nothing."""
    return b"\xf4\x8d" in line or b"\xf4\x8e\x80\x80" in line


def each_text(value: Any, change: Callable[[str], str]) -> Any:
    """Return plain JSON values with every text, keys included, changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(key): each_text(item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [each_text(item, change) for item in value]
    return value
