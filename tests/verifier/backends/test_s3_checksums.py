"""S3's own checksums of whole objects: which are believed, compared with the bytes, and when they are asked for."""

from __future__ import annotations

from base64 import b64encode
from contextlib import closing

import pytest
from support.faulty_s3 import behind, only
from support.proxy import Fault, Request, Response, Rule, cut, flip, is_listing, is_read
from support.stores import S3Store

from verifier.backends.s3 import S3Backend
from verifier.backends.s3_client import Connection
from verifier.checksums import hasher
from verifier.formats.base import Limits
from verifier.model import Depth
from verifier.verify import verify_file

DATA = b'{"name":"' + b"a" * 5_500_000 + b'"}\n'
SMALL = b'{"name":"' + b"a" * 1000 + b'"}\n'
FLIPPED = Rule(is_read, flip(500))
"""One letter another: nothing but a checksum can tell."""
PART_BYTES = 5 << 20
pytestmark = pytest.mark.usefixtures("short_waits")


def contradicted(backend: S3Backend) -> list[str]:
    """Verify the one file and name the algorithms that contradict it; nothing else is wrong with it."""
    report = verify_file(backend, only(backend), Depth.FULL, Limits())
    assert report.depth is Depth.FULL
    assert {found.code for found in report.content.findings} <= {"json.uncompressed", "file.checksum-mismatch"}
    messages = [found.message for found in report.content.findings if found.code == "file.checksum-mismatch"]
    return [message.removeprefix("the store's own ").partition(" ")[0] for message in messages]


def checksum(algorithm: str, data: bytes) -> str:
    found = hasher(algorithm)
    found.update(data)
    return b64encode(bytes.fromhex(found.hexdigest())).decode()


def put_with(store: S3Store, algorithm: str, value: str) -> None:
    headers = {"x-amz-sdk-checksum-algorithm": algorithm.upper(), f"x-amz-checksum-{algorithm}": value}
    store.put("file.json", SMALL, **headers)


def put_in_parts(store: S3Store, **checksum: str) -> None:
    place = {"Bucket": store.bucket, "Key": "file.json"}
    connection = Connection(store.server.options())

    def send(method: str, **arguments: object) -> str:
        answer = connection.call(method, "test", 20.0, **place, **arguments)
        return str(answer.get("UploadId") or answer["ETag"])

    with closing(connection):
        upload = send("create_multipart_upload", **checksum)
        parts = []
        for number, start in enumerate(range(0, len(DATA), PART_BYTES), 1):
            body = DATA[start : start + PART_BYTES]
            parts.append(
                {"PartNumber": number, "ETag": send("upload_part", UploadId=upload, PartNumber=number, Body=body)}
            )
        send("complete_multipart_upload", UploadId=upload, MultipartUpload={"Parts": parts})


@pytest.mark.parametrize("algorithm", ["crc64nvme", "sha256", "sha512", "crc32c", "crc32", "sha1", "md5"])
def test_a_flipped_byte_contradicts_the_checksum_stored_with_the_object(store: S3Store, algorithm: str) -> None:
    put_with(store, algorithm, checksum(algorithm, SMALL))
    with behind(store, etag_is_md5=False) as (backend, _):
        assert algorithm in backend.capabilities.checksums
        assert contradicted(backend) == []
    with behind(store, FLIPPED, etag_is_md5=False) as (backend, _):
        assert contradicted(backend) == [algorithm]


def test_botocore_does_not_compare_first_even_where_the_options_say_so(store: S3Store) -> None:
    put_with(store, "crc32", checksum("crc32", SMALL))
    options = {"config_kwargs": {"response_checksum_validation": "when_supported"}}
    with behind(store, FLIPPED, **options) as (backend, _):
        assert contradicted(backend) == ["crc32"]


@pytest.mark.parametrize("algorithm", ["CRC64NVME", "CRC32"])
def test_the_checksum_of_a_whole_object_uploaded_in_parts_is_compared(store: S3Store, algorithm: str) -> None:
    put_in_parts(store, ChecksumAlgorithm=algorithm, ChecksumType="FULL_OBJECT")
    with behind(store) as (backend, _):
        assert contradicted(backend) == []
    with behind(store, FLIPPED) as (backend, _):
        assert contradicted(backend) == [algorithm.lower()]


def strip_type(response: Response) -> None:
    response.headers.pop("X-Amz-Checksum-Type", None)


def strip_dash(response: Response) -> None:
    strip_type(response)
    for name, value in response.headers.items():
        if name.startswith("X-Amz-Checksum-"):
            response.headers[name] = value.partition("-")[0]


@pytest.mark.parametrize("algorithm", ["SHA256", "CRC32"])
@pytest.mark.parametrize("age", [lambda _: None, strip_type, strip_dash], ids=["new", "no type", "no dash either"])
def test_a_checksum_of_the_parts_checksums_is_never_compared(store: S3Store, algorithm: str, age: Fault) -> None:
    put_in_parts(store, ChecksumAlgorithm=algorithm, ChecksumType="COMPOSITE")
    seen: list[str | None] = []
    look = Rule(is_read, lambda response: seen.append(response.headers.get(f"X-Amz-Checksum-{algorithm.title()}")))
    with behind(store, look, Rule(is_read, age)) as (backend, _):
        assert contradicted(backend) == []
        assert seen[0]
        source = backend.open(only(backend))
        list(source.stream())
        assert source.provider_checksum() is None


def test_a_checksum_is_asked_for_only_when_the_whole_object_is_read(store: S3Store) -> None:
    store.put("file.json", SMALL)
    with behind(store) as (backend, proxy):
        source = backend.open(only(backend))
        source.read_range(0, 10)
        source.read_range(0, len(SMALL))
        list(source.stream())
        asked = [request.headers.get("X-Amz-Checksum-Mode") for request in proxy.requests if is_read(request)]
        assert asked == [None, "ENABLED", "ENABLED"]
        signed = [request.headers["Authorization"] for request in proxy.requests if is_read(request)]
        assert ["x-amz-checksum-mode" in text for text in signed] == [False, True, True]


def test_a_checksum_that_comes_with_a_range_may_be_of_a_part_and_is_not_believed(store: S3Store) -> None:
    store.put("file.json", SMALL)

    def add(response: Response) -> None:
        response.headers["x-amz-checksum-crc32"] = checksum("crc32", SMALL[:10])

    with behind(store, Rule(is_read, add), etag_is_md5=False) as (backend, _):
        source = backend.open(only(backend))
        source.read_range(0, 10)
        assert source.provider_checksum() is None


def test_a_stream_that_was_cut_off_is_compared_with_the_checksum_of_its_beginning(store: S3Store) -> None:
    put_in_parts(store, ChecksumAlgorithm="CRC64NVME", ChecksumType="FULL_OBJECT")
    with behind(store, Rule(is_read, cut(1_234_567), on=[1])) as (backend, _):
        assert contradicted(backend) == []
    with behind(store, Rule(is_read, cut(1_234_567), on=[1]), Rule(is_read, flip(500), on=[2])) as (backend, _):
        assert contradicted(backend) == ["crc64nvme"]


def asks(request: Request) -> bool:
    return "X-Amz-Checksum-Mode" in request.headers


def test_a_store_that_refuses_the_question_is_read_without_and_asked_no_more(store: S3Store) -> None:
    store.put("file.json", SMALL)

    def refuse(response: Response) -> None:
        response.status = 501
        response.replace_body(b"<Error><Code>NotImplemented</Code><Message>Header</Message></Error>")

    with behind(store, Rule(asks, refuse)) as (backend, proxy):
        source = backend.open(only(backend))
        assert b"".join(source.stream()) == b"".join(source.stream()) == SMALL
        assert source.provider_checksum() is not None
        assert [asks(request) for request in proxy.requests if not is_listing(request)] == [True, False, False]


@pytest.mark.parametrize("value", ["jNwWgw==-2", "not base64", "AAAA", "jNwWgwAAAAA="])
def test_a_value_that_cannot_be_a_checksum_is_none(store: S3Store, value: str) -> None:
    store.put("file.json", SMALL)

    def add(response: Response) -> None:
        response.headers["x-amz-checksum-crc32"] = value

    with behind(store, Rule(is_read, add)) as (backend, _):
        source = backend.open(only(backend))
        list(source.stream())
        found = source.provider_checksum()
        assert found is not None
        assert found.algorithm == "md5"
