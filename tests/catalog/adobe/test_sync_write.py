"""A settings file is replaced whole or not at all, keeps its mode and its link, and only if nobody else changed it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from catalog.adobe.sync_values import DatasetChange, KeyChange, SyncPlan, ZoneChange
from catalog.adobe.sync_write import Draft
from catalog.settings.loading import load_settings
from verifier.errors import SettingsError

BEFORE = '# ours\n[zones.z]\nurl = "s3://bkt/p"\n'


def plan(**keys: str) -> SyncPlan:
    """Return a plan that adds one dataset with these keys."""
    changes = tuple(KeyChange(key, None, value) for key, value in ({"zone": "z", "id": "a"} | keys).items())
    return SyncPlan(
        flows=(), datasets=(DatasetChange(zone="z", dataset_id="a", name=None, flow_id="f", changes=changes),)
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "landproof.toml"
    path.write_text(BEFORE)
    return path


def test_file_keeps_its_mode_and_nothing_is_left_beside_it(config: Path, tmp_path: Path) -> None:
    config.chmod(0o640)
    Draft.of(config).write(plan(), {})
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    assert names(tmp_path) == ["landproof.toml"]
    assert [d.id for d in load_settings(config, {}).datasets] == ["a"]


def test_link_stays_a_link_and_what_it_leads_to_is_replaced(config: Path, tmp_path: Path) -> None:
    home = tmp_path / "elsewhere"
    home.mkdir()
    link = home / "landproof.toml"
    link.symlink_to(config)
    Draft.of(link).write(plan(), {})
    assert link.is_symlink()
    assert len(load_settings(config, {}).datasets) == 1
    assert names(home) == ["landproof.toml"]


def test_file_changed_in_between_is_refused_and_stays_as_the_other_left_it(config: Path, tmp_path: Path) -> None:
    draft = Draft.of(config)
    config.write_text(f"{BEFORE}# theirs\n")
    with pytest.raises(SettingsError, match="changed by somebody else"):
        draft.write(plan(), {})
    assert config.read_text() == f"{BEFORE}# theirs\n"
    assert names(tmp_path) == ["landproof.toml"]


def test_file_removed_in_between_is_refused(config: Path, tmp_path: Path) -> None:
    draft = Draft.of(config)
    config.unlink()
    with pytest.raises(SettingsError):
        draft.write(plan(), {})
    assert names(tmp_path) == []


def test_what_would_not_load_is_not_written(config: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="would not make settings that load"):
        Draft.of(config).write(plan(every="now and then"), {})
    assert config.read_text() == BEFORE
    assert names(tmp_path) == ["landproof.toml"]


def test_folder_that_takes_no_files_leaves_all_as_it_was(config: Path, tmp_path: Path) -> None:
    draft = Draft.of(config)
    (tmp_path / "gone").mkdir()
    lost = Draft(tmp_path / "gone" / "landproof.toml", None)
    (tmp_path / "gone").rmdir()
    with pytest.raises(SettingsError, match="cannot be written"):
        lost.write(plan(), {})
    draft.write(plan(), {})


def test_settings_that_are_not_there_yet_are_begun(tmp_path: Path) -> None:
    config = tmp_path / "landproof.toml"
    zone = ZoneChange(name="z", is_new=True, changes=(KeyChange("url", None, "s3://bkt/p"),))
    Draft.of(config).write(SyncPlan(flows=(), zones=(zone,)), {})
    assert list(load_settings(config, {}).zones) == ["z"]


def test_settings_that_somebody_began_in_between_are_not_overwritten(tmp_path: Path) -> None:
    draft = Draft.of(tmp_path / "landproof.toml")
    (tmp_path / "landproof.toml").write_text(BEFORE)
    with pytest.raises(SettingsError, match="changed by somebody else"):
        draft.write(SyncPlan(flows=()), {})
    assert (tmp_path / "landproof.toml").read_text() == BEFORE
