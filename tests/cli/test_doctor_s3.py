"""What landproof doctor says of S3 credentials and of trouble with them, over a real server behind a proxy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from support.landproof import Answer, Document, landproof
from support.proxy import Proxy, Request, Rule, delay, faulty_proxy, is_listing, refused, say
from support.servers import moto_s3
from support.stores import S3Store

from catalog.cli import doctor as command


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Store]:
    with moto_s3(tmp_path_factory.mktemp("moto")) as server:
        store = S3Store(server, "landing")
        store.put("exports/file", b"some data")
        yield store


@pytest.fixture
def proxy(filled: S3Store) -> Iterator[Proxy]:
    with faulty_proxy(filled.url) as proxy:
        yield proxy


def doctor(
    proxy: Proxy, folder: Path, credentials: str = 'key = "someone"\nsecret = "something"', *words: str
) -> Answer:
    config = folder / "landproof.toml"
    options = f'endpoint_url = "{proxy.url}"\nregion = "us-east-1"\n{credentials}\n'
    config.write_text(f'[zones.cja]\nurl = "s3://landing/exports"\n[zones.cja.options]\n{options}', encoding="utf-8")
    return landproof("doctor", "cja", *(words or ["--json"]), "--config", config, "--catalog", folder / "none.duckdb")


def seen(answer: Answer) -> dict[str, Document]:
    return {check["name"]: check for check in answer.document["checks"] if check["subject"] == "cja"}


def is_question(request: Request) -> bool:
    return request.method == "POST"


@pytest.mark.parametrize(
    ("code", "status", "message", "hint"),
    [
        ("NoSuchUpload", 404, "beyond reading, the credentials allow: write", "s3:ListBucket and s3:GetObject"),
        ("AccessDenied", 403, "nothing beyond reading and listing is seen to be allowed", None),
        ("NotImplemented", 501, "whether the credentials allow more than reading cannot be told", None),
    ],
)
def test_what_the_credentials_allow_is_told_and_no_trouble(
    proxy: Proxy, tmp_path: Path, code: str, status: int, message: str, hint: str | None
) -> None:
    proxy.rules.append(Rule(is_question, refused(status, f"<Error><Code>{code}</Code></Error>")))
    answer = doctor(proxy, tmp_path)
    access = seen(answer)["access"]
    assert (answer.status, access["status"], access["message"]) == (0, "ok", message)
    assert hint is None or hint in access["hint"]


@pytest.mark.parametrize(("days", "status"), [(3, "warn"), (30, "ok")])
def test_credentials_that_end_soon_are_a_warning(
    proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, status: str
) -> None:
    end = datetime.now(UTC) + timedelta(days=days)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "something")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", end.isoformat())
    answer = doctor(proxy, tmp_path, "")
    credentials = seen(answer)["credentials"]
    assert (answer.status, credentials["status"]) == ({"warn": 1, "ok": 0}[status], status)
    assert f"{end:%Y-%m-%d at %H:%M} UTC" in credentials["message"]
    assert (credentials["hint"] is None) == (status == "ok")


def test_a_clock_so_far_off_that_s3_refuses_to_list_is_shown_beside(proxy: Proxy, tmp_path: Path) -> None:
    late = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    proxy.rules.append(Rule(is_listing, refused(403, "<Error><Code>RequestTimeTooSkewed</Code></Error>")))
    proxy.rules.append(Rule(is_listing, say("Date", late)))
    found = seen(doctor(proxy, tmp_path))
    assert {name: check["status"] for name, check in found.items()} == {"reach": "ok", "list": "error", "clock": "warn"}
    assert found["list"]["hint"] == "set this machine's clock"


def test_a_place_that_answers_something_else_is_not_reached(proxy: Proxy, tmp_path: Path) -> None:
    proxy.rules.append(Rule(is_listing, refused(200, "<html>please sign in</html>")))
    found = seen(doctor(proxy, tmp_path))
    assert {name: check["status"] for name, check in found.items()} == {"reach": "error"}
    assert "sign in" not in str(found)


def test_who_waits_is_told_so(proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_SLOW_SECONDS", 0.01)
    proxy.rules.append(Rule(is_listing, delay(1), on=[1]))
    answer = doctor(proxy, tmp_path)
    assert answer.err.splitlines().count("landproof: cja: still waiting for the store") == 1
    assert answer.status == 0


def test_hints_are_shown_to_a_person(proxy: Proxy, tmp_path: Path) -> None:
    proxy.rules.append(Rule(is_listing, refused(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>")))
    answer = doctor(proxy, tmp_path, 'key = "someone"\nsecret = "something"', "--catalog", "elsewhere")
    assert answer.status == 3
    assert "hint: check key and secret" in answer.out
    assert "something" not in answer.out
