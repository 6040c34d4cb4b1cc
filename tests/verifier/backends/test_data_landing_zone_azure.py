"""Landing zones on Azure: the SAS as given, as fetched from Adobe, and withdrawn while it is in use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from azure.storage.blob import AccessPolicy, ContainerClient, ContainerSasPermissions, generate_container_sas
from support.adobe_server import CREDENTIALS, Adobe, adobe, on_azure
from support.azure_store import AzureServer, azurite

from verifier.backends import azure
from verifier.backends.base import Backend, Expiring
from verifier.backends.registry import open_backend
from verifier.backends.urls import parse_location
from verifier.errors import DeniedError, NetworkError, NotFoundError

CONTAINER = "dlz-destination"
PATHS = [f"{number:02}" for number in range(12)]
pytestmark = pytest.mark.usefixtures("short_waits")
_policies = count()


class Zone:
    """The container that Adobe calls so on every account, and access to it under a stored policy."""

    def __init__(self, server: AzureServer) -> None:
        self.server = server
        self.client = ContainerClient(server.endpoint, CONTAINER, credential=server.key)
        self.client.create_container()
        for path in PATHS:
            self.client.upload_blob(f"exports/{path}", path.encode())

    def new_sas(self) -> str:
        """Return a SAS without an end under a policy of its own, in place of those before."""
        name, now = f"dlz-{next(_policies)}", datetime.now(UTC)
        rules = AccessPolicy(ContainerSasPermissions(read=True, list=True), now + timedelta(days=90), now)
        self.client.set_container_access_policy({name: rules})
        account, key = self.server.account, self.server.key
        return str(generate_container_sas(account, CONTAINER, key, policy_id=name))

    def withdraw(self) -> None:
        """End whatever was given out."""
        self.client.set_container_access_policy({})


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zone]:
    try:
        with azurite(tmp_path_factory.mktemp("azurite")) as server:
            made = Zone(server)
            with made.client:
                yield made
    except FileNotFoundError as error:
        pytest.skip(str(error))


@contextmanager
def landing(
    zone: Zone, url: str = "dlz://prod/exports", options: dict[str, object] | None = None, **grant: Any
) -> Iterator[tuple[Backend, Adobe]]:
    """Open the landing zone with Adobe giving a new SAS each time it is asked, the one before withdrawn."""
    with ExitStack() as stack:
        given = on_azure(zone.server.endpoint, "")
        server = stack.enter_context(adobe(lambda number: {**given, "SASToken": zone.new_sas(), **grant}))
        place = parse_location(url, server.options(**(options or {})), "data-landing-zone")
        yield stack.enter_context(closing(open_backend(place))), server


def listed(backend: Backend) -> list[str]:
    return [file.path for page in backend.list() for file in page]


@pytest.mark.parametrize("path", ["", "/exports"])
def test_a_bare_sas_uri_of_adobes_container_is_a_landing_zone(zone: Zone, path: str) -> None:
    sas = zone.server.container_sas(CONTAINER, hours=5)
    place = parse_location(f"{zone.server.endpoint}/{CONTAINER}{path}?{sas}")
    assert place.url == f"abfss://{CONTAINER}@{zone.server.account}.dfs.core.windows.net{path}"
    with closing(open_backend(place)) as backend:
        assert listed(backend) == [f"{'' if path else 'exports/'}{name}" for name in PATHS]
        assert isinstance(backend, Expiring)
        ends = backend.expires_at()
        assert ends is not None
        assert timedelta(hours=4) < ends - datetime.now(UTC) < timedelta(hours=6)
        assert backend.capabilities.lifetime == timedelta(days=7)
        assert not backend.access().renews


def test_what_adobe_gives_is_used_and_its_end_is_nobodys_concern(zone: Zone) -> None:
    with landing(zone) as (backend, server):
        assert server.requests == []
        assert listed(backend) == PATHS
        assert b"".join(backend.open(next(iter(backend.list()))[3]).stream()) == b"03"
        assert isinstance(backend, Expiring)
        assert backend.expires_at() is None
        assert backend.access().renews
        assert len(server.asked(CREDENTIALS)) == 1


def test_an_answer_without_a_uri_names_account_and_container(zone: Zone) -> None:
    with landing(zone, options={"endpoint_url": zone.server.endpoint}, SASUri=None) as (backend, _):
        assert listed(backend) == PATHS


def test_a_sas_withdrawn_in_mid_listing_is_fetched_again(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(azure, "PAGE_BLOBS", 5)
    with landing(zone) as (backend, server):
        pages = backend.list()
        found = [file.path for file in next(pages)]
        assert len(found) == 5
        zone.withdraw()
        assert found + [file.path for page in pages for file in page] == PATHS
        assert len(server.asked(CREDENTIALS)) == 2


def test_a_sas_withdrawn_before_a_file_is_read_is_fetched_again(zone: Zone) -> None:
    with landing(zone) as (backend, server):
        (page,) = backend.list()
        zone.withdraw()
        assert backend.open(page[7]).read_range(0, 2) == b"07"
        assert len(server.asked(CREDENTIALS)) == 2


def test_a_sas_that_was_given_by_hand_and_is_withdrawn_is_denied(zone: Zone) -> None:
    place = parse_location(f"{zone.server.endpoint}/{CONTAINER}?{zone.new_sas()}")
    with closing(open_backend(place)) as backend:
        assert len(listed(backend)) == len(PATHS)
        zone.withdraw()
        with pytest.raises(DeniedError):
            listed(backend)


def test_a_url_of_another_account_is_not_found(zone: Zone) -> None:
    url = f"az://{CONTAINER}@another.blob.core.windows.net/exports"
    with landing(zone, url) as (backend, _), pytest.raises(NotFoundError, match="landing zone of sandbox prod is at"):
        listed(backend)


def test_an_answer_that_contradicts_itself_is_not_believed(zone: Zone) -> None:
    with landing(zone, containerName="another") as (backend, _), pytest.raises(NetworkError, match="another container"):
        listed(backend)
