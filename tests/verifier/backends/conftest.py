"""An S3 server for the backend's tests, and buckets in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from support.servers import S3Server, moto_s3
from support.stores import S3Store

from verifier.backends import retry

PAGE_KEYS = 10
_numbers = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Moto's S3 server with pages of ten keys."""
    with moto_s3(tmp_path_factory.mktemp("moto"), page_keys=PAGE_KEYS) as server:
        yield server


@pytest.fixture
def store(server: S3Server) -> S3Store:
    """An empty bucket."""
    return S3Store(server, f"bucket-{next(_numbers)}")


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three tries and hardly a pause between them."""
    monkeypatch.setattr(retry, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(retry, "GREATEST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(retry, "TRIES", 3)
