"""Read single values out of Adobe's JSON, which leaves much out and spells some of it in two ways; not what they mean.

What is absent or null is None; what is there in a shape that nobody sends is an `AnswerError` that names the place and
never what stands there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from verifier.errors import SourceError

_WHOLE = re.compile(r"[0-9]{1,18}")
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999: a greater number of seconds is one of milliseconds."""
_FIRST_MILLISECOND = 100_000_000_000
"""March 1973: a smaller number of milliseconds is one of seconds."""


class AnswerError(SourceError):
    """An answer of Adobe, or a document said to be one, has a shape that Flow Service does not send."""

    kind = "answer"


@dataclass(frozen=True, slots=True)
class Shape:
    """An object of a JSON document and where it stands, as in `run.metrics`."""

    values: Mapping[str, object]
    where: str

    def inner(self, *names: str) -> Shape:
        """Return the object below a path of names, an empty one where there is none."""
        shape = self
        for name in names:
            found = shape.values.get(name)
            where = f"{shape.where}.{name}"
            shape = Shape({}, where) if found is None else shape_of(found, where)
        return shape

    def items(self, name: str) -> Iterator[Shape]:
        """Yield the objects of an array, none where there is none."""
        for at, value in enumerate(self._list(name)):
            yield shape_of(value, f"{self.where}.{name}[{at}]")

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of an array."""
        found = self._list(name)
        if not all(isinstance(value, str) for value in found):
            raise self._odd(name, "an array of texts")
        return tuple(str(value) for value in found)

    def text(self, *names: str) -> str | None:
        """Return a text, the first that is there under any of these names."""
        for name in names:
            value = self.values.get(name)
            if isinstance(value, str):
                return value
            if value is not None:
                raise self._odd(name, "a text")
        return None

    def needed(self, name: str) -> str:
        """Return a text that must be there and not be empty."""
        found = self.text(name)
        if not found:
            raise self._odd(name, "a text")
        return found

    def count(self, *names: str) -> int | None:
        """Return a whole number from 0 on, the first that is there under any of these names."""
        for name in names:
            value = self.values.get(name)
            if value is None:
                continue
            number = int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else value
            if isinstance(number, float) and number.is_integer():
                number = int(number)
            if not isinstance(number, int) or isinstance(number, bool) or number < 0:
                raise self._odd(name, "a whole number from 0 on")
            return number
        return None

    def truth(self, name: str) -> bool | None:
        """Return a truth value."""
        value = self.values.get(name)
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if value is not None and not isinstance(value, bool):
            raise self._odd(name, "true or false")
        return value

    def moment(self, *names: str) -> datetime | None:
        """Return a moment given in epoch milliseconds; 0 is none."""
        number = self.count(*names)
        return self._moment(names[0], number if number is None or number >= _FIRST_MILLISECOND else number * 1000)

    def moment_of_seconds(self, *names: str) -> datetime | None:
        """Return a moment given in epoch seconds, as schedules are; 0 is none."""
        number = self.count(*names)
        return self._moment(names[0], number if number is None or number > _LAST_SECOND else number * 1000)

    def _moment(self, name: str, milliseconds: int | None) -> datetime | None:
        if not milliseconds:
            return None
        seconds, rest = divmod(milliseconds, 1000)
        try:
            return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)
        except (OverflowError, ValueError, OSError):
            raise self._odd(name, "a time") from None

    def _list(self, name: str) -> list[object]:
        found = self.values.get(name)
        if found is None:
            return []
        if not isinstance(found, list):
            raise self._odd(name, "an array")
        return found

    def _odd(self, name: str, expected: str) -> AnswerError:
        got = _named(self.values.get(name))
        return AnswerError(f"{self.where}.{name}: expected {expected}, got {got}")


def shape_of(value: object, where: str) -> Shape:
    """Return an object of a document. Raises `AnswerError` where it is something else."""
    if not isinstance(value, Mapping):
        raise AnswerError(f"{where}: expected an object, got {_named(value)}")
    return Shape(value, where)


def _named(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "an array"
    return "an object"
