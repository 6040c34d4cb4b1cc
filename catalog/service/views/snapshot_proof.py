"""What proves a snapshot's verdict: its entry in the ledger, the checkpoint over it, who signed; reads no file."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256

from catalog.answers import Document, moment
from catalog.evidence.verify import is_included
from catalog.ledger.merkle import Tree, leaf_hash
from catalog.ledger.notes import Checkpoint, Verifier, parse_checkpoint, parse_note, parse_verifier
from catalog.store.database import Catalog
from catalog.store.ledger import leaves
from catalog.store.neighbours import Around, Entry
from catalog.store.neighbours import Note as KeptNote
from catalog.store.queries import RecordedSnapshot

_SAID = {
    "signed": "This verdict is an entry of the ledger, and a signed checkpoint covers it.",
    "unsigned": "This verdict is an entry of the ledger, and a checkpoint covers it, but nobody signed that: it shows "
    "changes by accident, and proves nothing against whoever keeps the catalog.",
    "uncovered": "This verdict is an entry of the ledger, and no checkpoint covers it yet.",
    "untold": "No entry of this catalog's ledger tells of this verdict.",
    "altered": "What is recorded does not lead to the checkpoint: the ledger was changed since.",
}
_HINTS = {
    "unsigned": "make a key with: landproof keys new",
    "uncovered": "make one with: landproof ledger checkpoint",
    "untold": "it was recorded before there was a ledger, or taken in from another machine",
    "altered": "see what was altered with: landproof ledger verify",
}


def proof_object(catalog: Catalog, recorded: RecordedSnapshot, found: Around, *, wants_path: bool) -> Document:
    """Return what proves the verdict; with `wants_path` also the inclusion proof, for which all leaves are read."""
    told = next((e for e in found.entries if e.kind == "snapshot" and e.recorded_at == recorded.judged_at), None)
    proof: Document = {
        "state": "untold",
        "entry": None,
        "checkpoint": None,
        "inclusion": None,
        "entries": [_line(entry, told) for entry in found.entries],
    }
    if told is not None:
        verifiers = _verifiers(found.keys)
        notes = [_note(note, verifiers) for note in found.notes]
        signed = next((n for n in notes if any(s["holds"] for s in n["signatures"])), None)
        note = signed or next(iter(notes), None)
        state = "uncovered" if note is None else "unsigned" if signed is None else "signed"
        proof |= {"state": state, "entry": _entry(told), "checkpoint": note}
        if wants_path and note is not None:
            path = _path(catalog, told, note)
            proof |= {"inclusion": path, "state": "altered" if path is None else state}
    return proof | {"message": _SAID[proof["state"]], "hint": _HINTS.get(proof["state"])}


def _line(entry: Entry, told: Entry | None) -> Document:
    return {
        "sequence": entry.sequence,
        "kind": entry.kind,
        "recorded_at": moment(entry.recorded_at),
        "is_verdict": entry is told,
    }


def _entry(entry: Entry) -> Document:
    """One entry with what of its text people compare; `leaf` is its hash in the tree, `sha256` that of the text."""
    facts = json.loads(entry.body)["facts"]
    body = entry.body.encode()
    return {
        "sequence": entry.sequence,
        "recorded_at": moment(entry.recorded_at),
        "appended_at": moment(entry.appended_at),
        "verdict": facts.get("verdict"),
        "depth": facts.get("depth"),
        "coverage": facts.get("coverage"),
        "scan_id": facts.get("scan"),
        "files_root": facts.get("files_root"),
        "findings_sha256": facts.get("findings_sha256"),
        "sha256": sha256(body).hexdigest(),
        "leaf": leaf_hash(body).hex(),
        "body": entry.body,
    }


def _note(kept: KeptNote, verifiers: list[Verifier]) -> Document:
    """One checkpoint; of each signature whether it holds by a key on record, null where no such key is."""
    try:
        note = parse_note(kept.text)
        checkpoint: Checkpoint | None = parse_checkpoint(note.text)
    except ValueError:
        return {"size": kept.size, "made_at": moment(kept.made_at), "root": None, "origin": None, "note": kept.text,
                "signatures": []}  # fmt: skip
    signatures = []
    for name, key_id, signature in note.signatures:
        key = next((v for v in verifiers if (v.name, v.key_id) == (name, key_id)), None)
        holds = None if key is None else key.accepts(signature, note.text.encode())
        fingerprint = None if key is None else key.fingerprint
        signatures.append({"name": name, "key_id": key_id.hex(), "fingerprint": fingerprint, "holds": holds})
    assert checkpoint is not None
    return {
        "size": checkpoint.size,
        "made_at": moment(checkpoint.at),
        "root": checkpoint.root.hex(),
        "origin": checkpoint.origin,
        "note": kept.text,
        "signatures": signatures,
    }


def _verifiers(lines: tuple[str, ...]) -> list[Verifier]:
    found = []
    for line in lines:
        try:
            found.append(parse_verifier(line))
        except ValueError:
            continue  # what is no key signs nothing: its signatures stay without one
    return found


def _path(catalog: Catalog, entry: Entry, note: Document) -> list[str] | None:
    """Return the audit path of an entry to the root of a checkpoint, None where it does not lead there."""
    if note["root"] is None:
        return None
    with catalog.read() as connection:
        tree = Tree(leaves(connection, note["origin"]))
    if tree.size < note["size"]:
        return None
    path = tree.inclusion_proof(entry.sequence, note["size"])
    leaf, root = leaf_hash(entry.body.encode()), bytes.fromhex(note["root"])
    holds = is_included(leaf, entry.sequence, note["size"], path, root)
    return [b64encode(step).decode("ascii") for step in path] if holds else None
