"""New objects in Google Cloud Storage: never over another, never half, whatever happens on the way."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from support.gcs_store import GcsServer, GcsStore, gcs_server
from support.proxy import Fault, Proxy, Request, Response, Rule, faulty_proxy, refused, reset, rewrite

from verifier.backends import gcs_writer
from verifier.backends.base import Writer
from verifier.backends.registry import open_backend, open_writer
from verifier.errors import ChangedError, DeniedError, ExistsError, NetworkError, NotFoundError, SourceError, UsageError

pytestmark = pytest.mark.usefixtures("short_waits")
_numbers = itertools.count()
CHUNK = 256 << 10
LARGE = random.Random(7).randbytes(2 * CHUNK + 99_999)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcsServer]:
    with gcs_server(tmp_path_factory.mktemp("gcs")) as running:
        yield running


@pytest.fixture
def store(server: GcsServer, monkeypatch: pytest.MonkeyPatch) -> GcsStore:
    monkeypatch.setattr(gcs_writer, "CHUNK_BYTES", CHUNK)
    return GcsStore(server, f"bucket-{next(_numbers)}")


@contextmanager
def writing(store: GcsStore, *rules: Rule, **options: object) -> Iterator[tuple[Writer, Proxy]]:
    with (
        faulty_proxy(store.url, *rules) as proxy,
        closing(open_writer(store.through(proxy.url, **options))) as writer,
    ):
        yield writer, proxy


def contents(store: GcsStore) -> dict[str, bytes]:
    with closing(open_backend(store.location())) as backend:
        return {file.path: b"".join(backend.open(file).stream()) for page in backend.list() for file in page}


def pieces_of(data: bytes, size: int = 70_001) -> Iterable[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def is_chunk(request: Request) -> bool:
    return request.method == "PUT"


def is_upload(request: Request) -> bool:
    return request.method == "POST"


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, 2 * CHUNK, len(LARGE)])
def test_what_is_written_is_there_whole(store: GcsStore, size: int) -> None:
    with writing(store) as (writer, proxy):
        writer.write("a b/c%20#?.json", pieces_of(LARGE[:size]), size)
        sent = [request for request in proxy.requests if request.method != "GET"]
        assert len(sent) == (1 if size <= CHUNK else 1 + -(-size // CHUNK))
    assert contents(store) == {"a b/c%20#?.json": LARGE[:size]}


@pytest.mark.parametrize("size", [5, len(LARGE)])
@pytest.mark.parametrize("may_look", [True, False])
def test_nothing_is_ever_overwritten_whether_the_account_may_see_it_or_not(
    store: GcsStore, size: int, may_look: bool
) -> None:
    blind = [] if may_look else [Rule(lambda request: request.method == "GET", refused(403, ""))]
    store.put("file", b"first")
    with writing(store, *blind) as (writer, _), pytest.raises(ExistsError, match=f"gs://{store.bucket}/file: writing"):
        writer.write("file", pieces_of(LARGE[:size]), size)
    assert contents(store) == {"file": b"first"}


def test_an_object_that_appears_while_another_is_sent_stays(store: GcsStore) -> None:
    def pieces() -> Iterator[bytes]:
        yield LARGE[:-1]
        store.put("file", b"first")
        yield LARGE[-1:]

    with writing(store) as (writer, _), pytest.raises(ExistsError):
        writer.write("file", pieces(), len(LARGE))
    assert contents(store) == {"file": b"first"}


@pytest.mark.parametrize("size", [5, len(LARGE)])
@pytest.mark.parametrize("more", [-1, 1])
def test_another_size_than_promised_leaves_nothing(store: GcsStore, size: int, more: int) -> None:
    with writing(store) as (writer, _), pytest.raises(NetworkError, match="expected"):
        writer.write("file", pieces_of(LARGE[:size]), size + more)
    assert contents(store) == {}


def test_a_change_of_what_is_copied_is_not_taken_for_an_object_that_is_there(store: GcsStore) -> None:
    def pieces() -> Iterator[bytes]:
        yield LARGE[:CHUNK]
        raise ChangedError("the source changed")

    for size in (CHUNK + 1, 5):
        with writing(store) as (writer, _), pytest.raises(ChangedError, match="the source changed"):
            writer.write("file", pieces(), size)


@pytest.mark.parametrize("size", [5, len(LARGE)])
def test_what_the_pieces_raise_passes_through_and_leaves_nothing(store: GcsStore, size: int) -> None:
    def pieces() -> Iterator[bytes]:
        yield from pieces_of(LARGE[: size - 1])
        raise KeyboardInterrupt

    with writing(store) as (writer, proxy):
        with pytest.raises(KeyboardInterrupt):
            writer.write("file", pieces(), size)
        assert proxy.requests[-1].method == ("DELETE" if size > CHUNK else "GET")
    assert contents(store) == {}


PASSING: dict[str, Fault] = {"503": refused(503, "busy"), "429": refused(429, "slow down"), "reset": reset}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
@pytest.mark.parametrize("chunk", [1, 3], ids=["the first", "the last"])
def test_a_chunk_whose_answer_is_lost_is_sent_again_by_itself(store: GcsStore, fault: Fault, chunk: int) -> None:
    with writing(store, Rule(is_chunk, fault, on=[chunk])) as (writer, proxy):
        writer.write("file", pieces_of(LARGE), len(LARGE))
        assert [request.method for request in proxy.requests] == ["GET", "POST"] + ["PUT"] * 4
    assert contents(store) == {"file": LARGE}


def test_what_google_took_only_in_part_is_sent_from_there(store: GcsStore) -> None:
    """fake-gcs-server takes all or nothing; Google may take less of a chunk and says how far it came."""
    upload = store.server.gate.uploads

    def forget(response: Response) -> None:
        (under_way,) = upload.values()
        del under_way.data[CHUNK // 2 :]
        response.headers["Range"] = f"bytes=0-{CHUNK // 2 - 1}"

    upload.clear()
    with writing(store, Rule(is_chunk, forget, on=[1])) as (writer, proxy):
        writer.write("file", pieces_of(LARGE), len(LARGE))
        ranges = [request.headers["Content-Range"] for request in proxy.requests if is_chunk(request)]
    assert ranges[:2] == [f"bytes 0-{CHUNK - 1}/{len(LARGE)}", f"bytes {CHUNK // 2}-{CHUNK - 1}/{len(LARGE)}"]
    assert contents(store) == {"file": LARGE}


@pytest.mark.parametrize("size", [5, len(LARGE)])
def test_a_store_that_is_never_reached_is_a_network_error_and_nothing_is_left(store: GcsStore, size: int) -> None:
    with closing(open_writer(store.through("http://127.0.0.1:1"))) as writer, pytest.raises(NetworkError):
        writer.write("file", pieces_of(LARGE[:size]), size)
    assert contents(store) == {}


def test_an_upload_whose_second_chunk_never_arrives_is_a_network_error_and_leaves_nothing(store: GcsStore) -> None:
    with writing(store, Rule(is_chunk, refused(503, ""), on=range(2, 99))) as (writer, _):
        shorter = LARGE[: 2 * CHUNK + 1]
        with pytest.raises(NetworkError):
            writer.write("file", pieces_of(shorter), len(shorter))
    assert contents(store) == {}


def test_an_upload_that_google_forgot_is_a_network_error_for_the_whole(store: GcsStore) -> None:
    gone = Rule(is_chunk, refused(404, ""), on=[2])
    with writing(store, gone) as (writer, _), pytest.raises(NetworkError, match="whether it was stored is not known"):
        writer.write("file", pieces_of(LARGE), len(LARGE))
    assert contents(store) == {}


def test_bytes_that_were_damaged_on_the_way_make_no_object(store: GcsStore) -> None:
    """fake-gcs-server compares no MD5; the gate does for the last chunk, as Google documents."""
    uploads = store.server.gate.uploads
    uploads.clear()

    def damage(_: Response) -> None:
        (under_way,) = uploads.values()
        under_way.data[7] ^= 1

    with writing(store, Rule(is_chunk, damage, on=[1])) as (writer, _), pytest.raises(SourceError):
        writer.write("file", pieces_of(LARGE), len(LARGE))
    assert contents(store) == {}


def test_a_small_object_is_sent_with_its_md5_and_on_the_condition_that_none_is_there(store: GcsStore) -> None:
    with writing(store) as (writer, proxy):
        writer.write("file", [b"hello"], 5)
        query = parse_qs(urlsplit(proxy.requests[-1].target).query)
    assert (query["ifGenerationMatch"], query["uploadType"]) == (["0"], ["multipart"])
    (stored,) = json.loads(store._send("GET", f"/storage/v1/b/{store.bucket}/o", b""))["items"]
    assert stored["md5Hash"] == "XUFAKrxLKna5cZ2REBfFkg=="


def test_an_answer_that_tells_of_another_size_is_no_success(store: GcsStore) -> None:
    wrong = Rule(is_upload, rewrite(b'"size":"5"', b'"size":"4"'))
    with writing(store, wrong) as (writer, _), pytest.raises(SourceError, match="expected 5 bytes to be stored, got 4"):
        writer.write("file", [b"hello"], 5)


@pytest.mark.parametrize("location", ["", "http://127.0.0.1:1/elsewhere"])
def test_an_upload_without_an_id_is_a_network_error(store: GcsStore, location: str) -> None:
    lost = Rule(is_upload, lambda response: response.headers.update({"Location": location}))
    with writing(store, lost) as (writer, _), pytest.raises(NetworkError, match="which upload it is"):
        writer.write("file", pieces_of(LARGE), len(LARGE))


def test_an_upload_goes_to_our_own_endpoint_whatever_place_the_answer_names(store: GcsStore) -> None:
    def elsewhere(response: Response) -> None:
        response.headers["Location"] = response.headers["Location"].replace(store.url, "http://127.0.0.1:1")

    with writing(store, Rule(is_upload, elsewhere)) as (writer, proxy):
        writer.write("file", pieces_of(LARGE), len(LARGE))
        assert len([request for request in proxy.requests if is_chunk(request)]) == 3


def test_a_missing_bucket_is_not_found(store: GcsStore) -> None:
    with closing(open_writer(store.missing())) as writer, pytest.raises(NotFoundError):
        writer.write("file", [b"x"], 1)


def test_who_may_only_read_is_denied_with_the_role_that_is_missing(store: GcsStore) -> None:
    forbidden = refused(403, '{"error": {"errors": [{"reason": "forbidden"}]}}')
    with writing(store, Rule(is_upload, forbidden)) as (writer, _), pytest.raises(DeniedError) as caught:
        writer.write("file", [b"x"], 1)
    assert "roles/storage.objectCreator" in (caught.value.hint or "")


def test_a_zone_that_is_read_only_by_its_settings_takes_nothing(store: GcsStore) -> None:
    with pytest.raises(UsageError, match="read_only does not go with writing"):
        open_writer(store.location(access="read_only"))


def test_a_token_for_reading_does_not_write(store: GcsStore) -> None:
    token = store.server.gate.new_token("https://www.googleapis.com/auth/devstorage.read_only")["access_token"]
    with closing(open_writer(store.location(token=token))) as writer, pytest.raises(DeniedError) as caught:
        writer.write("file", [b"x"], 1)
    assert "scope" in (caught.value.hint or "")
    assert contents(store) == {}
