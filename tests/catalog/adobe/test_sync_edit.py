"""Settings edited in place: nothing changes but what was wanted, byte for byte, however people wrote the file."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime

import pytest

from catalog.adobe.sync_edit import edited
from catalog.adobe.sync_values import DatasetChange, KeyChange, SyncPlan, Value, ZoneChange
from verifier.errors import SettingsError

FILE = """# ours, do not touch
[catalog]
path = "landproof.duckdb"   # beside this file

[zones.cja]
url = "s3://acme/exports"
settle_minutes = 10

# how to get there
[zones.cja.options]
endpoint_url = "http://127.0.0.1:9000"   # a test

[[datasets]]   # the first
zone = "cja"
id = "a"
every = "24h"      # as Adobe has it
starts_at = 2026-01-01T01:00:00Z
grace = "5h"

# what follows is the second

[[datasets]]
zone = 'cja'
id = 'b'
cron = "0 1 * * *"

[adobe]
client_secret = "${SECRET}"
"""
END = datetime(2027, 1, 1, tzinfo=UTC)


def dataset(position: int | None, **changes: Value) -> DatasetChange:
    found = tuple(KeyChange(key, None, value) for key, value in changes.items())
    return DatasetChange(zone="cja", dataset_id="x", name=None, flow_id="f", changes=found, position=position)


def zone(name: str, *, is_new: bool = False, needs: str | None = None, **changes: Value) -> ZoneChange:
    found = tuple(KeyChange(key, None, value) for key, value in changes.items())
    return ZoneChange(name=name, is_new=is_new, changes=found, needs=needs)


def plan(*changes: DatasetChange | ZoneChange) -> SyncPlan:
    return SyncPlan(
        flows=(),
        zones=tuple(c for c in changes if isinstance(c, ZoneChange)),
        datasets=tuple(c for c in changes if isinstance(c, DatasetChange)),
    )


def lines_that_differ(before: str, after: str) -> tuple[list[str], list[str]]:
    """Return the lines that went and those that came."""
    old, new = before.splitlines(), after.splitlines()
    return [line for line in old if line not in new], [line for line in new if line not in old]


def test_changed_value_keeps_the_comment_and_the_space_around_it() -> None:
    new = edited(FILE, plan(dataset(0, every="3h")))
    assert lines_that_differ(FILE, new) == (
        ['every = "24h"      # as Adobe has it'],
        ['every = "3h"      # as Adobe has it'],
    )


def test_new_key_stands_behind_the_last_of_its_table_and_not_behind_what_is_said_of_the_next() -> None:
    new = edited(FILE, plan(dataset(0, ends_at=END)))
    assert 'grace = "5h"\nends_at = "2027-01-01T00:00:00Z"\n\n# what follows is the second\n\n[[datasets]]\n' in new
    assert lines_that_differ(FILE, new) == ([], ['ends_at = "2027-01-01T00:00:00Z"'])


def test_moment_that_was_written_as_one_stays_one() -> None:
    new = edited(FILE, plan(dataset(0, starts_at=END)))
    assert tomllib.loads(new)["datasets"][0]["starts_at"] == END


def test_key_that_is_taken_away_leaves_its_neighbours() -> None:
    new = edited(FILE, plan(dataset(1, cron=None, every="24h", starts_at=END)))
    assert "zone = 'cja'\nid = 'b'\nevery = \"24h\"\nstarts_at = \"2027-01-01T00:00:00Z\"\n\n[adobe]\n" in new


def test_zone_with_options_below_it_gets_its_template_above_them() -> None:
    new = edited(FILE, plan(zone("cja", template="%DATASET_ID%/%DATETIME(YYYYMMdd)%")))
    assert 'settle_minutes = 10\ntemplate = "%DATASET_ID%/%DATETIME(YYYYMMdd)%"\n' in new
    assert "# how to get there\n[zones.cja.options]\n" in new


def test_what_is_new_stands_at_the_end_and_the_rest_is_untouched() -> None:
    new = edited(
        FILE,
        plan(
            zone("new one", is_new=True, url="gs://bucket/x", needs="token"),
            dataset(None, zone="new one", id="c", name='Say "hi"', enabled=False),
        ),
    )
    assert new.startswith(FILE)
    assert new[len(FILE) :] == (
        '\n[zones."new one"]\nurl = "gs://bucket/x"\n# [zones."new one".options]: token\n'
        '\n[[datasets]]\nzone = "new one"\nid = "c"\nname = "Say \\"hi\\""\nenabled = false\n'
    )


def test_file_without_a_last_line_end_and_with_those_of_windows_stays_such_a_file() -> None:
    windows = FILE.rstrip("\n").replace("\n", "\r\n")
    new = edited(windows, plan(dataset(1, name="B"), dataset(0, every="3h"), dataset(None, zone="cja", id="c")))
    assert 'cron = "0 1 * * *"\r\nname = "B"\r\n\r\n[adobe]\r\n' in new
    assert new.count("\n") == new.count("\r\n")
    assert new.endswith('client_secret = "${SECRET}"\r\n\r\n[[datasets]]\r\nzone = "cja"\r\nid = "c"\r\n')


def test_datasets_in_one_array_are_changed_and_added_there() -> None:
    array = '[zones.cja]\nurl = "s3://b/p"\n'
    text = 'datasets = [\n  {zone = "cja", id = "a"},  # one\n]\n' + array
    new = edited(text, plan(dataset(0, every="3h"), dataset(None, zone="cja", id="c")))
    read = tomllib.loads(new)["datasets"]
    assert read == [{"zone": "cja", "id": "a", "every": "3h"}, {"zone": "cja", "id": "c"}]
    assert "# one" in new


def test_tables_in_any_order_are_found() -> None:
    text = '[[datasets]]\nid = "a"\n\n[zones.z]\nurl = "s3://b/p"\n\n[adobe]\nsandbox = "prod"\n\n[zones.y]\nurl = "s3://c/p"\n'
    new = edited(text, plan(dataset(0, every="3h"), zone("y", template="x"), zone("z", template="w")))
    assert lines_that_differ(text, new) == ([], ['every = "3h"', 'template = "w"', 'template = "x"'])


def test_zones_between_datasets_stay_where_they_are() -> None:
    text = '[zones.a]\nurl = "s3://a/p"\n\n[[datasets]]\nid = "x"\n# of b\n[zones.b]\nurl = "s3://b/p"\n\n'
    text += '[[datasets]]\nid = "y"\n'
    new = edited(text, plan(dataset(1, every="3h"), dataset(0, name="X"), zone("b", template="t")))
    expected = text.replace('id = "x"\n', 'id = "x"\nname = "X"\n').replace('b/p"\n', 'b/p"\ntemplate = "t"\n')
    assert new == f'{expected}every = "3h"\n'


def test_what_only_looks_like_a_header_is_left_alone() -> None:
    array = 'x = [\n["datasets"],\n[1]\n]\n[[datasets]]\nid = "a"\n'
    assert edited(array, plan(dataset(0, every="3h"))) == f'{array}every = "3h"\n'
    many_lines = '[[datasets]]\nid = "a"\nname = """\n[[datasets]]\n"""\n[[datasets]]\nid = "b"\n'
    with pytest.raises(SettingsError):
        edited(many_lines, plan(dataset(1, every="3h")))


@pytest.mark.parametrize(
    "text",
    [
        'zones.cja.url = "s3://b/p"\nzones.cja.template = "a"\n',
        'zones = {cja = {url = "s3://b/p", template = "a"}}\n',
        '[zones]\ncja = {url = "s3://b/p", template = "a"}\n',
        '[zones]\ncja.url = "s3://b/p"\ncja.template = "a"\n',
    ],
)
def test_zone_written_in_any_other_way_is_edited_too(text: str) -> None:
    new = edited(text, plan(zone("cja", template="b")))
    assert tomllib.loads(new) == {"zones": {"cja": {"url": "s3://b/p", "template": "b"}}}


def test_file_that_holds_no_such_dataset_is_refused() -> None:
    with pytest.raises(SettingsError, match="cannot be edited"):
        edited(FILE, plan(dataset(7, every="3h")))


def test_nothing_to_change_changes_nothing() -> None:
    assert edited(FILE, plan()) == FILE
