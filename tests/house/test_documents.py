"""Every command, option, finding and setting is explained, and what the documents show is what the program says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from catalog.cli.main import main
from catalog.exit_status import ExitStatus
from catalog.settings_tables import TABLES
from support import reference

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
    listed = reference.help_text().partition("Commands:")[2]
    (line,) = [line.split(None, 1) for line in listed.splitlines() if line.split()[:1] == [name]]
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


def test_settings_example_of_the_readme_is_accepted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKUP_KEY", "k")
    monkeypatch.setenv("BACKUP_SECRET", "s")
    examples = re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert examples
    for number, example in enumerate(examples):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "landproof.toml").write_text(example, encoding="utf-8")
        assert main(["datasets", "--config", str(folder / "landproof.toml")]) == ExitStatus.CATALOG
        assert "does not exist" in capsys.readouterr().err
