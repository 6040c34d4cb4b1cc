"""By what means files are read: whose workers, how fast; the options that say so and the engine they come to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

import typer

from catalog.settings.loading import Settings
from catalog.settings.values import parse_size
from catalog.targets import Target
from verifier.engine import Engine, Rates
from verifier.errors import UsageError


class Kind(StrEnum):
    """Whose workers read."""

    LOCAL = "local"
    DASK = "dask"


_WORKERS = "Worker processes (default: one a core); 0: none, work in this one."
_ENGINE = "Read by this machine's workers or by those of a Dask cluster."
_SCHEDULER = "Where the cluster's scheduler is, as in tcp://host:8786."
_BYTES = "Fetch no more bytes of files than this, as in 50MiB, over all workers."
_REQUESTS = "Send no more requests to stores than this, over all workers."

Workers = Annotated[int | None, typer.Option("--workers", metavar="N", min=0, help=_WORKERS)]
EngineKind = Annotated[Kind, typer.Option("--engine", help=_ENGINE)]
Scheduler = Annotated[str | None, typer.Option("--scheduler", metavar="ADDRESS", help=_SCHEDULER)]
MostBytes = Annotated[str | None, typer.Option("--max-bytes-per-second", metavar="SIZE", help=_BYTES)]
MostRequests = Annotated[int | None, typer.Option("--max-requests-per-second", metavar="N", min=1, help=_REQUESTS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """How files are to be read. `workers` None is one a core; `scheduler` None is this machine."""

    workers: int | None = None
    scheduler: str | None = None
    rates: Rates = field(default_factory=Rates)

    def engine(self, targets: Sequence[Target], settings: Settings) -> Engine:
        """Return the engine, for these places.

        Raises `UsageError` where it is not installed or a secret would have to travel, `NetworkError` where no cluster
        answers.
        """
        workers = os.cpu_count() or 1 if self.workers is None else self.workers
        if self.scheduler is None:
            return Engine(workers, rates=self.rates)
        from catalog.scans.luggage import pack
        from verifier.engine_cluster import Cluster

        return Engine(0, Cluster(self.scheduler, pack(targets, settings)))


def parse_means(
    kind: Kind, scheduler: str | None, workers: int | None, most_bytes: str | None, most_requests: int | None
) -> Means:
    """Take the options together. Raises `UsageError` for what does not go together or is no size."""
    rates = Rates(bytes=_size(most_bytes), requests=most_requests)
    if kind is Kind.LOCAL and scheduler is not None:
        raise UsageError("--scheduler goes with --engine dask")
    if kind is Kind.DASK:
        if not scheduler:
            raise UsageError("--engine dask needs --scheduler", hint="as in --scheduler tcp://host:8786")
        if workers is not None:
            raise UsageError("--workers goes with --engine local", hint="a cluster's workers are started beside it")
        if rates != Rates():
            raise UsageError("rates are kept over the workers of one machine, not over a cluster's")
    return Means(workers=workers, scheduler=scheduler, rates=rates)


def _size(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_size(int(text) if text.isdecimal() else text)
    except ValueError as error:
        raise UsageError(f"--max-bytes-per-second: {error}") from None
