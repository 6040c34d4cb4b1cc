"""`landproof tokens`: made and told once, listed, revoked."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from support.landproof import landproof

from catalog.exit_status import ExitStatus
from catalog.service.access.tokens import FILE, TokenFile


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    return tmp_path / "cja.duckdb"


def test_the_token_alone_is_on_stdout(catalog: Path) -> None:
    answer = landproof("tokens", "new", "dashboard", "--role", "viewer", "--catalog", catalog)
    assert answer.status == ExitStatus.OK
    text = answer.out.removesuffix("\n")
    assert text.startswith("lp_")
    assert "\n" not in text
    assert "dashboard is viewer until it is revoked; the token is not shown again" in answer.err
    folder = catalog.with_name("cja.service")
    found = TokenFile(folder).find(text)
    assert found is not None
    assert found.name == "dashboard"
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert text not in (folder / FILE).read_text()


def test_documents_tell_a_token_once(catalog: Path) -> None:
    words = ("--catalog", catalog, "--json")
    made = landproof("tokens", "new", "ci", "--role", "auditor", "--expires", "90d", *words).document
    assert (made["schema"], made["done"], made["token"][:3]) == ("landproof/tokens/1", "made", "lp_")
    (token,) = made["tokens"]
    assert (token["name"], token["role"], token["state"]) == ("ci", "auditor", "active")
    assert token["expires_at"] > token["created_at"]
    listed = landproof("tokens", "list", *words).document
    assert (listed["token"], listed["tokens"]) == (None, made["tokens"])
    revoked = landproof("tokens", "revoke", token["id"], *words).document
    assert (revoked["done"], revoked["tokens"][0]["state"]) == ("revoked", "revoked")
    assert landproof("tokens", "list", *words).document["tokens"] == revoked["tokens"]


def test_a_list_is_for_people_too(catalog: Path) -> None:
    nothing = landproof("tokens", "list", "--catalog", catalog)
    assert (nothing.status, nothing.out) == (0, f"no tokens in {catalog.with_name('cja.service')}\n")
    landproof("tokens", "new", "Anna's laptop", "--role", "operator", "--expires", "2199-01-01", "--catalog", catalog)
    head, row = landproof("tokens", "list", "--catalog", catalog).out.splitlines()
    assert head.split() == ["id", "name", "role", "state", "made", "expires"]
    assert "Anna's laptop  operator  active" in row
    assert row.endswith("2199-01-01 23:59Z")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("new", "ci"), "--role: expected viewer, auditor or operator, got none"),
        (("new", "ci", "--role", "admin"), "--role: expected viewer, auditor or operator, got 'admin'"),
        (("new", "ci", "--role", "viewer", "--expires", "0d"), "--expires: expected a time to come, got '0d'"),
        (("new", "ci", "--role", "viewer", "--expires", "2020-01-01"), "--expires: expected a time to come"),
        (("new", "ci", "--role", "viewer", "--expires", "soon"), "--expires: expected a time, got 'soon'"),
        (("new", "", "--role", "viewer"), "expected a name"),
        (("new", "a\tb", "--role", "viewer"), "expected a name"),
        (("revoke", "nobody"), "no active token has the id or name 'nobody'"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(catalog: Path, words: tuple[str, ...], message: str) -> None:
    answer = landproof("tokens", *words, "--catalog", catalog)
    assert answer.status == ExitStatus.USAGE
    assert message in answer.err
    assert not catalog.with_name("cja.service").joinpath(FILE).exists()


def test_revoking_does_not_repeat_a_token_that_is_not_known(catalog: Path) -> None:
    text = landproof("tokens", "new", "ci", "--role", "viewer", "--catalog", catalog).out.strip()
    assert landproof("tokens", "revoke", text, "--catalog", catalog).status == 0
    again = landproof("tokens", "revoke", text, "--catalog", catalog)
    assert again.status == ExitStatus.USAGE
    assert text not in again.err


def test_a_file_that_others_may_write_to_is_not_believed(catalog: Path) -> None:
    landproof("tokens", "new", "ci", "--role", "viewer", "--catalog", catalog)
    path = catalog.with_name("cja.service") / FILE
    path.chmod(0o666)
    answer = landproof("tokens", "list", "--catalog", catalog)
    assert answer.status == ExitStatus.USAGE
    assert "others may write to it" in answer.err
    assert f"chmod go-w {path}" in answer.err


def test_tokens_stand_where_the_settings_say(tmp_path: Path) -> None:
    config = tmp_path / "landproof.toml"
    config.write_text('[service]\nstate = "who"\n')
    landproof("tokens", "new", "ci", "--role", "viewer", "--config", config)
    assert (tmp_path / "who" / FILE).exists()
