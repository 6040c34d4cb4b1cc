"""Settings files in few words: write, load, and take the mistakes apart; asserts little."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.settings.loading import Settings, load_settings
from verifier.errors import SettingsError

DATASET = '[[datasets]]\nzone = "z"\nid = "a"\n'
ZONE = '[zones.z]\nurl = "s3://bkt/p"\n'


def load(folder: Path, text: str, **environment: str) -> Settings:
    path = folder / "landproof.toml"
    path.write_text(text)
    return load_settings(path, environment)


def mistakes(folder: Path, text: str, **environment: str) -> list[str]:
    """Return the lines of the report below its first."""
    with pytest.raises(SettingsError) as caught:
        load(folder, text, **environment)
    head, *lines = [line.strip() for line in caught.value.message.splitlines()]
    assert head == f"{len(lines)} mistake{'s' * (len(lines) > 1)} in settings {folder / 'landproof.toml'}"
    return lines
