"""The end of every command that records: a checkpoint of the ledger; what is recorded is no business of this."""

from __future__ import annotations

import sys

from catalog.cli.session import Session
from catalog.exit_status import ExitStatus
from catalog.ledger.key_files import active_signer
from catalog.sealing import Occasion, Seal, Sealing, seal
from catalog.shelving import checkpoints_of, keys_of
from catalog.workflow import new_scan_id, tool_version, utc_now
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


def seal_now(session: Session) -> Seal | None:
    """Make a checkpoint by the key and at the place of the settings; None where nothing was ever recorded.

    Raises SettingsError for a key that cannot be used, CatalogError where nothing can be recorded.
    """
    return seal(session.catalog, sealing_of(session), occasion())


def sealing_of(session: Session) -> Sealing:
    """Return how a session's ledger is sealed. Raises SettingsError for a key that cannot be used."""
    settings, path = session.settings, session.catalog.path
    signer = settings.signing_key or active_signer(keys_of(settings, path))
    return Sealing(signer=signer, outside=checkpoints_of(settings, path))


def occasion() -> Occasion:
    """Return now, under a fresh id."""
    return Occasion(at=utc_now(), entry_id=new_scan_id(), tool_version=tool_version())
