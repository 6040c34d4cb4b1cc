"""What a zone's options for Google Cloud Storage may say, and that no mistake in them shows a value."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest
from gcsfs.core import GCSFileSystem

from verifier.backends.gcs_options import GOOGLE, LoginKind, parse_options
from verifier.backends.registry import open_backend
from verifier.backends.urls import parse_location
from verifier.errors import UsageError

INFO = {"type": "service_account", "client_email": "a@b", "private_key": "a-secret", "token_uri": "https://x"}


def test_every_option_of_gcsfs_is_taken() -> None:
    for name in set(inspect.signature(GCSFileSystem.__init__).parameters) - {"self", "kwargs"}:
        if name not in ("access", "endpoint_url", "project", "requester_pays", "token"):
            parse_options({name: None})


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        (None, LoginKind.DEFAULT),
        ("google_default", LoginKind.DEFAULT),
        ("cloud", LoginKind.CLOUD),
        ("anon", LoginKind.ANONYMOUS),
        (INFO, LoginKind.INFO),
        (json.dumps(INFO), LoginKind.INFO),
        ("ya29.a-secret", LoginKind.TOKEN),
    ],
)
def test_a_token_says_how_to_log_in(token: object, kind: LoginKind) -> None:
    login = parse_options({"token": token}).login
    assert login.kind is kind
    assert "a-secret" not in repr(login)


def test_a_path_is_a_key_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(json.dumps(INFO))
    assert parse_options({"token": str(file)}).login.info == INFO


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tokn": "x"}, "unknown option of a GCS zone: tokn"),
        ({"token": "/no/such/a-secret.json"}, "cannot be read"),
        ({"token": "a-secret.json"}, "cannot be read"),
        ({"token": '{"private_key": "a-secret"'}, "is not a JSON object"),
        ({"token": {"type": "a-secret"}}, "its type is none of"),
        ({"token": 7}, "expected a key file"),
        ({"token": " "}, "expected a key file"),
        ({"token": "browser"}, "needs a person"),
        ({"token": "cache"}, "needs a person"),
        ({"access": "a-secret"}, "expected one of read_only"),
        ({"endpoint_url": "ftp://a-secret"}, "https://host:port"),
        ({"endpoint_url": "https://user:a-secret@host"}, "https://host:port"),
        ({"endpoint_url": 7}, "expected a text"),
        ({"requester_pays": True}, "no project to bill"),
        ({"requester_pays": 7}, "expected true, false or a project"),
        ({"key": "a"}, "expected both"),
        ({"key": "a", "secret": ""}, "expected a text"),
        ({"key": "a", "secret": "a-secret", "token": "anon"}, "does not go with key and secret"),
    ],
)
def test_a_mistake_is_wrong_usage_and_shows_no_value(options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        open_backend(parse_location("gs://bucket", options))
    cause = caught.value.__cause__
    assert "a-secret" not in f"{caught.value}{caught.value.hint}{'' if isinstance(cause, OSError) else cause}"


def test_an_unknown_option_names_the_nearest_known() -> None:
    with pytest.raises(UsageError) as caught:
        parse_options({"endpoint": "https://x"})
    assert caught.value.hint == "did you mean endpoint_url?"


def test_the_endpoint_is_the_options_else_an_emulators_else_googles(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parse_options({}).endpoint == GOOGLE
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "localhost:4443")
    assert parse_options({}).endpoint == "http://localhost:4443"
    assert parse_options({}).login.kind is LoginKind.ANONYMOUS
    assert parse_options({"endpoint_url": "https://other/"}).endpoint == "https://other"
    assert parse_options({"endpoint_url": "https://other/"}).login.kind is LoginKind.DEFAULT
    assert parse_options({"key": "a", "secret": "b"}).endpoint == GOOGLE


def test_the_billed_project_is_named_or_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parse_options({"project": "mine"}).billed_project is None
    assert parse_options({"project": "mine", "requester_pays": True}).billed_project == "mine"
    assert parse_options({"requester_pays": "theirs"}).billed_project == "theirs"
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "everyones")
    assert parse_options({"requester_pays": True}).billed_project == "everyones"
