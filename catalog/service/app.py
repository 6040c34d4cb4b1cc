"""The application: which addresses there are, in which order a request passes what guards them; answers nothing."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles

from catalog.service.access.callers import guard_routes
from catalog.service.api import changes, evidence, health, jobs, judging, lookups, sql
from catalog.service.middleware.counted import install_counts
from catalog.service.middleware.headers import install_headers
from catalog.service.middleware.kept import install_kept
from catalog.service.middleware.methods import install_methods
from catalog.service.pages import audit, dataset, findings, login, overview, restore, scans, search, snapshot
from catalog.service.responses import problems
from catalog.service.service import Service
from catalog.workflow import tool_version

_ROUTERS = (
    health.router,
    lookups.router,
    judging.router,
    evidence.router,
    sql.router,
    changes.router,
    jobs.router,
    login.router,
    overview.router,
    dataset.router,
    snapshot.router,
    restore.router,
    scans.router,
    findings.router,
    audit.router,
    search.router,
)
_ABOUT = """\
What landed, whether it is whole, and what a restore needs: the documents of the `landproof` command over HTTP.

The words of a command are the path, its options the query parameters, its document the answer. Times are RFC 3339 in
UTC; sizes are bytes. Lists come in pages: follow `next`, or the `Link` header. Every answer has an `ETag`. What goes
wrong is told as `application/problem+json`.
"""


def create_app(service: Service) -> FastAPI:
    """Return the application over a service; what the service runs begins and ends with it."""
    app = FastAPI(
        title="landproof",
        version=tool_version(),
        summary="Proof that your exports landed",
        description=_ABOUT,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
    )
    app.state.service = service
    for router in _ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    problems.install(app)
    guard_routes(app)
    install_kept(app)
    install_methods(app)
    install_headers(app)
    install_counts(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    service.current.start()
    service.jobs.start()
    try:
        yield
    finally:
        service.jobs.stop()
        service.current.stop()


def _operation_id(route: APIRoute) -> str:
    """Name an operation by its address, which is stable, not by the function that answers."""
    method = min(route.methods) if route.methods else "get"
    return f"{method.lower()}_{re.sub(r'[^a-z0-9]+', '_', route.path_format.lower()).strip('_')}"
