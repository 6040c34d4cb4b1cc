"""Every command, option, finding and setting is explained, and what the documents show is what the program says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support import reference

from catalog.cli.main import main
from catalog.exit_status import ExitStatus
from catalog.settings.loading import load_settings
from catalog.settings.tables import TABLES
from catalog.store.migrate import migrations
from fixtures import pgp_messages as messages
from verifier.findings import REGISTER

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "fixtures").glob("*.md")])
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@pytest.mark.parametrize("page", list(reference.pages()), ids=lambda page: page.name)
def test_page_is_what_the_program_says_now(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == reference.pages()[page], "write it anew with: make docs"


@pytest.mark.parametrize("name", list(reference.commands()))
def test_command_and_each_of_its_options_has_help(name: str) -> None:
    command = reference.commands()[name]
    assert command.help
    assert [p.name for p in command.params if not p.help] == []


@pytest.mark.parametrize("name", list(reference.commands()))
def test_command_is_listed_with_its_whole_first_sentence(name: str) -> None:
    *group, word = name.split()
    listed = reference.help_text(*group).partition("Commands:")[2]
    (line,) = [line.split(None, 1) for line in listed.splitlines() if line.split()[:1] == [word]]
    assert line[1].endswith("."), "shorten it, or the list cuts it off"
    assert not line[1].endswith("...")


def test_families_of_findings_have_a_heading_each() -> None:
    page = reference.findings_page()
    assert {code for code in REGISTER if f'<a id="{code}"></a>' not in page} == set()


@pytest.mark.parametrize("code", list(REGISTER))
def test_finding_is_explained_in_words_that_fit_a_table(code: str) -> None:
    row = REGISTER[code]
    assert row.meaning
    assert row.advice
    assert not row.meaning.endswith(".")
    assert "|" not in row.meaning + row.advice


@pytest.mark.parametrize("table", list(TABLES))
def test_settings_are_explained_key_by_key(table: str) -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    section = text.partition(f"## {table}\n")[2].partition("\n## ")[0]
    assert section, f"docs/settings.md has no section {table}"
    assert {key for key in TABLES[table].model_fields if f"| `{key}` |" not in section} == set()


def test_exit_statuses_are_explained() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {int(status) for status in ExitStatus if f"| {int(status)} |" not in text} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_of_documents_lead_somewhere(document: Path) -> None:
    for target in _LINK.findall(document.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        page = (document.parent / name).resolve() if name else document
        assert page.exists(), target
        if anchor:
            text = page.read_text(encoding="utf-8")
            assert anchor in _anchors(text), target


def _anchors(text: str) -> set[str]:
    headings = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(text)}
    return headings | set(re.findall(r'<a id="([^"]+)"', text))


def _examples(name: str, language: str) -> list[str]:
    """Return the blocks of a document in a language."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("name", ["README.md", "docs/settings.md"])
def test_examples_of_settings_are_accepted(name: str, tmp_path: Path) -> None:
    examples = _examples(name, "toml")
    assert examples
    for example in examples:
        (tmp_path / "landproof.toml").write_text(example, encoding="utf-8")
        pgp = {"PGP_KEY": messages.KEY, "PGP_PASSPHRASE": messages.PASSPHRASE}
        others = dict.fromkeys(re.findall(r"\$\{(\w+)\}", example), "json://127.0.0.1")
        load_settings(tmp_path / "landproof.toml", {**others, **pgp})


def test_questions_in_sql_are_answered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions = _examples("docs/catalog.md", "sql")
    assert len(questions) >= 5
    assert main(["demo", str(tmp_path / "demo")]) == ExitStatus.OK
    for question in questions:
        config = str(tmp_path / "demo" / "landproof.toml")
        assert main(["sql", question, "--config", config]) == ExitStatus.OK, capsys.readouterr().err


def test_views_and_tables_of_the_catalog_are_explained() -> None:
    text = (ROOT / "docs" / "catalog.md").read_text(encoding="utf-8")
    statements = "".join(step.statements for step in migrations())
    made = set(re.findall(r"^CREATE (?:TABLE|VIEW) (\w+)", statements, re.MULTILINE))
    assert made
    assert {name for name in made if f"`{name}`" not in text} == set()


_QUESTIONS = (
    ["nightly"],
    ["scan", "--jsonl"],
    ["datasets"],
    ["snapshots", "--limit", "1"],
    ["copy", "SNAPSHOT", "--to", "ELSEWHERE", "--estimate"],
    ["copy", "SNAPSHOT", "--to", "ELSEWHERE"],
    ["show", "SNAPSHOT"],
    ["restore", "plan", "Web events"],
    ["drill", "Web events"],
    ["history", "SNAPSHOT"],
    ["history", "PATH"],
    ["sql", "SELECT 1 AS one"],
    ["init", "ZONE", "--output", "OUTPUT"],
    ["doctor"],
)


def _keys(value: object) -> set[str]:
    """Return every key in a document, but those of what is counted or located, which depend on what is there."""
    if isinstance(value, dict):
        inner = (_keys(part) for key, part in value.items() if key not in ("facts", "where"))
        return set(value).union(*inner)
    return set().union(*(_keys(part) for part in value)) if isinstance(value, list) else set()


def test_fields_of_documents_are_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo = tmp_path / "demo"
    assert main(["demo", str(demo), "--json"]) == ExitStatus.OK
    seen = _keys(json.loads(capsys.readouterr().out))
    data = next((demo / "zone").rglob("*.parquet"))
    dataset, folder = data.parts[-3:-1]
    words = {
        "SNAPSHOT": f"demo/{dataset}/{folder.removeprefix('exportTime=')}",
        "PATH": str(data.relative_to(demo / "zone")),
        "ZONE": str(demo / "zone"),
        "OUTPUT": str(tmp_path / "proposed.toml"),
        "ELSEWHERE": str(tmp_path / "elsewhere"),
    }
    for question in _QUESTIONS:
        arguments = [words.get(word, word) for word in question]
        if question[0] != "init":
            arguments += ["--config", str(demo / "landproof.toml")]
        if "--jsonl" not in question:
            arguments += ["--json"]
        assert main(arguments) in (ExitStatus.OK, ExitStatus.WARNINGS, ExitStatus.ERRORS), question
        out = capsys.readouterr().out
        for document in out.splitlines() if "--jsonl" in question else [out]:
            seen |= _keys(json.loads(document))
    text = (ROOT / "docs" / "documents.md").read_text(encoding="utf-8")
    assert {key for key in seen if f"`{key}`" not in text} == set()
