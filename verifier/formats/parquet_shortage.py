"""Tells a decoder's errors that are this machine's fault, too little memory or no thread, from those of the bytes.

What else an error may mean is not its business.
"""

from __future__ import annotations

import re

from verifier.formats.base import MIB

_SENTENCES = (
    "failed to launch worker thread",
    "can't start new thread",
    "insufficient memory",
    "not enough memory",
    "cannot allocate memory",
    "bad_alloc",
)
"""How pyarrow and its codecs say it in errors that are not of the kind MemoryError."""
_ASKED_FOR = re.compile(r"alloc of size (\d+) failed")
_NO_MACHINE_HAS = 1 << 40
_SPARE = 64 * MIB


def refuse_shortage(error: Exception) -> None:
    """Raise MemoryError where an error says nothing about the bytes that were being decoded; otherwise return.

    An allocation beyond what any machine has was asked for by damaged bytes. Some codecs call data corrupt when they
    get no memory, so that an error seen while little is left says nothing either.
    """
    text = str(error)
    asked_for = _ASKED_FOR.search(text)
    if asked_for and int(asked_for[1]) >= _NO_MACHINE_HAS:
        return
    if isinstance(error, MemoryError) or any(sentence in text.lower() for sentence in _SENTENCES):
        raise MemoryError("not enough memory or threads to decode") from error
    bytearray(_SPARE)
