"""Canonical JSON (RFC 8785) of the values that evidence is made of; what has several spellings is not taken."""

from __future__ import annotations

import msgspec

Plain = str | int | bool | None | list["Plain"] | dict[str, "Plain"]
"""What can be told in one way only: no fractions, whose text differs between languages."""

_MOST = 2**53
_ENCODER = msgspec.json.Encoder(order="sorted")


def canonical(value: Plain) -> bytes:
    """Return a value's only JSON: keys sorted, nothing between tokens, UTF-8.

    Raises ValueError for what has no canonical form here: a fraction, an integer beyond 2^53 (RFC 8785 tells numbers as
    doubles), a key that is not ASCII (keys sort by UTF-16), a lone surrogate.
    """
    return canonical_plain(checked(value))


def canonical_plain(value: Plain) -> bytes:
    """Return the same of a value that is known to have a canonical form, four times as fast.

    Raises ValueError for a lone surrogate.
    """
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        raise ValueError("expected text, got a lone surrogate") from None


def checked(value: Plain) -> Plain:
    """Return a value that has a canonical form. Raises ValueError for any other, but for a lone surrogate."""
    _check(value)
    return value


def _check(value: object) -> None:
    kind = type(value)
    if value is None or kind is str or kind is bool:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise ValueError("expected keys of ASCII letters")
            _check(inner)
    elif isinstance(value, list):
        for inner in value:
            _check(inner)
    elif isinstance(value, str):
        return
    elif not isinstance(value, int):
        raise ValueError(f"expected a plain value, got {type(value).__name__}")
    elif not -_MOST < value < _MOST:
        raise ValueError("expected an integer below 2^53")
