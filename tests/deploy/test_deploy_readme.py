"""The page about deployment names every folder and leads nowhere that is not there."""

from __future__ import annotations

import re
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
TEXT = (DEPLOY / "README.md").read_text(encoding="utf-8")


def test_every_way_to_run_the_watch_is_explained() -> None:
    folders = [path.name for path in DEPLOY.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert len(folders) == 8
    assert [name for name in folders if f"{name}/" not in TEXT] == []


def test_what_is_linked_and_named_is_there() -> None:
    links = [target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", TEXT)]
    files = re.findall(r"`((?:systemd|kubernetes|compose|container|proxy|airflow|dagster|prometheus)/[\w.-]+)`", TEXT)
    assert links
    assert files
    assert [name for name in (*links, *files) if not (DEPLOY / name).exists()] == []


def test_landproof_is_run_as_the_watch_its_metrics_or_the_service_and_as_nothing_else() -> None:
    commands = set()
    for path in DEPLOY.rglob("*"):
        if path.suffix in (".service", ".yaml"):
            lines = re.findall(
                r"^\s*(?:ExecStart=|command: |entrypoint: )(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE
            )
            commands |= {found[1] for line in lines if (found := re.search(r"landproof,? (\w+)", line))}
    assert commands == {"nightly", "metrics", "serve"}
