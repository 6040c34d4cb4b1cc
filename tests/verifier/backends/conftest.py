"""The servers for the backends' tests, and empty places on them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import pytest
from support.azure_store import AzureServer, AzureStore, azurite
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


@pytest.fixture(scope="session")
def azure_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureServer]:
    """Azurite, where it is installed."""
    try:
        with azurite(tmp_path_factory.mktemp("azurite")) as server:
            yield server
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture
def azure(azure_server: AzureServer, monkeypatch: pytest.MonkeyPatch) -> AzureStore:
    """An empty container, opened by the account's key; the environment says nothing of another."""
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    return AzureStore(azure_server, f"container-{next(_numbers)}", "azure-account-key")


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three tries and hardly a pause between them."""
    monkeypatch.setattr(retry, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(retry, "GREATEST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(retry, "TRIES", 3)
