"""How texts of Adobe's, which may be long and hold anything, stand in our messages; not what they mean.

Pure. A name is quoted, so that a reader sees where it ends.
"""

from __future__ import annotations

from catalog.adobe.model import RunError

_MOST_OF_A_NAME = 80
_MOST_OF_A_MESSAGE = 200
_MOST_ERRORS = 5


def short(text: str, most: int = _MOST_OF_A_MESSAGE) -> str:
    """Return a text on one line, with what would steer a terminal escaped, cut off with dots where it is too long."""
    line = "".join(map(_shown, " ".join(text.split())))
    return line if len(line) <= most else f"{line[: most - 1]}…"


def quoted(name: str) -> str:
    """Return a name in quotes, short."""
    return f"'{short(name, _MOST_OF_A_NAME)}'"


def named(thing: str, identity: str, name: str | None) -> str:
    """Return how a thing with an id is called: by its name, where it has one, and its id."""
    plain = short(identity, _MOST_OF_A_NAME)
    return f"{thing} {quoted(name)} ({plain})" if name else f"{thing} {plain}"


def errors_text(errors: tuple[RunError, ...]) -> str | None:
    """Return what Adobe says went wrong, a few of its codes and messages, None where it says nothing."""
    parts = [_error(one) for one in errors[:_MOST_ERRORS]]
    more = len(errors) - len(parts)
    return "; ".join([*parts, *([f"and {more} more"] if more else [])]) or None


def _error(error: RunError) -> str:
    code = short(error.code, _MOST_OF_A_NAME) if error.code else ""
    text = " ".join(part for part in (code, short(error.message)) if part) or "no message"
    return f"{text} ({error.count} rows)" if error.count else text


def _shown(sign: str) -> str:
    return sign if sign.isprintable() else sign.encode("unicode_escape", "backslashreplace").decode()
