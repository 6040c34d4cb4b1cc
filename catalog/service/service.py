"""A running service, and the question of a request to it; answers nothing, and runs nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Query, Request

from catalog.questions.inquiry import Inquiry
from catalog.questions.moments import parse_known_at
from catalog.service.access.callers import Access
from catalog.service.current.copy import Current
from catalog.service.jobs.runner import Jobs
from catalog.service.responses.problems import Problem
from catalog.settings.loading import Settings
from catalog.store.database import Catalog


@dataclass(frozen=True, slots=True)
class Service:
    """One running service. `catalog` is the catalog itself, for what records; answers come from `current`."""

    settings: Settings
    config: Path | None
    catalog: Catalog
    current: Current
    access: Access
    jobs: Jobs
    clock: Callable[[], datetime]

    @property
    def is_before_all(self) -> bool:
        """Whether nobody has recorded anything yet: there is no catalog, and never was while this service ran."""
        return self.current.generation is None and self.current.trouble is None and not self.catalog.exists


def service_of(request: Request) -> Service:
    """Return the running service of a request."""
    service: Service = request.app.state.service
    return service


def nothing_recorded(service: Service) -> Problem:
    """Return what every question is answered with before the first scan."""
    detail = f"catalog {service.catalog.path}: does not exist, so nobody has looked at anything yet"
    hint = "run a scan first: landproof scan, or as an operator at /scans"
    return Problem(503, detail, hint, "Nothing is recorded yet", {"Retry-After": "10"})


def inquiry_of(service: Service) -> Inquiry:
    """Return a question to the copy of the catalog; where there is no catalog yet, to that: a scan can make one."""
    if service.current.generation is None and not service.catalog.exists:
        return Inquiry(service.settings, service.catalog)
    return service.current.inquiry()


def _inquiry(request: Request, known_at: datetime | None = None) -> Inquiry:
    service = service_of(request)
    if service.is_before_all:
        raise nothing_recorded(service)
    return service.current.inquiry(known_at)


async def _asked(request: Request) -> Inquiry:
    return _inquiry(request)


async def _asked_then(
    request: Request,
    as_known_at: Annotated[
        str | None,
        Query(description="Answer with what was recorded by this moment.", examples=["2026-11-01T00:00:00Z"]),
    ] = None,
) -> Inquiry:
    return _inquiry(request, parse_known_at(as_known_at or None, "as_known_at"))


Asked = Annotated[Inquiry, Depends(_asked)]
"""The question of a request: settings and the newest copy of the catalog, the same for all of the request."""

AskedThen = Annotated[Inquiry, Depends(_asked_then)]
"""The same, as known at the moment that the request names, if it names one."""
