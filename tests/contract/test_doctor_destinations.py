"""What landproof doctor sees of every destination: sound, absent, denied, out of reach, and with another clock."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit, urlunsplit

import pytest
from support.destinations import DESTINATIONS, Destination, zone_settings
from support.landproof import Answer, Document, landproof
from support.proxy import Rule, faulty_proxy, say
from support.sftp_store import SftpStore
from support.stores import HttpStore, Store

from verifier.backends.base import Location

pytestmark = pytest.mark.usefixtures("short_waits")
over_ssh = pytest.mark.parametrize(
    "destination", [row for row in DESTINATIONS if row.name == "sftp-key"], ids=lambda row: row.name, indirect=True
)
over_http = pytest.mark.parametrize(
    "destination", [row for row in DESTINATIONS if row.wire], ids=lambda row: row.name, indirect=True
)

_SECRET = ("secret", "account_key", "connection_string", "sas_token", "sas_uri", "password")


def doctor(folder: Path, place: Location) -> Answer:
    config = folder / "landproof.toml"
    config.write_text(f"[zones.it]\n{zone_settings(place)}", encoding="utf-8")
    return landproof("doctor", "it", "--config", config, "--catalog", folder / "none.duckdb", "--json")


def seen(answer: Answer) -> Mapping[str, Document]:
    return {check["name"]: check for check in answer.document["checks"] if check["subject"] == "it"}


def statuses(answer: Answer) -> Mapping[str, str]:
    return {name: check["status"] for name, check in seen(answer).items()}


@pytest.fixture
def http_store(store: Store) -> HttpStore:
    """The place of a row with a wire, all of which are reached over HTTP."""
    return cast(HttpStore, store)


def test_a_sound_place_is_examined_to_the_end(destination: Destination, store: Store, tmp_path: Path) -> None:
    store.put("folder/file", b"some data")
    answer = doctor(tmp_path, store.location())
    warns = {name for name, status in statuses(answer).items() if status == "warn"}
    expected = {"credentials"} if store.name == "azure-account-sas" else set()  # it ends within the hour
    assert warns == expected
    assert answer.status == (1 if expected else 0)
    more = ["credentials", "access"] if store.name != "local" else []
    host = ["host key"] if store.name.startswith("sftp") else []
    assert list(seen(answer)) == [*(["reach"] if more else []), "list", "read", "clock", *host, *more]
    assert not [secret for secret in store.secrets if secret in answer.out + answer.err]


def test_a_place_that_does_not_exist_is_reached_and_not_listed(store: Store, tmp_path: Path) -> None:
    answer = doctor(tmp_path, store.missing())
    found = seen(answer)
    assert (answer.status, found["list"]["status"]) == (3, "error")
    assert found["list"]["hint"]
    assert "read" not in found
    assert found.get("reach", {}).get("status") == (None if store.name == "local" else "ok")


def test_wrong_credentials_are_said_to_be_it_and_not_shown(store: Store, tmp_path: Path) -> None:
    place = store.denied()
    if place is None or (store.name == "local" and os.geteuid() == 0):
        pytest.skip("nothing is denied here")
    answer = doctor(tmp_path, place)
    failed = [check for check in seen(answer).values() if check["status"] == "error"]
    assert answer.status == 3
    assert [check["name"] for check in failed] == ["list"]
    assert failed[0]["hint"]
    wrong = [str(place.options[name]) for name in _SECRET if name in place.options]
    assert not [text for text in (*wrong, *store.secrets) if text in answer.out + answer.err]


@pytest.fixture
def refused_url(http_store: HttpStore) -> Iterator[str]:
    """The server's URL with a port that takes no connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        yield urlunsplit(urlsplit(http_store.url)._replace(netloc=f"127.0.0.1:{port}"))


@over_http
def test_a_refused_port_is_out_of_reach_and_nothing_more_is_tried(
    http_store: HttpStore, refused_url: str, tmp_path: Path
) -> None:
    answer = doctor(tmp_path, http_store.through(refused_url))
    assert (answer.status, statuses(answer)) == (3, {"reach": "error"})
    assert seen(answer)["reach"]["hint"]


@over_http
def test_a_server_with_another_clock_is_a_warning(http_store: HttpStore, tmp_path: Path) -> None:
    http_store.put("folder/file", b"some data")
    late = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    with faulty_proxy(http_store.url, Rule(lambda _: True, say("Date", late))) as proxy:
        answer = doctor(tmp_path, http_store.through(proxy.url))
    found = seen(answer)
    assert (answer.status, found["clock"]["status"]) == (1, "warn")
    assert int(found["clock"]["message"].split()[4]) in range(3595, 3660)
    assert found["clock"]["hint"]


@over_ssh
def test_a_host_key_that_is_not_known_or_another_is_said_to_be_it(store: Store, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    place = store.location()
    unknown = {**{k: v for k, v in place.options.items() if k != "host_key"}, "known_hosts": str(tmp_path / "empty")}
    for options in (unknown, {**place.options, "host_key": f"SHA256:{'A' * 43}"}):
        answer = doctor(tmp_path, replace(place, options=options))
        assert (answer.status, statuses(answer)) == (3, {"host key": "error"})
        check = seen(answer)["host key"]
        assert "SHA256:" in check["message"]
        assert check["hint"]


@over_ssh
def test_a_closed_port_is_out_of_reach(store: Store, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        answer = doctor(tmp_path, cast(SftpStore, store).through(taken.getsockname()[1]))
    assert (answer.status, statuses(answer)) == (3, {"reach": "error"})
    assert seen(answer)["reach"]["hint"]
