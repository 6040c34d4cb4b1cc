"""The documents of `ledger` and `keys`; renders nothing."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.answers import Document, moment
from catalog.ledger.key_files import KeyFile
from catalog.ledger.notes import Signer, Verifier
from catalog.ledger_verify import Verification
from catalog.sealing import Seal
from catalog.store.ledger_check import Flaw


def verify_document(found: Verification) -> Document:
    """Return `landproof/ledger-verify/1`."""
    newest = found.newest
    return {
        "schema": "landproof/ledger-verify/1",
        "origin": found.origin,
        "entries": found.entries,
        "facts_compared": found.facts,
        "checkpoints": found.checkpoints,
        "signed_checkpoints": found.signed,
        "checkpoints_outside": found.outside,
        "newest_checkpoint": newest
        and {
            "size": newest.size,
            "root": newest.root.hex(),
            "made_at": moment(newest.at),
            "signed_by": key_object(found.newest_signer) if found.newest_signer else None,
        },
        "other_ledgers": list(found.others),
        "mismatches": [_flaw(one) for one in found.flaws],
        "doubts": found.doubts,
        "error": found.dark and {"message": found.dark.message, "hint": found.dark.hint},
    }


def checkpoint_document(made: Seal | None, signer: Signer | None) -> Document:
    """Return `landproof/ledger-checkpoint/1`; its `checkpoint` is null where nothing was ever recorded."""
    trouble = made.trouble if made else None
    return {
        "schema": "landproof/ledger-checkpoint/1",
        "checkpoint": made
        and {
            "origin": made.origin,
            "size": made.size,
            "note": made.note,
            "key": key_object(signer.verifier) if signer else None,
            "outside": made.outside,
        },
        "error": trouble and {"message": trouble.message, "hint": trouble.hint},
    }


def keys_document(folder: str, keys: Sequence[KeyFile], what: str = "listed") -> Document:
    """Return `landproof/keys/1`: what was done, and all keys of the folder."""
    return {
        "schema": "landproof/keys/1",
        "done": what,
        "folder": folder,
        "keys": [key_object(one.verifier) | {"state": one.state} for one in keys],
    }


def key_object(verifier: Verifier) -> Document:
    """Return a key by its public half."""
    return {"name": verifier.name, "fingerprint": verifier.fingerprint, "verifier": verifier.text}


def _flaw(flaw: Flaw) -> Document:
    return {"message": flaw.message, "first": flaw.first, "last": flaw.last, "about": flaw.about}
