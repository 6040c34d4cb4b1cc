"""Names that break tables, terminals and documents, and what is never shown of a file's inside."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from support.landproof import Answer, finished, landproof, started
from support.zones import ALPHA, BETA, Zone, daily, some_json

from fixtures.content import TIME, flipped, gz, json_part, lines, parquet, part, table

NAMES = (
    "new\nline.json.gz",
    "carriage\rreturn.json.gz",
    "tab\tand 'quotes' and \"more\".json.gz",
    "[bold red]markup[/bold red].json.gz",
    "\x1b[31mescape.json.gz",
    "right to left \u202e.json.gz",
    "emoji 😀 :smile:.json.gz",
    "--option.json.gz",
    "ünïcödé.json.gz",
)
SECRET_VALUE = "jane.doe@example.com"


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Zone:
    """A zone whose files have every odd name, each once as a broken part and once as a stray."""
    zone = Zone(tmp_path_factory.mktemp("odd"), "zone [red]\n")
    folder = zone.export(ALPHA)
    for name in NAMES:
        zone.put(f"{folder}/{name}", some_json()[:-9])
        zone.put(f"stray {name}", b"x")
    (zone.root / folder / os.fsdecode(b"not \xff utf-8.json.gz")).write_bytes(some_json())
    os.utime(zone.root / folder / os.fsdecode(b"not \xff utf-8.json.gz"), (1_758_000_000,) * 2)
    zone.put(f"data\nset/exportTime={TIME}/{json_part()}", some_json())
    zone.scan()
    return zone


def test_every_name_is_in_the_document_as_it_is(odd: Zone) -> None:
    seen = odd.scan()
    paths = {f["path"] for s in seen.document["snapshots"] for f in s["findings"]}
    assert paths >= {f"{ALPHA}/exportTime={TIME}/{name}" for name in NAMES}
    assert {s["path"] for s in seen.document["strays"]} == {f"stray {name}" for name in NAMES}
    assert seen.status == 3
    assert seen.counts["files_read"] == 1


@pytest.mark.parametrize("command", ["scan", "show", "snapshots", "datasets", "history", "sql", "doctor"])
def test_words_keep_every_row_on_a_line_of_its_own_and_steer_no_terminal(odd: Zone, command: str) -> None:
    found = odd.run("snapshots", "--dataset", ALPHA).document["snapshots"][0]["id"]
    words = {
        "scan": [odd.root, "--workers", 0],
        "show": [found],
        "history": [found],
        "sql": ["SELECT path FROM files"],
        "doctor": [odd.root],
    }
    told = landproof(command, *words.get(command, []), "--catalog", odd.catalog)
    assert told.out
    text = told.out.replace("\n", "")
    assert text.isprintable(), [c for c in text if not c.isprintable()]
    if command == "sql":
        assert len(told.out.splitlines()) == 1 + len(NAMES) + 3
    if command == "scan":
        assert "[bold red]markup[/bold red]" in told.out
        assert "new\\nline" in told.out


def test_documents_are_utf_8_whatever_the_locale(odd: Zone) -> None:
    words = ["scan", odd.root, "--catalog", odd.catalog, "--workers", "0"]
    for output in ("--json", "--jsonl"):
        answer = finished(started(*words, output, PYTHONIOENCODING="ascii", LC_ALL="C"))
        assert "emoji 😀" in answer.out
        assert all(json.loads(line) for line in answer.out.splitlines()) if output == "--jsonl" else answer.document
    assert finished(started(*words, PYTHONIOENCODING="ascii")).status == 3


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Zone:
    """Every kind of broken file, each with the same value inside."""
    zone = Zone(tmp_path_factory.mktemp("private"))
    row = f'{{"email": "{SECRET_VALUE}"'
    broken = [
        f"{row}\n", f"{row}, }}\n", f'["{SECRET_VALUE}"]\n', f'"{SECRET_VALUE}"\n', f"{SECRET_VALUE}\n",
        f"{row}}} {row}}}\n",
        f'{{"{SECRET_VALUE}": NaN}}\n', f"{row[:-1]}\x01\"}}\n", f"{row}}}\n{row[:-3]}",
    ]  # fmt: skip
    files = {json_part(n): gz(text.encode()) for n, text in enumerate(broken)}
    files[json_part(50)] = gz(f"{row}}}\n".encode() * 50)[:-12]
    files[part(51, "json")] = f"{row[:-1]}".encode() + b'\xff\xfe"}\n'
    files[part(52, "csv")] = f"email\n{SECRET_VALUE}\n".encode()
    zone.export(ALPHA, files=files)
    rows = [{"_id": SECRET_VALUE}] * 40
    page = parquet(table(rows), compression="none", use_dictionary=False)
    at = page.index(SECRET_VALUE.encode()) + 3
    zone.export(BETA, files={part(0): flipped(page, at), part(1): page[:-30], json_part(2): page, part(3): lines(rows)})
    zone.settings(daily(ALPHA), daily(BETA), "[limits]\nline_bytes = 16\n")
    zone.scan()
    return zone


def test_no_value_from_inside_a_file_reaches_an_output_or_the_catalog(private: Zone) -> None:
    answers = [private.scan(), private.run("check"), landproof("scan", "--config", private.config, "--workers", 0)]
    for dataset in (ALPHA, BETA):
        snapshot = f"zone/{dataset}/{TIME}"
        answers += [private.run("show", snapshot), private.run("history", snapshot)]
        answers += [landproof("show", snapshot, "--config", private.config)]
    assert all(answer.status in (0, 1, 2) for answer in answers)
    assert sum(answers[0].codes.values()) > 8
    _absent(SECRET_VALUE, answers, private.folder)
    private.config.write_text(private.config.read_text().replace("line_bytes = 16", "line_bytes = 1048576"))
    again = [private.scan(), private.run("show", f"zone/{ALPHA}/{TIME}")]
    assert again[0].codes["json.invalid-line"] > 3
    _absent(SECRET_VALUE, again, private.folder)


def test_no_secret_of_options_or_environment_reaches_an_output_or_the_catalog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = Zone(tmp_path)
    secret = "hunter2hunter2hunter2"
    monkeypatch.setenv("ZONE_SECRET", secret)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    options = (
        'endpoint_url = "http://127.0.0.1:9"\nkey = "someone"\nsecret = "${ZONE_SECRET}"\ntoken = "${ZONE_SECRET}"\n'
    )
    zone.config.write_text(
        f'[catalog]\npath = "c.duckdb"\n[zones.cja]\nurl = "s3://bucket/x"\n[zones.cja.options]\n{options}'
        + daily(ALPHA, zone="cja")
    )
    answers = [zone.run("nightly"), landproof("doctor", "--config", zone.config)]
    assert {answer.status for answer in answers} == {3}
    assert answers[0].document["scan"]["zones"][0]["error"]["kind"] == "network"
    answers += [zone.run("sql", "FROM scans"), zone.run("check")]
    zone.config.write_text(zone.config.read_text().replace('key = "someone"', f'keey = "{secret}"\nbad = ["{secret}"]'))
    answers += [zone.run("scan"), landproof("scan", f"s3://me:{secret}@bucket/x", "--catalog", zone.catalog)]
    _absent(secret, answers, tmp_path, but=zone.config)


def _absent(text: str, answers: list[Answer], folder: Path, but: Path | None = None) -> None:
    for answer in answers:
        assert text not in answer.out + answer.err
    for path in folder.rglob("*.duckdb*"):
        assert text.encode() not in path.read_bytes()
    assert but is None or text in but.read_text()
