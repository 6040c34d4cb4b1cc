"""What docs/adobe.md shows is what the program takes and says."""

from __future__ import annotations

import re
from pathlib import Path

from catalog.adobe.provision_rules import PLACES
from catalog.settings.exports import ExportTable
from catalog.settings.loading import load_settings

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "adobe.md").read_text(encoding="utf-8")


def test_its_settings_are_accepted(tmp_path: Path) -> None:
    examples = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(examples) >= 2
    variables = {"ADOBE_CLIENT_ID": "x", "ADOBE_CLIENT_SECRET": "y"}
    (tmp_path / "landproof.toml").write_text("".join(examples), encoding="utf-8")
    settings = load_settings(tmp_path / "landproof.toml", variables)
    assert (len(settings.adobe.exports), settings.warnings) == (1, ())


def test_each_kind_is_told_with_its_place() -> None:
    for kind, keys in PLACES.items():
        (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{kind}` |")]
        assert all(f"`{key}`" in row for key in keys)


def test_every_key_of_an_export_is_explained() -> None:
    section = (
        (DOCS / "settings.md").read_text(encoding="utf-8").partition("| key of an export |")[2].partition("\n\n")[0]
    )
    told = {
        key for row in section.splitlines() for key in re.findall(r"`(\w+)`", row.split("|")[1] if "|" in row else "")
    }
    assert set(ExportTable.model_fields) == told
