"""landproof restore plan --format: what others are given runs there, or at least parses, whatever files are called."""

from __future__ import annotations

import ast
import gzip
import io
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.landproof import Answer, landproof
from support.servers import rclone_binary
from support.zones import ALPHA, Zone, daily, days_before, some_json

from fixtures.content import TIME, json_part, moment

TIMES = days_before(TIME, 3)
ODD = "part-00001 [a] 'b' \"c\" größe{1,2} 100%.json.gz"
Records = list[dict[str, Any]]


def ndjson(records: Records) -> bytes:
    return gzip.compress("".join(f"{json.dumps(r)}\n" for r in records).encode())


def parquet(records: Records) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(records), sink, compression="gzip")
    return sink.getvalue()


def zone_of(folder: Path, exports: list[dict[str, bytes]]) -> Zone:
    """Return a zone with one export a day, scanned."""
    zone = Zone(folder, "the zone's [files]")
    zone.config.write_text(
        f'[catalog]\npath = "{zone.catalog.name}"\n[zones.zone]\nurl = "{zone.root}"\n'
        + daily(ALPHA, starts_at=f"{moment(TIMES[0]):%Y-%m-%dT%H:%M:%SZ}")
    )
    for time, files in zip(TIMES, exports, strict=False):
        zone.export(time=time, files=files, manifest_in="snapshot")
    zone.scan("--settle-minutes", 0)
    return zone


def written(zone: Zone, form: str, *words: object) -> Answer:
    return landproof("restore", "plan", ALPHA, "--as-of", TIME, "--format", form, *words, "--config", zone.config)


def rows(answer: Answer) -> Records:
    """Run the SQL and return its rows."""
    assert answer.status == 0, answer.err
    with duckdb.connect() as connection:
        result = connection.execute(answer.out)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


RECORDS: list[Records] = [
    [{"id": "a", "at": 1, "who": {"k'ey": "x"}}, {"id": "b", "at": 1, "who": {"k'ey": "y"}}, {"id": None, "at": 1}],
    [{"id": "b", "at": 5, "more": True}, {"id": "b", "at": 3, "more": False}, {"id": None, "at": 2}],
    [{"id": "c", "at": 9, "more": None}],
]


@pytest.fixture(params=["json", "parquet", "both"])
def zone(tmp_path: Path, request: pytest.FixtureRequest) -> Zone:
    """Records in each kind of file, with a new column on the second day."""
    kinds = {"json": ["json"] * 3, "parquet": ["parquet"] * 3, "both": ["json", "parquet", "parquet"]}[request.param]
    files = [
        {f"{ODD}": ndjson(records)}
        if kind == "json"
        else {f"{ODD.replace('.json.gz', '.gz.parquet')}": parquet(records)}
        for kind, records in zip(kinds, RECORDS, strict=True)
    ]
    return zone_of(tmp_path, files)


class TestSql:
    """DuckDB."""

    def test_gives_all_rows_by_name(self, zone: Zone) -> None:
        found = rows(written(zone, "sql"))
        assert {"id", "at", "who", "more"} == set(found[0])
        told = sorted((str(r["id"]), r["at"], r["more"]) for r in found)
        assert told == sorted((str(r["id"]), r["at"], r.get("more")) for day in RECORDS for r in day)

    def test_with_a_key_gives_the_last_row_of_each_and_all_without_one(self, zone: Zone) -> None:
        found = rows(written(zone, "sql", "--key", "id", "--order-by", "at"))
        told = sorted((str(r["id"]), r["at"]) for r in found)
        assert told == [("None", 1), ("None", 2), ("a", 1), ("b", 5), ("c", 9)]
        assert set(found[0]) == {"id", "at", "who", "more"}

    def test_with_several_keys_or_a_field_of_a_struct(self, zone: Zone) -> None:
        assert len(rows(written(zone, "sql", "--key", "id", "--key", "at"))) == 7
        found = rows(written(zone, "sql", "--key", "who.k'ey"))
        assert sorted(str(r["id"]) for r in found if r["who"]) == ["a", "b"]

    def test_of_a_restored_folder_reads_there(self, zone: Zone, tmp_path: Path) -> None:
        to = tmp_path / "restored"
        words = ("restore", "run", ALPHA, "--as-of", TIME, "--to", to, "--config", zone.config)
        assert landproof(*words).status == 0
        before = rows(written(zone, "sql", "--key", "id", "--order-by", "at"))
        zone.remove(ALPHA)
        answer = written(zone, "sql", "--key", "id", "--order-by", "at", "--at", to)
        assert str(zone.root) not in answer.out
        assert sorted(map(str, rows(answer))) == sorted(map(str, before))

    def test_with_an_empty_file_in_between(self, tmp_path: Path) -> None:
        zone = zone_of(
            tmp_path, [{ODD: ndjson(RECORDS[0])}, {json_part(): ndjson([])}, {json_part(): ndjson(RECORDS[2])}]
        )
        assert len(rows(written(zone, "sql"))) == 4

    @pytest.mark.parametrize("words", [("--format", "spark", "--key", "id"), ("--format", "sql", "--order-by", "at")])
    def test_with_options_that_do_nothing_is_wrong_usage(self, tmp_path: Path, words: tuple[str, ...]) -> None:
        zone = zone_of(tmp_path, [{json_part(): some_json()}])
        assert zone.run("restore", "plan", ALPHA, *words).status == 64
        assert written(zone, "sql", "--key", "a..b").status == 64


class TestLists:
    """rclone, azcopy."""

    def test_rclone_copies_just_these_files(self, zone: Zone, tmp_path: Path) -> None:
        zone.put(f"{ALPHA}/exportTime={TIME}/part-00009-stray.bin", b"not of the plan")
        answer = written(zone, "rclone")
        listed, to = tmp_path / "LIST", tmp_path / "there"
        listed.write_text(answer.out)
        command = re.search(r"rclone copy .* TARGET", answer.err)
        assert command
        line = command[0].replace("rclone", rclone_binary(), 1).replace("LIST", str(listed)).replace("TARGET", str(to))
        subprocess.run(["sh", "-c", f"{line} --config /dev/null"], check=True, capture_output=True)
        found = {str(p.relative_to(to)): p.read_bytes() for p in to.rglob("*") if p.is_file()}
        assert found == {p: (zone.root / p).read_bytes() for p in answer.out.splitlines()}
        assert len(found) == 6

    def test_azcopy_gets_the_paths(self, zone: Zone) -> None:
        answer = written(zone, "azcopy")
        assert (answer.status, len(answer.out.splitlines())) == (0, 6)
        assert all((zone.root / path).is_file() for path in answer.out.splitlines())
        assert "azcopy copy" in answer.err

    def test_of_files_at_two_places_are_refused_where_one_is_asked_for(self, tmp_path: Path) -> None:
        zone = zone_of(tmp_path, [{json_part(): some_json()} for _ in TIMES])
        assert zone.run("copy", f"zone/{ALPHA}/{TIMES[0]}", "--to", tmp_path / "safe", "--workers", 0).status == 0
        zone.remove(f"{ALPHA}/exportTime={TIMES[0]}")
        zone.scan()
        for form in ("rclone", "azcopy", "snowflake"):
            answer = landproof("restore", "plan", f"zone/{ALPHA}", "--format", form, "--config", zone.config)
            assert (answer.status, "restore run" in answer.err) == (64, True)

    def test_with_a_line_break_in_a_name_are_refused(self, tmp_path: Path) -> None:
        zone = zone_of(tmp_path, [])
        zone.export(time=TIMES[0], files={"part-00000-a\nb.json.gz": some_json()})
        zone.scan("--settle-minutes", 0)
        told = [written(zone, form, "--as-of", TIMES[0]) for form in ("rclone", "azcopy", "sql")]
        assert [answer.status for answer in told] == [64, 64, 0]
        assert len(rows(told[2])) == 5

    def test_of_nothing_are_empty(self, tmp_path: Path) -> None:
        zone = zone_of(tmp_path, [])
        told = [written(zone, form) for form in ("paths", "rclone", "azcopy")]
        assert [(answer.status, answer.out) for answer in told] == [(2, "")] * 3


class TestScripts:
    """Spark, Snowflake: their syntax only."""

    def test_spark_is_python_that_names_every_file(self, zone: Zone) -> None:
        answer = written(zone, "spark")
        told = [n.value for n in ast.walk(ast.parse(answer.out)) if isinstance(n, ast.Constant)]
        files = [str(t) for t in told if str(t).startswith("file:")]
        plain = [re.sub(r"\\(.)", r"\1", f.removeprefix("file://")) for f in files]
        assert len(files) == 3
        assert all(Path(path).is_file() for path in plain)
        assert ("mergeSchema" in told) is (".parquet" in answer.out)

    def test_snowflake_quotes_every_file_and_takes_a_thousand_at_a_time(self, tmp_path: Path) -> None:
        zone = zone_of(tmp_path, [])
        names = ["part-00000-it's\\.json.gz", *(json_part(n) for n in range(1000))]
        zone.export(time=TIMES[0], files=dict.fromkeys(names, b"x"))
        zone.scan("--settle-minutes", 0, "--depth", "list")
        answer = written(zone, "snowflake", "--as-of", TIMES[0], "--depth", "list")
        lists = re.findall(r"^COPY INTO .*? FILES = \(\n(.*?)\n  \)", answer.out, re.MULTILINE | re.DOTALL)
        assert (answer.status, [len(found.splitlines()) for found in lists]) == (0, [1000, 1])
        assert r"part-00000-it\'s\\.json.gz'" in answer.out
        assert answer.out.count("\nPUT ") == 1001


def test_what_is_not_whole_says_so_in_the_text_and_beside_it(tmp_path: Path) -> None:
    zone = zone_of(tmp_path, [{json_part(): some_json()} for _ in TIMES])
    zone.flip(f"{ALPHA}/exportTime={TIMES[1]}")
    zone.scan("--settle-minutes", 0, "--reverify", "all")
    for form, mark in (("sql", "--"), ("spark", "#"), ("snowflake", "--")):
        answer = written(zone, form)
        assert answer.status == 2
        assert f"{mark} gap: bad" in answer.out
        assert "gap: recovers to" in answer.err
