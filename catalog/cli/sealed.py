"""The end of every command that records: a checkpoint of the ledger, and what to say where there is trouble."""

from __future__ import annotations

import sys

from catalog.cli.session import Session
from catalog.exit_status import ExitStatus
from catalog.questions.closing import seal_now
from verifier.errors import CatalogError, LandproofError


def sealed(session: Session, status: int) -> int:
    """Make a checkpoint of what was recorded and return the status of the command.

    Where that could not be signed or brought outside as the settings ask, that is said on stderr, and is a status of
    its own. Raises CatalogError where it cannot be recorded.
    """
    try:
        made = seal_now(session)
        trouble = made.trouble if made else None
    except CatalogError:
        raise
    except LandproofError as error:
        trouble = error
    if trouble is None:
        return status
    sys.stderr.write(f"landproof: checkpoint of the ledger: {trouble.message}\n")
    if trouble.hint:
        sys.stderr.write(f"hint: {trouble.hint}\n")
    return max(status, int(ExitStatus.NOT_LOOKED))
