"""What S3 alone says of what is read from it; faults of every store are tried in the contract."""

from __future__ import annotations

import random

import pytest
from support.faulty_s3 import behind, only
from support.proxy import Response, Rule, is_read
from support.stores import S3Store

DATA = random.Random(5).randbytes(3_500_000)
pytestmark = pytest.mark.usefixtures("short_waits")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-amz-server-side-encryption", "aws:kms"),
        ("x-amz-server-side-encryption", "aws:kms:dsse"),
        ("x-amz-server-side-encryption-customer-algorithm", "AES256"),
    ],
)
def test_the_etag_of_an_object_under_other_keys_is_no_checksum(store: S3Store, name: str, value: str) -> None:
    store.put("file", DATA)

    def say(response: Response) -> None:
        response.headers[name] = value

    with behind(store, Rule(is_read, say)) as (backend, _):
        source = backend.open(only(backend))
        list(source.stream())
        assert source.provider_checksum() is None


def test_the_option_turns_etags_as_checksums_off(store: S3Store) -> None:
    store.put("file", b"data")
    with behind(store, etag_is_md5=False) as (backend, _):
        source = backend.open(only(backend))
        list(source.stream())
        assert source.provider_checksum() is None


ODD_KEYS = ["/leading", "double//slash", "up/../and/./here", "folder/", "a%2Fb", "name\x7f\x01", "\u2028é+ &<>"]


def test_keys_that_no_file_system_knows_come_through(store: S3Store) -> None:
    for key in ODD_KEYS:
        store.put(key, b"" if key.endswith("/") else key.encode())
    with behind(store) as (backend, _):
        found = {file.path: file for page in backend.list() for file in page}
        assert set(found) == set(ODD_KEYS)
        for key, file in found.items():
            assert backend.stat(key) == file
            assert b"".join(backend.open(file).stream()) == (b"" if key.endswith("/") else key.encode())
