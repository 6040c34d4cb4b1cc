"""The document of `audit bundle`: what was written, what is in it, who signed it; writes and prints nothing."""

from __future__ import annotations

from catalog.answers import Document
from catalog.evidence.container import Written
from catalog.evidence.gather.bundle import Gathered


def bundle_document(gathered: Gathered, written: Written) -> Document:
    """Return what bundle.json says, with the file that it is in now."""
    return {
        **gathered.bundle,
        "path": str(written.path),
        "size": written.size,
        "sha256": written.sha256,
        "files": written.files,
        "signed_by": written.signed_by,
        "timestamped": written.timestamped,
    }
