"""Learn the top-level keys, their types and the span of event times while checking lines at full speed.

Lines are decoded into a struct of the keys seen so far, whose values stay raw: one pass checks the grammar, that each
line is one object and that it holds no unseen key. Not UTF-8, depth or line length, which the caller checks.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Annotated, Any, cast

import msgspec

from verifier.formats.base import MIB
from verifier.formats.json_line import type_word
from verifier.formats.json_order import KeyOrder
from verifier.model import Column

_EVENT_KEY = "timestamp"
_EVENT_FIELD = "event_time"
_EVENT_TYPE = Annotated[datetime, msgspec.Meta(tz=True)]
_SAMPLE_LINES = 1000
_ORDER_LINES = 100
_MOST_KEYS = 2000
_LONGEST_KEY = 1000
_LEARNABLE_BYTES = 4 * MIB
_NOT_JSON = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)

_time_of: Callable[[Any], datetime | None] = attrgetter(_EVENT_FIELD)
_event_time = msgspec.json.Decoder(_EVENT_TYPE).decode
_record = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Shape:
    """What the objects of one file have in common; nothing is claimed that was not seen.

    `columns` is the union of the keys of all lines taken, or None once there are more than 2000, one is longer than
    1000 characters, or an object of more than 4 MiB has unseen ones. `events` needs a `timestamp` with an offset in
    each line.
    """

    def __init__(self) -> None:
        self._types: dict[str, str] = {}
        self._order = KeyOrder()
        self._nulls: set[str] = set()
        self._presence: Counter[str] = Counter()
        self._sampled = 0
        self._open_ended = False
        self._events_hold = True
        self._span: tuple[datetime, datetime] | None = None
        self._stale = False
        self._build()

    def take(self, lines: Sequence[bytes]) -> bool:
        """Take lines that are objects, one each, or return False and take none when one of them is not."""
        if self._sampled < _SAMPLE_LINES and not self._open_ended:
            return self._learn(lines)
        try:
            if self._events_hold:
                self._stretch(list(map(_time_of, map(self._decode, lines))))
            else:
                deque(map(self._decode, lines), maxlen=0)
        except msgspec.ValidationError:
            return self._learn(lines)
        except _NOT_JSON:
            return False
        return True

    @property
    def columns(self) -> tuple[Column, ...] | None:
        """The top-level keys in the order first seen, or None when that cannot be told for all lines."""
        if self._open_ended:
            return None
        sampled = self._sampled
        return tuple(Column(name, word, self._presence[name] == sampled) for name, word in self._types.items())

    @property
    def events(self) -> tuple[datetime, datetime] | None:
        """The least and greatest event time (aware, UTC), or None when a line has none that can be read."""
        if self._span is None or not self._events_hold:
            return None
        try:
            return self._span[0].astimezone(UTC), self._span[1].astimezone(UTC)
        except OverflowError:
            return None

    def _learn(self, lines: Sequence[bytes]) -> bool:
        """Take lines the slower way: one dictionary each, so that unseen keys and odd times are found."""
        if self._open_ended or max(map(len, lines)) > _LEARNABLE_BYTES:
            return self._take_as_any(lines)
        try:
            records = list(map(_record, lines))
        except _NOT_JSON:
            return False
        for record in records:
            self._note(record)
        self._stretch(list(map(_time_in, records)))
        if len(self._types) > _MOST_KEYS or max(map(len, self._types), default=0) > _LONGEST_KEY:
            self._give_up_columns()
        if self._stale:
            self._build()
        return True

    def _note(self, record: dict[str, msgspec.Raw]) -> None:
        fresh = not record.keys() <= self._types.keys()
        if fresh or not self._nulls.isdisjoint(record):
            self._note_types(record)
        if fresh or self._sampled < _ORDER_LINES:
            self._order.note(record)
        if self._sampled < _SAMPLE_LINES:
            self._sampled += 1
            self._presence.update(record.keys())

    def _note_types(self, record: dict[str, msgspec.Raw]) -> None:
        for name, value in record.items():
            known = self._types.get(name)
            if known in (None, "null"):
                word = type_word(bytes(memoryview(value)[:1]))
                self._stale |= word != known
                self._types[name] = word
                (self._nulls.add if word == "null" else self._nulls.discard)(name)

    def _take_as_any(self, lines: Sequence[bytes]) -> bool:
        """Take lines of which no more is asked than to be objects; what else they hold can no longer be told."""
        try:
            for line in lines:
                _any_object(line)
        except _NOT_JSON:
            return False
        self._give_up_columns()
        self._events_hold = False
        self._build()
        return True

    def _give_up_columns(self) -> None:
        self._open_ended = self._stale = True
        self._types = {name: word for name, word in self._types.items() if name == _EVENT_KEY}
        self._order = KeyOrder()
        self._order.note(self._types)
        self._nulls.intersection_update(self._types)
        self._presence.clear()

    def _stretch(self, times: Sequence[datetime | None]) -> None:
        """Widen the span of event times; one line without any ends it."""
        if not self._events_hold:
            return
        known = cast("Sequence[datetime]", times)
        try:
            both = (*(self._span or ()), min(known), max(known))
            self._span = (min(both), max(both))
        except TypeError:  # None has no order
            self._events_hold, self._stale = False, True

    def _build(self) -> None:
        """Make the decoder of the keys seen so far.

        The keys stand in an order that fits most lines: the decoder looks for each where the one before it was found.
        A key seen with null only is allowed null only, so that its first other value is noticed. Keys that a struct
        cannot have are left out: lines that hold one are learned each time.
        """
        fields: list[tuple[str, Any, Any]] = []
        for index, name in enumerate(self._order.keys()):
            word = self._types[name]
            if name == _EVENT_KEY and self._events_hold:
                fields.append((_EVENT_FIELD, _EVENT_TYPE, msgspec.field(default=None, name=name)))
            elif _is_field_name(name):
                kind = None if word == "null" else msgspec.Raw
                fields.append((f"key{index}", kind, msgspec.field(default=None, name=name)))
        known = msgspec.defstruct("Known", fields, forbid_unknown_fields=not self._open_ended, gc=False)
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(known).decode
        self._stale = False


class _AnyObject(msgspec.Struct):
    """An object of which nothing is kept."""


_any_object = msgspec.json.Decoder(_AnyObject).decode


def _time_in(record: dict[str, msgspec.Raw]) -> datetime | None:
    try:
        return _event_time(record[_EVENT_KEY])
    except (KeyError, msgspec.DecodeError):
        return None


def _is_field_name(name: str) -> bool:
    return not any(letter in '"\\' or letter < " " for letter in name)
