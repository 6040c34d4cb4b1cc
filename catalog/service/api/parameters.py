"""What may stand behind the question mark of an address, from texts into values; what is asked with it is not here.

Every mistake is told in the words of the house, and nothing is passed over: a parameter that nobody reads is refused,
since an answer to another question would look like one to this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Annotated, Any, get_args, get_origin

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field, PlainValidator, WithJsonSchema

from catalog.service.access.callers import Viewer
from catalog.service.responses.problems import Problem
from catalog.settings.values import nearest, shown
from verifier.model import Depth, Verdict

MOST, USUAL = 1000, 100
"""How many of a list one answer holds: at most, and unless asked otherwise."""
_LONGEST = 4096


def text(value: object) -> str:
    """Read a text that names something. Raises ValueError for an empty one, a NUL, and one that is longer than any."""
    if not isinstance(value, str) or not value:
        raise ValueError("expected a text, got none")
    if len(value) > _LONGEST:
        raise ValueError(f"expected at most {_LONGEST} characters, got {len(value)}")
    if "\0" in value:
        raise ValueError("expected a text without NUL, got one with it")
    return value


def _text_or_none(value: object) -> str | None:
    """Read a text that need not be given: a form sends an empty one for what nobody filled in."""
    return None if value in (None, "") else text(value)


def _flag(value: object) -> bool:
    if value in ("true", "false"):
        return value == "true"
    raise ValueError(f"expected true or false, got {shown(value)}")


def whole_number(least: int, most: int) -> Callable[[object], int]:
    """Return what reads a whole number between two others, both included."""

    def read(value: object) -> int:
        is_number = isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 18
        if not is_number or not least <= (number := int(str(value))) <= most:
            raise ValueError(f"expected a whole number from {least} to {most}, got {shown(value)}")
        return number

    return read


def word_of(words: type[Enum]) -> Callable[[object], Any]:
    """Return what reads one of the words of an enumeration."""
    known = [str(one.value) for one in words]

    def read(value: object) -> Enum:
        if value in known:
            return words(value)
        near = f"; the nearest is {nearest(value, known)}" if isinstance(value, str) and value else ""
        raise ValueError(f"expected one of {', '.join(known)}, got {shown(value)}{near}")

    return read


def words_or_empty(words: type[Enum]) -> dict[str, Any]:
    """Return the schema of one of some words, or of an empty text, which a form sends for what nobody chose."""
    return {"type": "string", "enum": [*(str(one.value) for one in words), ""]}


def word_or_none(words: type[Enum]) -> tuple[PlainValidator, WithJsonSchema]:
    """Return what reads one of some words, an empty text as none, with its schema."""
    read = word_of(words)
    reading = PlainValidator(lambda value: None if value in (None, "") else read(value))
    return reading, WithJsonSchema(words_or_empty(words))


_TEXT = {"type": "string", "maxLength": _LONGEST, "pattern": "^[^\\u0000]*$"}
_NAME = _TEXT | {"minLength": 1, "pattern": "^[^\\u0000]+$"}

Name = Annotated[str, PlainValidator(text), WithJsonSchema(_NAME)]
Text = Annotated[str | None, PlainValidator(_text_or_none), WithJsonSchema(_TEXT)]
Flag = Annotated[bool, PlainValidator(_flag), WithJsonSchema({"type": "boolean"})]
VerdictWord = Annotated[Verdict | None, *word_or_none(Verdict)]
DepthWord = Annotated[
    Depth, PlainValidator(word_of(Depth)), WithJsonSchema({"type": "string", "enum": [one.value for one in Depth]})
]
Limit = Annotated[
    int, PlainValidator(whole_number(1, MOST)), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST})
]

ZONE = Field(None, description="Only this zone.", examples=["cja"])
DATASET = Field(None, description="Only this dataset: its id, ZONE/ID or a unique name.", examples=["Web events"])
FROM = Field(None, alias="from", description="From here on, by export time; a date is its beginning.")
TO = Field(None, alias="to", description="Up to here, by export time, included; a date is its end.")


class Paged(BaseModel):
    """What every list takes."""

    limit: Limit = Field(USUAL, description=f"At most so many; {MOST} at most.", examples=[USUAL])
    cursor: Text = Field(None, description="Where the page before this one said that it goes on: its `next`.")


async def refuse_unknown(request: Request) -> None:
    """Raise `Problem` for a parameter that the route does not read, naming the nearest, and for one given twice."""
    route = request.scope["route"]
    assert isinstance(route, APIRoute)
    kinds = dict(_read_by(route.dependant))
    for name in request.query_params:
        if name not in kinds:
            hint = f"the nearest known is {nearest(name, sorted(kinds))}" if kinds else "it takes none"
            raise Problem(400, f"no parameter {shown(name)} at this address", hint)
        many = len(request.query_params.getlist(name))
        if many > 1 and get_origin(kinds[name]) is not list:
            raise Problem(400, f"{name}: expected it once, got it {many} times")


def _read_by(dependant: Dependant) -> Iterator[tuple[str, object]]:
    """Yield the parameters that a route and what it depends on read, each with its type."""
    for field in dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from ((one.alias or name, one.annotation) for name, one in kind.model_fields.items())
        else:
            yield field.alias, kind
    for inner in dependant.dependencies:
        yield from _read_by(inner)


READING = [get_args(Viewer)[1], Depends(refuse_unknown)]
"""What every route that reads depends on, in this order: who is not let in is told nothing else."""
