"""What a SAS says of itself, and what credentials allow where they do not say; changes nothing in the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs

from verifier.backends.azure_errors import NO_PERMISSION
from verifier.errors import ChangedError, DeniedError, NotFoundError, SourceError

_LETTERS = {
    "a": "add",
    "c": "create",
    "w": "write",
    "d": "delete",
    "x": "delete versions",
    "y": "delete for good",
    "t": "tags",
    "m": "move",
    "o": "own",
    "p": "permissions",
    "i": "immutability",
    "u": "update",
}
"""What a letter of `sp` stands for; r, l, e and f only read."""

EVERYTHING = ("create", "write", "delete")


def expiry_of(sas: str) -> datetime | None:
    """Return when a SAS ends, as it says; None where a stored access policy says so or it is none."""
    text = parse_qs(sas).get("se", [""])[0]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def beyond_reading_of(sas: str) -> tuple[str, ...] | None:
    """Return what a SAS says that it allows beyond reading; None where a stored access policy says so or it is none."""
    letters = parse_qs(sas).get("sp", [""])[0]
    return tuple(_LETTERS[letter] for letter in letters if letter in _LETTERS) if letters else None


def tried(attempts: Iterator[tuple[str, Callable[[], object]]]) -> tuple[str, ...] | None:
    """Return the names of the attempts, none of which can succeed, that fail for another reason than permission.

    None where one fails for a reason that tells nothing. Raises `DeniedError` where the credentials are wrong.
    """
    allowed = []
    for name, attempt in attempts:
        try:
            attempt()
            allowed.append(name)
        except (NotFoundError, ChangedError):
            allowed.append(name)
        except DeniedError as error:
            if not error.message.endswith(NO_PERMISSION):
                raise
        except SourceError:
            return None
    return tuple(allowed)
