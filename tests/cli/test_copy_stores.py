"""landproof copy from and to real S3 servers, and what it makes of a network that fails."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.landproof import Answer, Document
from support.proxy import Fault, Predicate, Request, Rule, faulty_proxy, flip, is_read, refused, reset, unavailable
from support.servers import S3Server, moto_s3, rclone_s3
from support.stores import S3Store
from support.zones import ALPHA, Zone, some_json

from fixtures.content import TIME, json_part
from verifier.backends import retry
from verifier.backends.base import Location
from verifier.backends.registry import open_backend

SOURCE = f"zone/{ALPHA}/{TIME}"
FOLDER = f"{ALPHA}/exportTime={TIME}"
_numbers = itertools.count()


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with moto_s3(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(scope="module")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[S3Server, Path]]:
    root = tmp_path_factory.mktemp("buckets")
    with rclone_s3(root, tmp_path_factory.mktemp("log") / "rclone.log") as server:
        yield server, root


@pytest.fixture
def bucket(moto: S3Server) -> S3Store:
    """An empty bucket."""
    return S3Store(moto, f"bucket-{next(_numbers)}")


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three tries and hardly a pause between them."""
    monkeypatch.setattr(retry, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(retry, "GREATEST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(retry, "TRIES", 3)


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """An export of three files, one of them in several parts, and a manifest."""
    zone = Zone(tmp_path)
    zone.export(files=2, manifest_in="snapshot")
    zone.put(f"{FOLDER}/large.bin", bytes(range(256)) * (9 << 12))
    return zone


def lead(zone: Zone, name: str, place: Location) -> None:
    """Add a zone to the settings, and write them anew."""
    options = "".join(f'{key} = "{value}"\n' for key, value in place.options.items())
    before = zone.config.read_text() if zone.config.exists() else zone.settings().read_text()
    zone.config.write_text(f'{before}\n[zones.{name}]\nurl = "{place.url}"\n[zones.{name}.options]\n{options}')


def copied(zone: Zone, to: str = "safe", source: str = SOURCE, workers: int = 0) -> Answer:
    return zone.run("copy", source, "--to", to, "--workers", workers)


def contents(place: Location) -> dict[str, bytes]:
    found = {}
    with closing(open_backend(place)) as backend:
        for file in [file for page in backend.list() for file in page]:
            with closing(backend.open(file)) as source:
                found[file.path] = b"".join(source.stream())
    return found


def on_disk(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def errors_of(answer: Answer) -> list[Document]:
    return [error for snapshot in answer.document["snapshots"] for error in snapshot["errors"]]


def writes(name: str) -> Predicate:
    def is_write(request: Request) -> bool:
        return request.method in ("PUT", "POST") and name in request.target

    return is_write


@pytest.mark.parametrize(("kind", "workers"), [("moto", 3), ("rclone", 0)])
def test_to_a_bucket_and_back_everything_is_equal(
    zone: Zone, request: pytest.FixtureRequest, kind: str, workers: int
) -> None:
    server = request.getfixturevalue(kind)
    name = f"bucket-{next(_numbers)}"
    store = S3Store(server, name) if kind == "moto" else S3Store(server[0], name, server[1])
    place = store.location("safe/here")
    lead(zone, "safe", place)
    zone.scan("zone", "--settle-minutes", 0)
    there = copied(zone, workers=workers)
    assert (there.status, there.counts["copied"], contents(place)) == (0, 4, on_disk(zone.root))
    assert copied(zone, workers=workers).counts["already_there"] == 4
    back = copied(zone, str(zone.folder / "back"), f"safe/{ALPHA}/{TIME}", workers)
    assert (back.status, on_disk(zone.folder / "back")) == (0, on_disk(zone.root))
    assert not [secret for secret in store.secrets if secret in there.out + there.err + back.out + back.err]


def test_an_object_overwritten_since_the_scan_is_not_copied(zone: Zone, bucket: S3Store) -> None:
    for path, data in on_disk(zone.root).items():
        bucket.put(path, data)
    lead(zone, "safe", bucket.location())
    zone.scan("safe", "--settle-minutes", 0)
    bucket.put(f"{FOLDER}/{json_part(0)}", some_json())
    answer = copied(zone, str(zone.folder / "back"), f"safe/{ALPHA}/{TIME}")
    (error,) = errors_of(answer)
    assert (answer.status, error["kind"], answer.counts["copied"]) == (3, "changed", 3)
    assert "changed since it was scanned" in error["message"]


def test_a_byte_flipped_on_its_way_here_is_a_mismatch_and_is_not_stored(zone: Zone, bucket: S3Store) -> None:
    for path, data in on_disk(zone.root).items():
        bucket.put(path, data)
    spoilt = Rule(lambda r: is_read(r) and json_part(0) in r.target, flip(20))
    with faulty_proxy(bucket.server.url) as proxy:
        lead(zone, "safe", bucket.through(proxy.url))
        zone.scan("safe", "--settle-minutes", 0)
        proxy.rules.append(spoilt)
        answer = copied(zone, str(zone.folder / "back"), f"safe/{ALPHA}/{TIME}")
    assert (answer.status, answer.only("copy.mismatch")["path"]) == (2, f"{FOLDER}/{json_part(0)}")
    assert f"{FOLDER}/{json_part(0)}" not in on_disk(zone.folder / "back")


@pytest.mark.parametrize("name", [json_part(0), "large.bin"])
def test_a_byte_flipped_when_it_is_read_back_is_a_mismatch(zone: Zone, bucket: S3Store, name: str) -> None:
    with faulty_proxy(bucket.server.url, Rule(lambda r: is_read(r) and name in r.target, flip(20))) as proxy:
        lead(zone, "safe", bucket.through(proxy.url))
        zone.scan("zone", "--settle-minutes", 0)
        answer = copied(zone)
    found = answer.only("copy.mismatch")
    assert (answer.status, found["path"], answer.counts["failed"]) == (2, f"{FOLDER}/{name}", 1)
    assert found["expected"] != found["actual"]


@pytest.mark.parametrize("fault", [unavailable, reset, refused(400, "<Error><Code>BadDigest</Code></Error>")])
@pytest.mark.parametrize("name", [json_part(0), "large.bin"])
def test_a_passing_fault_shows_nowhere(zone: Zone, bucket: S3Store, name: str, fault: Fault) -> None:
    for_it = Rule(writes(name), fault, on=[1, 3])
    with faulty_proxy(bucket.server.url, for_it) as proxy:
        lead(zone, "safe", bucket.through(proxy.url))
        zone.scan("zone", "--settle-minutes", 0)
        answer = copied(zone)
    assert for_it.seen >= 2
    assert (answer.status, answer.counts["copied"], contents(bucket.location())) == (0, 4, on_disk(zone.root))


def test_a_write_whose_answer_never_comes_is_found_to_have_been_made(zone: Zone, bucket: S3Store) -> None:
    lost = Rule(writes(json_part(0)), reset)
    with faulty_proxy(bucket.server.url, lost) as proxy:
        lead(zone, "safe", bucket.through(proxy.url))
        zone.scan("zone", "--settle-minutes", 0)
        answer = copied(zone)
    assert lost.seen > 1
    assert (answer.status, answer.counts["copied"], contents(bucket.location())) == (0, 4, on_disk(zone.root))


def test_a_lasting_fault_costs_its_own_file_alone(zone: Zone, bucket: S3Store) -> None:
    name = "large.bin"
    with faulty_proxy(bucket.server.url, Rule(writes(name), unavailable)) as proxy:
        lead(zone, "safe", bucket.through(proxy.url))
        zone.scan("zone", "--settle-minutes", 0)
        answer = copied(zone)
        (error,) = errors_of(answer)
        assert (answer.status, error["kind"], error["path"]) == (3, "network", f"{FOLDER}/{name}")
        assert (answer.counts["copied"], answer.counts["failed"]) == (3, 1)
        assert len(contents(bucket.location())) == 3
        proxy.rules.clear()
        rest = copied(zone)
    assert (rest.status, rest.counts["copied"], rest.counts["already_there"]) == (0, 1, 3)


def test_an_upload_that_cannot_be_ended_is_given_up_in_the_bucket_too(zone: Zone, bucket: S3Store) -> None:
    refuses = Rule(
        lambda r: r.method == "POST" and "uploadId=" in r.target,
        refused(403, "<Error><Code>AccessDenied</Code></Error>"),
    )
    with faulty_proxy(bucket.server.url, refuses) as proxy:
        lead(zone, "safe", bucket.through(proxy.url))
        zone.scan("zone", "--settle-minutes", 0)
        answer = copied(zone)
        ends = [r for r in proxy.requests if r.method == "DELETE" and "uploadId=" in r.target]
    (error,) = errors_of(answer)
    assert (answer.status, error["kind"], "s3:PutObject" in error["hint"], len(ends)) == (3, "denied", True, 1)


def test_a_server_that_knows_no_conditions_is_written_to_without(zone: Zone, bucket: S3Store) -> None:
    not_known = Rule(lambda r: "If-None-Match" in r.headers, refused(501, "<Error><Code>NotImplemented</Code></Error>"))

    with faulty_proxy(bucket.server.url, not_known) as proxy:
        lead(zone, "safe", bucket.through(proxy.url))
        zone.export(ALPHA, TIME, {json_part(5): some_json()})
        zone.scan("zone", "--settle-minutes", 0)
        answer = copied(zone)
    assert not_known.seen == 1
    assert (answer.status, answer.counts["failed"]) == (0, 0)


def test_a_server_that_is_gone_costs_no_more_than_a_few_tries(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.export(files=30)
    place = Location(
        kind="s3",
        url="s3://bucket/safe",
        options={"endpoint_url": "http://127.0.0.1:9", "key": "some-key", "secret": "some-secret"},
    )
    lead(zone, "safe", place)
    zone.scan("zone", "--settle-minutes", 0)
    answer = copied(zone)
    errors = errors_of(answer)
    assert (answer.status, len(errors), {e["kind"] for e in errors}) == (3, 30, {"network"})
    assert [e["message"].startswith("not tried") for e in errors] == [False] * 3 + [True] * 27
    assert zone.run("snapshots").document["snapshots"][0]["id"] == SOURCE
    assert "some-secret" not in answer.out + answer.err


def test_a_target_that_cannot_be_looked_at_afterwards_is_no_copy_yet(zone: Zone, bucket: S3Store) -> None:
    with faulty_proxy(
        bucket.server.url, Rule(lambda r: "list-type=2" in r.target and "max-keys" not in r.target, unavailable)
    ) as proxy:
        lead(zone, "safe", bucket.through(proxy.url))
        zone.scan("zone", "--settle-minutes", 0)
        answer = copied(zone)
        assert (answer.status, len(errors_of(answer)), answer.counts["failed"]) == (3, 4, 4)
        assert zone.run("show", SOURCE).document["copies"] == []
        proxy.rules.clear()
        assert copied(zone).counts["already_there"] == 4
    (known,) = zone.run("show", SOURCE).document["copies"]
    assert known["state"] == "complete"
