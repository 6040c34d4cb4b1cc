"""Read from the bundle before how far the ledger had grown in it; verifies nothing else of that bundle."""

from __future__ import annotations

from pathlib import Path

from catalog.evidence.asked import Previous
from catalog.evidence.contents import Contents
from catalog.ledger.notes import parse_checkpoint, parse_note
from verifier.errors import UsageError


def read_previous(path: Path) -> Previous:
    """Return the checkpoint of a bundle. Raises `UsageError` where it is no bundle, or has no checkpoint."""
    if not path.exists():
        raise UsageError(f"--previous: {path} is not there")
    contents = Contents(path)
    contents.bundle()
    note = contents.text("checkpoint.txt")
    if note is None:
        raise UsageError(f"--previous: {path} has no checkpoint to go on from")
    try:
        checkpoint = parse_checkpoint(parse_note(note).text)
    except ValueError as error:
        raise UsageError(f"--previous: {path}: its checkpoint cannot be read: {error}") from error
    return Previous(note=note, origin=checkpoint.origin, size=checkpoint.size, root=checkpoint.root)
