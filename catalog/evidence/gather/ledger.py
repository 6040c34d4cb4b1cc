"""Write the ledger's entries that rows name, with their proofs and the checkpoint these lead to; signs nothing."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass

from catalog.evidence.asked import Asked, Previous
from catalog.evidence.rows.values import Row
from catalog.evidence.sheets import Sheets
from catalog.evidence.verify import is_included
from catalog.ledger.canonical import canonical
from catalog.ledger.merkle import Tree, leaf_hash
from catalog.ledger.notes import Checkpoint, parse_checkpoint, parse_note
from catalog.store.database import Connection
from catalog.store.evidence_ledger import LedgerState, bodies, key_lines, ledger_state
from catalog.store.ledger import leaves
from verifier.errors import CatalogError, UsageError


@dataclass(frozen=True, slots=True)
class Proved:
    """Which ledger the rows are told in, and the checkpoint that their proofs lead to, None where there are none."""

    origin: str | None
    checkpoint: Row | None


def write_ledger(connection: Connection, asked: Asked, sheets: Sheets) -> Proved:
    """Write the entries that were named, their proofs, the checkpoint, keys, and how it goes on from the one before.

    Raises `CatalogError` where no checkpoint covers them, or the ledger is not what its checkpoints say, and
    `UsageError` where the bundle before is of another ledger.
    """
    state, named = ledger_state(connection), sheets.named()
    lines = [*([asked.verifier] if asked.verifier else []), *key_lines(connection)]
    (sheets.folder / "keys.txt").write_text("".join(f"{line}\n" for line in dict.fromkeys(lines)), encoding="utf-8")
    checkpoint = _covering(state, named)
    if checkpoint is None:
        if asked.proved:
            hint = "run: landproof ledger checkpoint"
            raise CatalogError("ledger: no checkpoint covers all that is to be proved", hint=hint)
        for _, body in bodies(connection, named):
            sheets.add_line("ledger", body)
        return Proved(state.origin, None)
    tree = Tree(leaves(connection, checkpoint.origin))
    if tree.size < checkpoint.size or tree.root(checkpoint.size) != checkpoint.root:
        raise _altered(f"its entries are not those of its checkpoint at {checkpoint.size}")
    (sheets.folder / "checkpoint.txt").write_text(str(state.note), encoding="utf-8")
    _write_proofs(connection, tree, checkpoint, sheets)
    if asked.previous is not None:
        _write_consistency(tree, checkpoint, asked.previous, sheets)
    return Proved(state.origin, {"size": checkpoint.size, "root": checkpoint.root.hex()})


def _covering(state: LedgerState, named: list[int]) -> Checkpoint | None:
    """Return the newest checkpoint where it covers all entries that are named."""
    if state.note is None:
        return None
    try:
        checkpoint = parse_checkpoint(parse_note(state.note).text)
    except ValueError as error:
        raise CatalogError(f"ledger: its newest checkpoint cannot be read: {error}") from error
    return checkpoint if not named or named[-1] < checkpoint.size else None


def _write_proofs(connection: Connection, tree: Tree, checkpoint: Checkpoint, sheets: Sheets) -> None:
    """Write the entries and their proofs, none of which fails to hold."""
    named, size, count = sheets.named(), checkpoint.size, 0
    for sequence, body in bodies(connection, named):
        path = tree.inclusion_proof(sequence, size)
        if not is_included(leaf_hash(body), sequence, size, path, checkpoint.root):
            raise _altered(f"entry {sequence} is not what it was")
        sheets.add_line("ledger", body)
        sheets.add("proofs", ({"sequence": sequence, "inclusion": [*map(_base64, path)]},))
        count += 1
    if count != len(named):
        raise _altered(f"expected {len(named)} of its entries, got {count}")


def _write_consistency(tree: Tree, checkpoint: Checkpoint, previous: Previous, sheets: Sheets) -> None:
    if previous.origin != checkpoint.origin:
        hint = "a catalog that was made anew has a ledger of its own; leave out --previous"
        raise UsageError(f"--previous: is of ledger {previous.origin}, not {checkpoint.origin}", hint=hint)
    if previous.size > checkpoint.size or tree.root(previous.size) != previous.root:
        raise _altered(f"its first {previous.size} entries are not those of the bundle before")
    proof = tree.consistency_proof(previous.size, checkpoint.size)
    told: Row = {
        "from_origin": previous.origin,
        "from_size": previous.size,
        "from_root": previous.root.hex(),
        "to_size": checkpoint.size,
        "proof": [*map(_base64, proof)],
    }
    (sheets.folder / "consistency.json").write_bytes(canonical(told))
    (sheets.folder / "previous-checkpoint.txt").write_text(previous.note, encoding="utf-8")


def _altered(what: str) -> CatalogError:
    return CatalogError(f"ledger: {what}", hint="see what was altered with: landproof ledger verify")


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")
