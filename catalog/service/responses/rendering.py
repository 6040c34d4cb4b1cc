"""Templates into text, and how values look on pages; which document a page shows is not its business."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from catalog import words
from catalog.answers import moment
from catalog.evidence.report.words import visible
from catalog.service.responses import links
from catalog.service.values import Role
from catalog.version import version_line

_JSON, _HTML = "application/json", "text/html"
_FOR_PROGRAMS = (links.API, "/openapi.json", "/healthz", "/readyz", "/metrics")
FORM = "landproof.form"
"""Where the scope of a request that was a form of a page keeps the page to go back to."""


def wants_json(request: Request) -> bool:
    """Tell whether a request is for a document: below /api, with `format=json`, or where it accepts no page."""
    if FORM in request.scope:
        return False
    path = request.url.path
    if path in _FOR_PROGRAMS or path.startswith(f"{links.API}/"):
        return True
    if request.query_params.get("format") == "json":
        return True
    accepts = request.headers.get("accept", "*/*")
    return _HTML not in accepts and _JSON in accepts


def render(request: Request, template: str, context: Mapping[str, Any]) -> str:
    """Return a page.

    Beside its context a template has `caller`, `may(role)`, `path` and `query`, and of the copy that is answered from
    `copied_at` and `trouble`.
    """
    caller = getattr(request.state, "caller", None)

    def may(role: str) -> bool:
        return caller is not None and caller.may_change and caller.role.covers(Role(role))

    current = request.app.state.service.current
    trouble = current.trouble
    asked = request.url.include_query_params(format="json")
    shared = {
        "caller": caller,
        "may": may,
        "copied_at": moment(current.copied_at),
        "trouble": trouble and {"since": moment(trouble.since), "message": trouble.message, "hint": trouble.hint},
        "path": request.url.path,
        "query": request.query_params,
        "is_fragment": request.headers.get("hx-request") == "true" and request.headers.get("hx-boosted") != "true",
        "json_url": f"{asked.path}?{asked.query}",
        "version": version_line().split()[-1],
    }
    return environment().get_template(template).render(shared | dict(context))


@cache
def environment() -> Environment:
    """Return the one environment of all templates: everything is escaped, what is not there is an error."""
    made = Environment(
        loader=PackageLoader("catalog.service"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_shown,
    )
    made.filters |= {
        "bytes": words.size,
        "number": words.number,
        "duration": duration,
        "when": words.when,
        "ago": ago,
        "words": _words,
    }
    made.tests["error"] = lambda finding: finding["level"] == "error"
    for name in ("url_dataset", "url_snapshot", "url_scan", "url_job", "url_with"):
        made.globals[name] = getattr(links, name)
    made.globals["plural"] = words.plural
    return made


def duration(seconds: float | None) -> str:
    """Write a length of time as people say it: `40 s`, `12 min`, `5 h`, `3 days`; the unit that leaves 2 or more."""
    if seconds is None:
        return "-"
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if abs(seconds) >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def ago(text: str | None, now: str) -> str:
    """Write how long before (or after) a moment another one is, both as documents spell them."""
    if text is None:
        return "never"
    length: timedelta = datetime.fromisoformat(now) - datetime.fromisoformat(text)
    seconds = length.total_seconds()
    return f"{duration(seconds)} ago" if seconds >= 0 else f"in {duration(-seconds)}"


def _words(value: str) -> str:
    """Write a word of a document with spaces."""
    return value.replace("_", " ").replace("-", " ")


def _shown(value: object) -> object:
    """What is told of others may hide or reorder what is read; markup of our own is left as it is."""
    if value is None:
        return "-"
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
