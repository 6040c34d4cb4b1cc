"""Settings as evidence: all of them, in one spelling, and no secret."""

from __future__ import annotations

from pathlib import Path

from catalog.evidence.rows.settings import settings_plain
from catalog.ledger.canonical import canonical
from catalog.settings.loading import load_settings

TEXT = """
[zones."zóna"]
url = "s3://bucket/exports"
options = { key = "AKIA", secret = "never-told", ratio = 0.5, endpoint_url = "https://s3.example" }
[[datasets]]
zone = "zóna"
id = "a"
every = "24h"
starts_at = "2026-09-01T03:00:00+02:00"
grace = "90m"
recovery_point = "36h"
[levels]
"file.changed" = "warn"
[notify]
urls = ["json://user:never-told@host/"]
[adobe]
client_secret = "never-told"
"""


def plain(folder: Path) -> bytes:
    path = folder / "landproof.toml"
    path.write_text(TEXT, encoding="utf-8")
    return canonical(settings_plain(load_settings(path, {})))


def test_every_value_has_its_one_spelling(tmp_path: Path) -> None:
    text = plain(tmp_path).decode()
    for part in (
        '"grace":"90m"',
        '"recovery_point":"36h"',
        '"starts_at":"2026-09-01T01:00:00Z"',
        '"file.changed":"warn"',
        '"endpoint_url":"https://s3.example"',
        '"ratio":"0.5"',
        '"zones":{"z\\\\xf3na":',
        '"zone":"zóna"',
    ):
        assert part in text


def test_no_secret_is_told(tmp_path: Path) -> None:
    text = plain(tmp_path)
    assert b"never-told" not in text
    assert text.count(b'"********"') >= 3


def test_where_the_settings_lie_makes_no_difference(tmp_path: Path) -> None:
    folders = tmp_path / "one", tmp_path / "two"
    for folder in folders:
        folder.mkdir()
    assert plain(folders[0]) == plain(folders[1])
