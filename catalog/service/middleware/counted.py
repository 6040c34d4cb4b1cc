"""Counts requests by address, method and status, and how long each took; looks into none."""

from __future__ import annotations

import time
from http import HTTPStatus

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
"""What is no address or method of the service: whoever asks cannot make new series."""


class Counts:
    """The requests of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "landproof_http_requests",
            "Requests that were answered.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self._durations = Histogram(
            "landproof_http_request_duration_seconds",
            "How long it took to answer, to the last byte.",
            ("route", "method"),
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """Take in one request, by the address as the route spells it."""
        route = str(getattr(scope.get("route"), "path", None) or OTHER)
        method = scope["method"] if scope["method"] in _METHODS else OTHER
        self._requests.labels(route, method, str(status)).inc()
        self._durations.labels(route, method).observe(seconds)


def install_counts(app: FastAPI) -> None:
    """Count the requests of an app, those that are refused by what was added before, too."""
    app.state.counts = Counts()
    app.add_middleware(_Counting, counts=app.state.counts)


class _Counting:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, counts: Counts) -> None:
        self._app, self._counts = app, counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, and count it whatever becomes of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), int(HTTPStatus.INTERNAL_SERVER_ERROR)

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            self._counts.count(scope, status, time.perf_counter() - began)
