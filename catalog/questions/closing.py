"""The end of whatever records: a checkpoint of the ledger, by the settings; what is recorded is no business of this."""

from __future__ import annotations

from catalog.ledger.key_files import active_signer
from catalog.questions.inquiry import Inquiry
from catalog.sealing import Occasion, Seal, Sealing, seal
from catalog.shelving import checkpoints_of, keys_of
from catalog.workflow import new_scan_id, tool_version, utc_now


def seal_now(inquiry: Inquiry) -> Seal | None:
    """Make a checkpoint by the key and at the place of the settings; None where nothing was ever recorded.

    Raises SettingsError for a key that cannot be used, CatalogError where nothing can be recorded.
    """
    return seal(inquiry.catalog, sealing_of(inquiry), occasion())


def sealing_of(inquiry: Inquiry) -> Sealing:
    """Return how a ledger is sealed. Raises SettingsError for a key that cannot be used."""
    settings, path = inquiry.settings, inquiry.catalog.path
    signer = settings.signing_key or active_signer(keys_of(settings, path))
    return Sealing(signer=signer, outside=checkpoints_of(settings, path))


def occasion() -> Occasion:
    """Return now, under a fresh id."""
    return Occasion(at=utc_now(), entry_id=new_scan_id(), tool_version=tool_version())
