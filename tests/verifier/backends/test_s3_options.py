"""What a zone's options for S3 may say, which requests carry them, and that no mistake in them shows a value."""

from __future__ import annotations

import inspect
import logging
from contextlib import closing
from pathlib import Path

import pytest
from botocore import UNSIGNED
from s3fs import S3FileSystem
from support.faulty_s3 import behind, only, paths
from support.servers import rclone_s3
from support.stores import S3Store
from support.tcp_proxy import tcp_proxy

from verifier.backends.registry import open_backend, open_writer
from verifier.backends.s3_options import parse_options
from verifier.backends.urls import parse_location
from verifier.errors import UsageError

pytestmark = pytest.mark.usefixtures("short_waits")


def test_every_option_of_s3fs_is_taken() -> None:
    for name in set(inspect.signature(S3FileSystem.__init__).parameters) - {
        "self", "kwargs", "session", "asynchronous", "loop",
    }:  # fmt: skip
        parse_options({name: None})


def test_the_other_names_of_key_and_secret_are_taken() -> None:
    client = parse_options({"username": "someone", "password": "something", "token": "t"}).client
    assert (client["aws_access_key_id"], client["aws_secret_access_key"]) == ("someone", "something")
    assert client["aws_session_token"] == "t"


def test_who_reads_anonymously_signs_nothing_whatever_else_is_said() -> None:
    client = parse_options({"anon": True, "key": "k", "client_kwargs": {"aws_secret_access_key": "s"}}).client
    assert client["config"].signature_version is UNSIGNED
    assert not [name for name in client if name.startswith("aws_")]


def test_the_zones_own_limits_hold_and_retries_stay_ours() -> None:
    config = parse_options({"config_kwargs": {"read_timeout": 60, "response_checksum_validation": "x"}}).client[
        "config"
    ]
    assert (config.read_timeout, config.connect_timeout) == (60, 5)
    assert config.retries["total_max_attempts"] == 1
    assert config.response_checksum_validation == "when_required"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kye": "a-secret"}, "unknown option of an S3 zone: kye"),
        ({"session": "a-secret"}, "unknown option"),
        ({"key": "a-secret", "username": "a-secret"}, "two names of one thing"),
        ({"secret": "a-secret", "password": "a-secret"}, "two names of one thing"),
        ({"client_kwargs": {"config": "a-secret"}}, "goes into config_kwargs"),
        ({"client_kwargs": {"a_secret": 1}}, "not usable: TypeError"),
        ({"client_kwargs": "a-secret"}, "not usable"),
        ({"config_kwargs": {"a_secret": 1}}, "not usable: TypeError"),
        ({"endpoint_url": "a-secret"}, "not usable: ValueError"),
        ({"profile": "a-secret"}, "not usable: ProfileNotFound"),
        ({"s3_additional_kwargs": 7}, "not usable: TypeError"),
    ],
)
def test_a_mistake_is_named_and_no_value_shown(options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_backend(parse_location("s3://bucket", {"region": "us-east-1", **options}))
    assert words in str(caught.value)
    assert "a-secret" not in str(caught.value) + str(caught.value.hint)


def test_what_goes_with_requests_goes_with_those_that_know_it(store: S3Store) -> None:
    more = {"ServerSideEncryption": "AES256", "ExpectedBucketOwner": "123456789012"}
    store.put("file", b"data")
    with behind(store, requester_pays=True, s3_additional_kwargs=more) as (backend, proxy):
        assert paths(backend) == ["file"]
        assert b"".join(backend.open(only(backend)).stream()) == b"data"
        place = store.through(proxy.url, s3_additional_kwargs=more)
        with closing(open_writer(place)) as writer:
            writer.write("new", [b"data"], 4)
        sent = {(r.method, r.headers.get("X-Amz-Server-Side-Encryption")) for r in proxy.requests}
        assert sent == {("GET", None), ("PUT", "AES256")}
        assert {r.headers.get("X-Amz-Expected-Bucket-Owner") for r in proxy.requests} == {"123456789012"}
        assert proxy.requests[0].headers["X-Amz-Request-Payer"] == "requester"


def test_pages_and_reads_share_one_connection(tmp_path: Path) -> None:
    bucket = tmp_path / "root" / "bucket"
    bucket.mkdir(parents=True)
    for number in range(9):
        (bucket / f"{number}").write_bytes(f"{number}".encode() * 100_000 * number)
    with (
        rclone_s3(tmp_path / "root", tmp_path / "rclone.log") as server,
        tcp_proxy(int(server.url.rpartition(":")[2])) as proxy,
    ):
        place = parse_location("s3://bucket", server.options(endpoint_url=f"http://127.0.0.1:{proxy.port}"))
        with closing(open_backend(place)) as backend:
            for file in [file for page in backend.list() for file in page]:
                with closing(backend.open(file)) as source:
                    assert b"".join(source.stream()) == file.path.encode() * file.size
                    assert source.read_range(0, file.size // 2) == file.path.encode() * (file.size // 2)
                assert backend.stat(file.path) == file
        assert proxy.connections == 1


def test_no_log_shows_credentials_even_at_debug(store: S3Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with closing(open_backend(store.location(token="a-session-token"))) as backend:
        assert list(backend.list()) == []
    assert "a-session-token" not in caplog.text
    assert store.server.secret not in caplog.text
