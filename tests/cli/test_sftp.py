"""A zone on an SFTP server, whose protocol shows no clock: what its times say is not believed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.destinations import zone_settings
from support.sftp_servers import openssh
from support.sftp_store import KeyStore
from support.zones import ALPHA, Zone

from fixtures.content import TIME

LONG_AGO = 1_600_000_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyStore]:
    """A folder that holds one snapshot without a manifest, its times long past."""
    with openssh(tmp_path_factory.mktemp("sshd")) as server:
        store = KeyStore(server, "exports")
        made = Zone(tmp_path_factory.mktemp("made"), "exports")
        made.export(ALPHA, TIME, 2)
        for path in sorted(p for p in made.root.rglob("*") if p.is_file()):
            name = str(path.relative_to(made.root))
            store.put(name, path.read_bytes())
            os.utime(store.files.root / name, (LONG_AGO, LONG_AGO))
        yield store


def test_a_first_look_settles_nothing_unless_waiting_is_turned_off(store: KeyStore, tmp_path: Path) -> None:
    zone = Zone(tmp_path, "exports")
    zone.config.write_text('[catalog]\npath = "landproof.duckdb"\n[zones.exports]\n' + zone_settings(store.location()))
    first = zone.scan()
    assert (first.status, list(first.verdicts.values())) == (1, ["arriving"])
    second = zone.scan("--settle-minutes", "0")
    assert (second.status, list(second.verdicts.values())) == (0, ["good"])
