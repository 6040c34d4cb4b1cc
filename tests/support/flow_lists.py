"""How Flow Service filters, sorts, counts and pages what it lists; not what it keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from support.flow_rules import refusal

Item = dict[str, Any]
Params = Sequence[tuple[str, str]]
_FILTER = re.compile(r"([\w.\[\]]+)(==|!=|>=|<=|>|<)(.*)")


def listed(items: list[Item], path: str, params: Params, most: int) -> Item:
    """Answer for a list: the newest first unless asked otherwise, with the link to its next page."""
    asked = dict(params)
    if "count" in asked and "limit" in asked:
        raise refusal(400, "FLOW-1401-400", "Limit cannot be used with count")
    for name, value in params:
        if name == "property":
            items = [item for item in items if _matches(item, value)]
    if asked.get("count") == "true":
        return {"count": len(items)}
    order = asked.get("orderby", "-createdAt")
    field = order.lstrip("+- ")
    items = sorted(items, key=lambda item: next(_values(item, field), 0), reverse=order.startswith("-"))
    limit = asked.get("limit", "20")
    if not limit.isdecimal() or not 1 <= int(limit) <= 100:
        raise refusal(400, "FLOW-1400-400", "Limit must be from 1 to 100")
    start = _start(asked.get("continuationToken"))
    end = start + min(int(limit), most)
    links: Item = {}
    if end < len(items):
        kept = [(name, value) for name, value in params if name != "continuationToken"]
        links = {"next": {"href": f"{path}?{urlencode([*kept, ('continuationToken', _token(end))])}"}}
    return {"items": items[start:end], "_links": links, "count": len(items[start:end])}


def sliced(items: list[Item], params: Params, most: int) -> Item:
    """Answer for the list of datasets, which is counted from a start."""
    asked = dict(params)
    for name in ("outputType", "outputField"):
        if name not in asked:
            raise refusal(400, "FLOW-1400-400", "Parameter missing")
    limit = int(asked.get("limit", "20"))
    if not 1 <= limit <= 100:
        raise refusal(400, "FLOW-1400-400", "Limit must be from 1 to 100")
    start = int(asked.get("start", "0"))
    end = min(start + min(limit, most), len(items))
    wanted = {"id", *asked["properties"].split(",")} if "properties" in asked else None
    found = [{k: v for k, v in item.items() if wanted is None or k in wanted} for item in items[start:end]]
    info = {"start": start, "end": end - 1, "total": len(items), "hasNext": end < len(items)}
    return {"items": found, "pageInfo": info}


def _token(start: int) -> str:
    return f"from={start}&mark==/+x"


def _start(token: str | None) -> int:
    if token is None:
        return 0
    match = re.fullmatch(r"from=(\d+)&mark==/\+x", token)
    if not match:
        raise refusal(400, "FLOW-1400-400", "Continuation token invalid")
    return int(match[1])


def _matches(item: Item, text: str) -> bool:
    match = _FILTER.fullmatch(text)
    if not match:
        raise refusal(400, "FLOW-1400-400", "Filter invalid")
    path, sign, wanted = match.groups()
    values = list(_values(item, path))
    if sign in ("==", "!="):
        choices = wanted.split(",")
        return any(str(value).lower() in [c.lower() for c in choices] for value in values) == (sign == "==")
    tests = {">": lambda v, w: v > w, "<": lambda v, w: v < w, ">=": lambda v, w: v >= w, "<=": lambda v, w: v <= w}
    return any(tests[sign](value, float(wanted)) for value in values)


def _values(item: Any, path: str) -> Iterator[Any]:
    """Yield what stands at a path; `[]` after a name is each item of an array."""
    name, _, rest = path.partition(".")
    if not isinstance(item, dict) or item.get(name.removesuffix("[]")) is None:
        return
    inner = item[name.removesuffix("[]")]
    for one in inner if name.endswith("[]") else [inner]:
        if rest:
            yield from _values(one, rest)
        else:
            yield one
