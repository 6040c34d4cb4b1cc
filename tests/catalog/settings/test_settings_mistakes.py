"""Settings: every mistake told at once, with where it stands, what was expected and what was there."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.settings_files import DATASET, ZONE, load, mistakes

from catalog.settings.checks import check
from catalog.settings.loading import load_settings
from catalog.settings.source import Source
from catalog.settings.tables import TABLES, Document
from verifier.errors import SettingsError


class TestMistakes:
    def test_all_of_them_are_told_at_once(self, tmp_path: Path) -> None:
        text = """
            catalogue = 1
            [catalog]
            pth = "x"
            [limits]
            line_bytes = "64 miles"
            json_depth = 0
            [levels]
            "layout.stray" = "info"
            "layout.marker" = "loud"
            [zones.cja]
            url = "s3://bkt"
            template = "{DATASET_ID}"
            settle_minutes = "soon"
            kind = "ftp"
            [zones."a/b"]
            url = "s3://other"
            [zones.empty]
            [[datasets]]
            zone = "cjb"
            id = "a"
            compressed = "yes"
            evry = "24h"
            [notify]
            urls = "slack://hush"
        """
        assert mistakes(tmp_path, text) == [
            "catalog.pth: unknown key in table [catalog]; the nearest known is 'path'",
            "limits.line_bytes: expected a size above zero such as 64MiB, 16MB or 1048576, got '64 miles'",
            "limits.json_depth: expected 1 or more, got 0",
            "levels.layout.stray: unknown finding code 'layout.stray'; the nearest known is 'layout.stray-file'",
            "levels.layout.marker: expected one of error, warn, info, got 'loud'",
            (
                "zones.cja.kind: expected 's3', 'azure-blob', 'adls-gen2', 'gcs', 'sftp', 'data-landing-zone'"
                ", 'local' or 'fsspec', got 'ftp'"
            ),
            (
                "zones.cja.template: template '{DATASET_ID}' has neither EXPORT_TIME nor DATETIME, so that exports"
                " cannot be told apart; use the folder template of the export, such as {DATASET_ID}/{EXPORT_TIME}"
            ),
            "zones.cja.settle_minutes: expected a whole number, got 'soon'",
            "zones.a/b: expected a name without '/', not empty, got 'a/b'",
            "zones.empty.url: required, but not there",
            "datasets[0].compressed: expected true or false, got 'yes'",
            "datasets[0].evry: unknown key in table [datasets[0]]; the nearest known is 'every'",
            "notify.urls: expected an array, got a value that is not shown",
            "catalogue: unknown key in the settings; the nearest known is 'catalog'",
            "datasets[0].zone: expected the name of a configured zone, got 'cjb'; the nearest known is 'cja'",
        ]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ('zones = "s3://b"', "zones: expected a table, got 's3://b'"),
            ('zones.z = "s3://b"', "zones.z: expected a table, got 's3://b'"),
            ("[datasets]\nzone = 1", "datasets: expected an array of tables, [[datasets]], got a table"),
            ("datasets = [1]", "datasets[0]: expected a table, got 1"),
            ("[zones.z]\nurl = 5", "zones.z.url: expected a text, got 5"),
            ('[zones.z]\nurl = ""', "zones.z.url: expected the url or path of a place, got ''"),
            ('[zones.""]\nurl = "/x"', "zones.: expected a name without '/', not empty, got ''"),
            (ZONE + "settle_minutes = -1", "zones.z.settle_minutes: expected 0 or more, got -1"),
            (ZONE + "settle_minutes = true", "zones.z.settle_minutes: expected a whole number, got true"),
            (ZONE + "lifetime_days = 7.5", "zones.z.lifetime_days: expected a whole number, got 7.5"),
            (ZONE + 'stale_after = "0h"', "zones.z.stale_after: expected a duration above zero, got 0"),
            (ZONE + 'ignore = ["a", 1]', "zones.z.ignore[1]: expected a text, got 1"),
            (
                ZONE + 'template = "{DATASET_ID}/{dataset_name}/{EXPORT_TIME}"',
                (
                    "zones.z.template: expected macros such as {DATASET_ID} or %DATASET_ID%, in capitals,"
                    " got '{DATASET_ID}/{dataset_name}/{EXPORT_TIME}'"
                ),
            ),
            (ZONE + DATASET + "grace = 3", "datasets[0].grace: expected a duration such as 30m, 24h or 7d, got 3"),
            ('[[datasets]]\nid = "a"', "datasets[0].zone: required, but not there"),
            (DATASET, "datasets[0].zone: expected the name of a configured zone, got 'z'; there is none"),
        ],
    )
    def test_each_says_where_what_was_expected_and_what_was_there(
        self, tmp_path: Path, text: str, expected: str
    ) -> None:
        assert mistakes(tmp_path, text) == [expected]

    def test_an_unknown_macro_names_the_known_ones(self, tmp_path: Path) -> None:
        (line,) = mistakes(tmp_path, ZONE + 'template = "{DATASET}/{EXPORT_TIME}"')
        assert line.startswith("zones.z.template: unknown macro DATASET in a folder template; known are DATASET_ID,")

    def test_two_datasets_of_one_zone_may_share_neither_id_nor_name(self, tmp_path: Path) -> None:
        text = ZONE + DATASET + 'name = "n"\n' + DATASET + 'name = "n"\n'
        assert mistakes(tmp_path, text) == [
            "datasets[1].id: expected one dataset of zone 'z' with this id, got datasets[0] too",
            "datasets[1].name: expected one dataset of zone 'z' with this name, got datasets[0] too",
        ]
        other = '[zones.y]\nurl = "s3://other"\n' + DATASET.replace('"z"', '"y"') + 'name = "n"\n'
        assert len(load(tmp_path, ZONE + DATASET + 'name = "n"\n' + other).datasets) == 2

    def test_two_zones_may_not_be_one_place_but_one_may_lie_in_another(self, tmp_path: Path) -> None:
        text = ZONE + '[zones.y]\nurl = "s3://bkt/p/"\n'
        assert mistakes(tmp_path, text) == ["zones.y.url: expected another place than that of zone 'z'"]
        assert len(load(tmp_path, ZONE + '[zones.y]\nurl = "s3://bkt/p/q"\n').zones) == 2

    def test_a_syntax_error_names_its_line(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match=r"landproof\.toml: not TOML: .*line 2"):
            load(tmp_path, "[catalog]\npath landproof\n")

    def test_a_file_that_is_not_text_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "landproof.toml").write_bytes(b"[catalog]\xff")
        with pytest.raises(SettingsError, match="not UTF-8 at byte 9"):
            load_settings(tmp_path / "landproof.toml", {})

    def test_a_folder_in_place_of_a_file_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match="cannot be read: is a directory"):
            load_settings(tmp_path, {})


class TestContradictions:
    @pytest.mark.parametrize(
        ("lines", "expected"),
        [
            ('every = "24h"', "datasets[0].starts_at: required with every, but not there"),
            (
                'every = "24h"\nstarts_at = "2026-01-01T01:00:00"',
                (
                    "datasets[0].starts_at: expected a time with its offset, such as 2026-01-01T01:00:00Z,"
                    " got '2026-01-01T01:00:00'"
                ),
            ),
            (
                'every = "24h"\nstarts_at = 2026-01-01T01:00:00',
                (
                    "datasets[0].starts_at: expected a time with its offset, such as 2026-01-01T01:00:00Z,"
                    " got 2026-01-01 01:00:00"
                ),
            ),
            (
                'cron = "0 1 * *"',
                (
                    "datasets[0].cron: expected a cron expression of five fields, such as '0 1 * * *', got '0 1 * *':"
                    " 4 fields"
                ),
            ),
            (
                'every = "24h"\ncron = "0 1 * * *"\nstarts_at = "2026-01-01T01:00:00Z"',
                "datasets[0].cron: expected either every or cron, got both",
            ),
            (
                'cron = "0 1 * * *"\nstarts_at = "2026-01-01T01:00:00Z"\nends_at = "2026-01-01T02:00:00+01:00"',
                (
                    "datasets[0].ends_at: expected a time after starts_at, '2026-01-01T01:00:00Z',"
                    " got '2026-01-01T02:00:00+01:00'"
                ),
            ),
            ('ends_at = "2026-01-01T01:00:00Z"', "datasets[0].ends_at: expected every or cron beside it, got neither"),
        ],
    )
    def test_what_contradicts_itself_is_told(self, tmp_path: Path, lines: str, expected: str) -> None:
        assert mistakes(tmp_path, ZONE + DATASET + lines) == [expected]


known = st.sampled_from([*Document.model_fields, *(key for table in TABLES.values() for key in table.model_fields)])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.datetimes() | st.just("24h"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(known | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(
    st.dictionaries(known, values, max_size=4), st.dictionaries(known.map(str.upper), st.text(max_size=9), max_size=3)
)
def test_whatever_stands_in_it_comes_to_a_document_or_to_mistakes(raw: dict[str, object], more: dict[str, str]) -> None:
    environment = {f"LANDPROOF_ZONES__A__{key}": value for key, value in more.items()}
    source = Source(raw, environment, Path())
    source.override()
    source.resolve()
    document, found = check(source.raw)
    assert (document is None) == bool(found)
    assert all(m.text and "\n" not in m.text for m in found)


schemes = st.sampled_from(
    ["", "~", "file:", "https://", "http://127.0.0.1:1/", "az://", "abfss://c@", "sftp://", "dlz://"]
)


@settings(deadline=None)
@given(schemes, st.text(max_size=30), st.sampled_from([None, "sas_uri", "endpoint_url", "connection_string", "port"]))
def test_whatever_a_url_says_it_is_a_place_or_a_mistake(scheme: str, text: str, option: str | None) -> None:
    zone: dict[str, object] = {"url": f"{scheme}{text}", "options": {option: text} if option else {}}
    source = Source({"zones": {"z": zone}}, {}, Path("/settings"))
    source.resolve()
    document, found = check(source.raw)
    assert (document is None) == bool(found)
    assert document is None or source.mistakes or document.zones["z"].location().url
