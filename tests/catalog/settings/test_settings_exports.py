"""Exports to be set up at Adobe as the settings have them: checked like any table, their logins held back."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.flow_exports import EXPORTS, export_toml
from support.settings_files import load, mistakes

from catalog.settings.values import Secret
from verifier.backends.references import Reference


@pytest.mark.parametrize("kind", EXPORTS)
def test_an_export_of_any_kind_is_read_without_its_secrets_at_hand(tmp_path: Path, kind: str) -> None:
    settings = load(tmp_path, export_toml(kind, datasets=("Orders",)))
    (export,) = settings.adobe.exports
    assert (export.name, export.kind, export.datasets, settings.warnings) == ("lake", kind, ("Orders",), ())
    assert "exports" not in settings.adobe.login()


def test_references_stay_what_they_are_and_files_are_found_from_anywhere(tmp_path: Path) -> None:
    text = export_toml("sftp", datasets=("a",)).replace("${EXPORT_PASSWORD}", "file:hush/password")
    (export,) = load(tmp_path, text).adobe.exports
    assert export.connection["password"] == Reference(f"file:{tmp_path / 'hush/password'}")
    assert export.connection["username"] == "adobe"
    assert export.connection["port"] == 2222


def test_a_literal_secret_is_hidden_and_warned_of(tmp_path: Path) -> None:
    settings = load(tmp_path, export_toml("sftp", datasets=("a",)).replace("${EXPORT_PASSWORD}", "hush"))
    (export,) = settings.adobe.exports
    assert export.connection["password"] == Secret("hush")
    assert [warning.partition(";")[0] for warning in settings.warnings] == [
        "adobe.exports[0].connection.password: a literal secret"
    ]
    assert "hush" not in repr(settings) + "".join(settings.warnings)


def test_exports_do_not_change_how_anything_is_judged(tmp_path: Path) -> None:
    assert load(tmp_path, export_toml("s3", datasets=("a",))).digest() == load(tmp_path, "").digest()


MISTAKES = {
    'nam = "x"': "adobe.exports[0].nam: unknown key in table [adobe.exports[0]]; the nearest known is 'name'",
    'format = "csv"': "adobe.exports[0].format: expected 'parquet' or 'json', got 'csv'",
    'every = "weekly"': "adobe.exports[0].every: expected an interval of a minute or more, such as 3h or 24h, or once,"
    " got 'weekly'",
    'template = "{NOTHING}"': "adobe.exports[0].template: ",
    "compressed = 1": "adobe.exports[0].compressed: expected true or false, got 1",
    'starts_at = "soon"': "adobe.exports[0].starts_at: expected a time with its offset",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, line: str) -> None:
    (told,) = mistakes(tmp_path, export_toml("s3", datasets=("a",), more=line))
    assert told.startswith(MISTAKES[line])


@pytest.mark.parametrize("value", ["true", "[1]", "1.5", "{ hush = 1 }"])
def test_a_login_of_another_type_is_not_shown(tmp_path: Path, value: str) -> None:
    text = export_toml("sftp", datasets=("a",)).replace('"${EXPORT_PASSWORD}"', value)
    (told,) = mistakes(tmp_path, text)
    assert told.startswith("adobe.exports[0].connection.password: expected a text or a whole number, got a value")
    assert "hush" not in told


@pytest.mark.parametrize("name", ["a,b", "a=b", " a", "a ", "", "x" * 65, "ä"])
def test_a_name_is_one_that_filters_and_people_can_read(tmp_path: Path, name: str) -> None:
    (told,) = mistakes(tmp_path, export_toml("s3", name=name, datasets=("a",)))
    assert told.startswith("adobe.exports[0].name: expected at most 64 letters")


def test_names_are_each_exports_own(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, export_toml("s3", datasets=("a",)) + export_toml("gcs", datasets=("a",)))
    assert told == "adobe.exports: expected exports with names of their own, got 'lake' more than once"


def test_a_single_table_is_no_list_of_exports(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, "[adobe.exports]\nname = 'x'\n")
    assert told.startswith("adobe.exports: expected an array of tables, [[adobe.exports]]")
