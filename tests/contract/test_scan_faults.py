"""Faults between the command and every store over a network: exit 3, never a finding about data, nothing gone."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from support.destinations import Destination, one_of_each_place, zone_settings
from support.landproof import Answer, Document
from support.proxy import Proxy, Rule, faulty_proxy, shorten
from support.sftp_store import SftpStore
from support.stores import HttpStore, Store
from support.tcp_proxy import How, Spoil, tcp_proxy
from support.zones import ALPHA, Zone, daily, some_json

from fixtures.content import TIME, events, json_part, lines
from verifier.backends.base import Location
from verifier.backends.registry import open_backend

FILES = 6
OLD = ["202609180100", "202609190100"]
pytestmark = pytest.mark.usefixtures("short_waits")


def _rows(place: str) -> pytest.MarkDecorator:
    """Try the first row of each place of HTTP or SSH."""
    rows = [row for row in one_of_each_place() if (row.wire if place == "http" else row.place.startswith("sftp"))]
    return pytest.mark.parametrize("destination", rows, ids=lambda row: row.name, indirect=True)


over_http, over_ssh = _rows("http"), _rows("ssh")


@dataclass(frozen=True, slots=True)
class Landing:
    """A zone at a store; its files are made on disk and uploaded as they are."""

    zone: Zone
    store: Store

    def begin(self, place: Location) -> None:
        """Land two good exports and scan them, reached as this place; all later scans go there too."""
        for time in OLD:
            self.land(time)
        dataset = daily(ALPHA, "manifest = true")  # not to be learned, so that a third export changes no terms
        settings = f'[catalog]\npath = "landproof.duckdb"\n[zones.zone]\n{zone_settings(place)}{dataset}'
        self.zone.config.write_text(settings, encoding="utf-8")
        self.is_sound()

    def land(self, time: str, *more: bytes) -> None:
        """Export once, with more files than the small ones if there are any."""
        parts = {json_part(number): data for number, data in enumerate([*(some_json() for _ in range(FILES)), *more])}
        folder = self.zone.export(ALPHA, time, parts, manifest_in="snapshot")
        for path in sorted((self.zone.root / folder).iterdir()):
            self.store.put(f"{folder}/{path.name}", path.read_bytes())

    def scan(self) -> Answer:
        """Scan without waiting; nothing secret is said."""
        seen = self.zone.scan("--settle-minutes", 0)
        assert not [secret for secret in self.store.secrets if secret in seen.out + seen.err]
        return seen

    def recorded(self) -> Sequence[Document]:
        """Return what the catalog knows of the snapshots."""
        snapshots: Sequence[Document] = self.zone.run("snapshots").document["snapshots"]
        return snapshots

    def is_unreachable(self, kind: str) -> None:
        """Scan while the listing is spoiled: nothing is said of data, and nothing recorded."""
        before = self.recorded()
        seen = self.scan()
        (zone,) = seen.document["zones"]
        assert (seen.status, set(seen.codes), seen.document["snapshots"]) == (3, {"zone.unreachable"}, [])
        assert (zone["complete"], zone["error"]["kind"]) == (False, kind)
        assert self.recorded() == before

    def is_unreadable(self) -> None:
        """Scan while reading is spoiled: the newest export is unknown, and nothing is said of its data."""
        seen = self.scan()
        assert (seen.status, set(seen.codes)) == (3, {"file.unreadable"})
        assert seen.verdicts == {**dict.fromkeys(OLD, "good"), TIME: "unknown"}
        assert seen.document["zones"][0]["complete"]

    def is_sound(self) -> None:
        """Scan without a fault: all is good and there."""
        seen = self.scan()
        assert (seen.status, seen.codes, set(seen.verdicts.values())) == (0, {}, {"good"})
        assert {snapshot["presence"] for snapshot in self.recorded()} == {"present"}


@pytest.fixture
def landing(store: Store, tmp_path: Path) -> Landing:
    """A zone that nothing has landed in yet."""
    return Landing(Zone(tmp_path), store)


@pytest.fixture
def proxy(landing: Landing) -> Iterator[Proxy]:
    """A proxy before the store, through which two good exports were scanned."""
    store = cast(HttpStore, landing.store)
    with faulty_proxy(store.url) as proxy:
        landing.begin(store.through(proxy.url))
        yield proxy


@over_http
def test_a_listing_that_breaks_says_nothing_of_the_data(
    destination: Destination, landing: Landing, proxy: Proxy
) -> None:
    store, wire = cast(HttpStore, landing.store), destination.wire
    assert wire
    last_page = 2 if destination.page_files < 2 * (FILES + 1) else 1
    for fault, kind in ((wire.throttled, "network"), (wire.expired, "denied")):
        proxy.rules[:] = [Rule(store.is_listing, fault, on=range(last_page, 1000))]
        landing.is_unreachable(kind)
    proxy.rules.clear()
    landing.is_sound()


@over_http
def test_reading_that_breaks_says_nothing_of_the_data(destination: Destination, landing: Landing, proxy: Proxy) -> None:
    store, wire = cast(HttpStore, landing.store), destination.wire
    assert wire
    landing.land(TIME)
    for fault in (shorten(20), wire.expired):
        proxy.rules[:] = [Rule(store.is_read, fault)]
        landing.is_unreadable()
    proxy.rules.clear()
    landing.is_sound()


@over_ssh
def test_a_connection_that_breaks_says_nothing_of_the_data(landing: Landing) -> None:
    store = cast(SftpStore, landing.store)
    with tcp_proxy(store.server.port) as proxy:
        with closing(open_backend(store.through(proxy.port))) as backend:
            backend.access()
        to_log_in = proxy.received[1]
        landing.begin(store.through(proxy.port))
        proxy.spoils[:] = [Spoil(How.RESET, to_log_in + 300, on=())]
        landing.is_unreachable("network")
        landing.land(TIME, gzip.compress(lines(events(9, 4000)), 0))  # some 700,000 bytes
        proxy.spoils[:] = [Spoil(How.RESET, to_log_in + 200_000, on=())]
        landing.is_unreadable()
        proxy.spoils.clear()
        landing.is_sound()
