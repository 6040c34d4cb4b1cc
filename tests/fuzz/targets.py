"""Every parser of bytes or text that nobody vouches for: how to call it, valid input, and what it may raise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One parser. `may_raise` is what its documentation says; `inputs` are damaged forms of what it is made for."""

    name: str
    parse: Callable[[bytes], object]
    inputs: st.SearchStrategy[bytes]
    may_raise: tuple[type[Exception], ...] = ()
    examples: int = 40
    """How many inputs the short run tries."""


def as_text(data: bytes) -> str:
    """Return any bytes as a text, lone surrogates included, as the operating system hands them over."""
    return data.decode("utf-8", "surrogateescape")
