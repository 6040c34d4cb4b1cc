"""Whether the service lives, whether it can answer, and its metrics; what it watches over is judged elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from catalog.metrics.families import registry_of
from catalog.service.access.callers import Viewer
from catalog.service.current.copy import Current
from catalog.service.middleware.kept import Kept
from catalog.service.responses.problems import Problem
from catalog.service.service import service_of
from verifier.errors import CatalogError

router = APIRouter(tags=["health"])

_MOST_BEHIND = timedelta(minutes=1)
"""How long renewing may fail before others should be asked in place of this service."""
_TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {}}}}


@router.get("/healthz", summary="Whether the process answers", response_class=PlainTextResponse)
async def healthz() -> str:
    """Answer `ok`, whatever the catalog is like."""
    return "ok\n"


@router.get(
    "/readyz",
    summary="Whether it can answer questions",
    response_class=PlainTextResponse,
    responses={503: {"description": "there is no copy of the catalog, or one that could not be renewed lately"}},
)
async def readyz(request: Request) -> str:
    """Answer `ok` while there is a copy of the catalog that could be renewed lately; why not is told to nobody here."""
    service = service_of(request)
    trouble = service.current.trouble
    is_behind = trouble is not None and service.clock() - trouble.since > _MOST_BEHIND
    if service.current.generation is None or is_behind:
        raise Problem(503, "not ready", headers={"Retry-After": "5"})
    return "ok\n"


@router.get("/metrics", summary="Metrics of the watch and of the service", response_class=Response, responses=_TEXT)
def metrics(request: Request, _: Viewer, accept: Annotated[str, Header()] = "") -> Response:
    """Answer in the text format of Prometheus, or in that of OpenMetrics.

    What the watch is worth is computed once a minute at most. 503 where the catalog cannot be read: then the scrape
    fails, which alert rules see.
    """
    current = service_of(request).current
    if current.trouble:
        raise CatalogError(current.trouble.message, hint=current.trouble.hint)
    encode, content_type = choose_encoder(accept)
    own = CollectorRegistry()
    own.register(_Own(current, request.app.state.kept))
    registries = [registry_of(current.facts()), own]
    counts = getattr(request.app.state, "counts", None)
    if counts:
        registries.append(counts.registry)
    every = CollectorRegistry()
    every.register(_Joined(registries))
    return Response(encode(every), headers={"Cache-Control": "no-store", "Content-Type": content_type})


class _Joined(Collector):
    """Gives the families of several registries as one."""

    def __init__(self, registries: list[CollectorRegistry]) -> None:
        self._registries = registries

    def collect(self) -> Iterator[Metric]:
        """Yield the families of one after the other."""
        for registry in self._registries:
            yield from registry.collect()


class _Own(Collector):
    """Tells of the copy that is served, and how answers were given."""

    def __init__(self, current: Current, kept: Kept) -> None:
        self._current, self._kept = current, kept

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        current, kept = self._current, self._kept
        if current.copied_at:
            name, text = "landproof_copy_timestamp_seconds", "When the copy of the catalog that is served was made."
            yield GaugeMetricFamily(name, text, current.copied_at.timestamp())
        yield CounterMetricFamily("landproof_copies", "How often the catalog was copied.", current.copies_made)
        yield GaugeMetricFamily("landproof_copies_held", "Copies that are open.", current.copies_held)
        yield GaugeMetricFamily("landproof_kept_answers_bytes", "Bytes of answers that are kept.", kept.shelf.bytes)
        answers = CounterMetricFamily(
            "landproof_answers",
            "Answers of the copy: as kept, one from before a renewal, shared while it was made, or made.",
            labels=("how",),
        )
        for how, count in kept.counts.items():
            answers.add_metric([how], count)
        yield answers
