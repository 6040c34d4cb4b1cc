"""The register of finding codes: level, what it does to a verdict, what it means, what to do about it.

A code is never renamed or reused once released. Families other than the verifier's are added by their own rows here, so
that one table explains every code a user can meet; not the findings themselves, which are `verifier.model.Finding`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARN = "warn"
    INFO = "info"


class Effect(StrEnum):
    """What a finding makes of its snapshot's verdict."""

    CORRUPT = "corrupt"
    INCOMPLETE = "incomplete"
    UNKNOWN = "unknown"
    UNVERIFIABLE = "unverifiable"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Code:
    """One row of the register."""

    name: str
    level: Level
    effect: Effect
    meaning: str
    advice: str

    @property
    def family(self) -> str:
        """The part of the name before the dot."""
        return self.name.partition(".")[0]


_E, _W, _I = Level.ERROR, Level.WARN, Level.INFO
_BAD, _SHORT, _BLIND, _OPAQUE, _NO = (
    Effect.CORRUPT,
    Effect.INCOMPLETE,
    Effect.UNKNOWN,
    Effect.UNVERIFIABLE,
    Effect.NONE,
)

_ASK_AGAIN = "export the dataset again; restore from another snapshot until then"
_LOOK = "look at the file and at what wrote it"
_ROWS: tuple[tuple[str, Level, Effect, str, str], ...] = (
    ("layout.bad-export-time", _E, _NO, "an exportTime= folder is not 12 or 14 digits of a real UTC time", "rename the folder, or ignore it in the settings"),
    ("layout.future-export-time", _W, _NO, "an export time more than ten minutes ahead of now", "check the clocks and who wrote the folder"),
    ("layout.odd-dataset-id", _W, _NO, "a dataset id that is not 24 hex digits, as Adobe's are", "check the folder template of the zone"),
    ("layout.stray-file", _W, _NO, "a file that is not a marker, not ignored and in no snapshot", "move it away, or add it to the zone's ignore list"),
    ("layout.marker", _I, _NO, "a marker or placeholder that a writer left", "nothing to do"),
    ("layout.nested-file", _W, _NO, "a file below a snapshot folder's own level", "check what wrote it; it was verified all the same"),
    ("layout.second-write", _W, _NO, "part files of more than one write in one snapshot", "rows may be there twice: compare the writes before a restore"),
    ("layout.uncommitted-write", _W, _NO, "part files of a write that left a _started_ marker and no _committed_ one", "leave these files out of a restore unless you know that the write succeeded"),
    ("layout.duplicate-part", _W, _NO, "one part number in two writes of one snapshot, or from two attempts of one write", "rows may be there twice: compare the writes before a restore"),
    ("layout.part-gap", _I, _NO, "part numbers with a gap; a writer may skip empty partitions", "nothing to do where the manifest or the row counts agree"),
    ("layout.odd-file-name", _I, _NO, "a data file or manifest whose name is not in Adobe's grammar", "nothing to do where you know who wrote it"),
    ("layout.mixed-formats", _W, _NO, "data files of more than one format in one snapshot", "check the export's settings"),
    ("layout.unexpected-format", _E, _BAD, "a data file whose format or compression is not what the settings promise", "correct the settings or the export"),
    ("layout.mixed-datasets", _W, _NO, "a folder template that cannot tell datasets apart", "export each dataset to a folder of its own: put DATASET_ID in the template"),
    ("file.empty", _E, _BAD, "a data file of zero bytes", _ASK_AGAIN),
    ("file.kind-mismatch", _E, _BAD, "content of another kind than the name says", _LOOK),
    ("file.unknown-kind", _W, _NO, "a file of a kind that is not verified", "ignore it in the settings if it belongs there"),
    ("file.encrypted", _I, _OPAQUE, "a PGP-encrypted file; its content cannot be judged", "put the private key into pgp.keys of the settings, or set encrypted = true for the dataset if that is intended"),
    ("file.changed", _E, _BAD, "a file is no longer what was recorded once its snapshot had settled", "find out who changed it; restore from another copy"),
    ("file.vanished", _E, _SHORT, "a file that was recorded is gone", "find out who deleted it; look for another copy"),
    ("file.expired", _I, _NO, "a file is gone as the zone's lifetime says", "copy snapshots elsewhere before they expire"),
    ("file.duplicate-content", _W, _NO, "the same bytes as a file in another snapshot of the dataset", "the export may have repeated old data: compare the two snapshots"),
    ("file.unreadable", _E, _BLIND, "a listed file could not be read or decoded, which says nothing about its bytes", "check permissions and connection, then scan again"),
    ("file.checksum-mismatch", _E, _BAD, "the store's own checksum of the whole object contradicts its bytes", _ASK_AGAIN),
    ("pgp.corrupt", _E, _BAD, "a PGP message fails its integrity check, or is more or less than one message", _ASK_AGAIN),
    ("pgp.truncated", _E, _BAD, "a PGP message ends before its last packet does", _ASK_AGAIN),
    ("pgp.no-session-key", _E, _OPAQUE, "a PGP message is for a key of the settings, which does not open it", "compare with another copy of the file: its first bytes are damaged, or the key is"),
    ("pgp.unsupported", _I, _OPAQUE, "a PGP message of a kind that is not decrypted: an outdated cipher, no integrity check, or bzip2", "verify it with gpg; have exports encrypted with AES"),
    ("pgp.bomb", _E, _OPAQUE, "a PGP message expands beyond the limits", "raise limits.expanded_bytes or limits.expansion_ratio if the file is yours"),
    ("gzip.truncated", _E, _BAD, "a gzip stream ends before its trailer", _ASK_AGAIN),
    ("gzip.corrupt", _E, _BAD, "a gzip stream fails its CRC, its length or its decoding", _ASK_AGAIN),
    ("gzip.trailing-garbage", _E, _BAD, "bytes after the last gzip member", _LOOK),
    ("gzip.bomb", _E, _OPAQUE, "a gzip stream expands beyond the limits", "raise limits.expanded_bytes or limits.expansion_ratio if the file is yours"),
    ("json.invalid-line", _E, _BAD, "a line is not valid JSON (RFC 8259)", _ASK_AGAIN),
    ("json.not-an-object", _E, _BAD, "a line is valid JSON but not an object", _LOOK),
    ("json.invalid-utf8", _E, _BAD, "a line is not valid UTF-8", _ASK_AGAIN),
    ("json.incomplete-last-line", _E, _BAD, "the last line has no newline and is not valid JSON", _ASK_AGAIN),
    ("json.missing-final-newline", _I, _NO, "the last line has no newline but is whole", "nothing to do"),
    ("json.blank-line", _I, _NO, "a line without content", "nothing to do"),
    ("json.byte-order-mark", _W, _NO, "a byte order mark before the first line", "many readers refuse it: check what wrote the file"),
    ("json.not-ndjson", _E, _BAD, "one document over many lines, several on one line, or an array", "export as newline-delimited JSON"),
    ("json.line-too-long", _E, _OPAQUE, "a line longer than the limit", "raise limits.line_bytes if the file is yours"),
    ("json.too-deep", _E, _OPAQUE, "a value nested deeper than the limit", "raise limits.json_depth if the file is yours"),
    ("json.no-rows", _I, _NO, "a valid file without rows", "nothing to do where empty exports are expected"),
    ("json.lone-surrogate", _I, _NO, "an escape of half a surrogate pair: legal, but hard to read elsewhere", "nothing to do unless a reader refuses it"),
    ("json.uncompressed", _W, _NO, "JSON without gzip, which Adobe does not offer", "check what wrote the file"),
    ("parquet.not-parquet", _E, _BAD, "no PAR1 at the head of the file", _ASK_AGAIN),
    ("parquet.truncated", _E, _BAD, "a head but no tail, or shorter than the footer says", _ASK_AGAIN),
    ("parquet.bad-footer", _E, _BAD, "the footer cannot be read or contradicts itself", _ASK_AGAIN),
    ("parquet.out-of-bounds", _E, _BAD, "a chunk or page outside the file, over another, or larger than its chunk", _ASK_AGAIN),
    ("parquet.corrupt-page", _E, _BAD, "a page fails its checksum, its decompression or its decoding", _ASK_AGAIN),
    ("parquet.row-count-mismatch", _E, _BAD, "rows decoded differ from the rows the footer promises", _ASK_AGAIN),
    ("parquet.invalid-utf8", _E, _BAD, "a text column holds bytes that are not UTF-8", _ASK_AGAIN),
    ("parquet.bomb", _E, _OPAQUE, "the footer promises more than the limits allow", "raise the limits if the file is yours"),
    ("parquet.codec-mismatch", _W, _NO, "pages are not compressed as the file name says", "check the export's settings"),
    ("parquet.no-rows", _I, _NO, "a valid file without rows", "nothing to do where empty exports are expected"),
    ("parquet.no-page-checksums", _I, _NO, "pages without a checksum: a flipped bit in them may go unnoticed", "the SHA-256 recorded now guards the file from here on"),
    ("parquet.encrypted", _I, _OPAQUE, "an encrypted Parquet file; its content cannot be judged", "set encrypted = true for the dataset if that is intended"),
    ("parquet.unsupported", _I, _OPAQUE, "legal Parquet that our reader cannot decode", "verify it with the tool that wrote it"),
    ("schema.differs-within-snapshot", _W, _NO, "the parts of one snapshot do not have one schema", "readers need union by name: check the export"),
    ("schema.column-added", _I, _NO, "a column that the last good snapshot did not have", "nothing to do where the schema was extended"),
    ("schema.column-removed", _W, _NO, "a column of the last good snapshot is gone", "check the dataset's schema"),
    ("schema.type-changed", _W, _NO, "a column has another type than in the last good snapshot", "check the dataset's schema before a restore"),
    ("manifest.missing", _W, _SHORT, "no manifest, though the dataset has one", "wait a day, then check the export's settings"),
    ("manifest.invalid", _E, _SHORT, "a manifest is not JSON, or lacks fields, or has the wrong types", _LOOK),
    ("manifest.run-id-mismatch", _E, _SHORT, "the manifest's name and its flowRunId disagree", _LOOK),
    ("manifest.file-missing", _E, _SHORT, "the manifest lists a file that is not there", _ASK_AGAIN),
    ("manifest.size-mismatch", _E, _SHORT, "a file has another size than the manifest says", _ASK_AGAIN),
    ("manifest.unlisted-file", _E, _SHORT, "a data file that no manifest of the snapshot lists", "check whether two writes met in one folder"),
    ("manifest.duplicate-entry", _W, _NO, "a manifest lists one file twice", _LOOK),
    ("manifest.duplicate-run", _W, _NO, "two manifests for one run, or one file in two manifests", "check whether the run was repeated"),
    ("manifest.off-time", _W, _NO, "the manifest's scheduledTime is far from the export time", "check the schedule of the export"),
    ("manifest.unsafe-path", _E, _SHORT, "a manifest entry points outside its folder; it was not followed", "find out who wrote the manifest"),
    ("manifest.changed", _E, _SHORT, "a manifest is no longer what was recorded", "find out who changed it"),
    ("manifest.too-large", _E, _OPAQUE, "a manifest larger than the limit", "raise limits.manifest_bytes if it is yours"),
    ("snapshot.no-data-files", _E, _SHORT, "a snapshot folder without a data file", _ASK_AGAIN),
    ("snapshot.empty", _E, _NO, "zero rows, where the settings do not allow it", "check the dataset in Adobe Experience Platform"),
    ("snapshot.no-new-data", _I, _NO, "valid, zero rows", "nothing to do where empty exports are expected"),
    ("snapshot.shrunk", _W, _NO, "rows or bytes far below the dataset's own past", "check the dataset before you rely on the snapshot"),
    ("snapshot.grown", _I, _NO, "rows or bytes far above the dataset's own past", "nothing to do where a backfill is known"),
    ("snapshot.time-gap", _W, _NO, "no event between this increment and the one before", "check whether an export in between was lost"),
    ("snapshot.time-overlap", _W, _NO, "an increment brings nothing newer than the one before", "rows may be there twice: compare the two snapshots"),
    ("schedule.missing", _E, _NO, "an export is due, its grace is over, and it is not there", "look at the export's runs in Adobe Experience Platform"),
    ("schedule.late", _W, _NO, "an export landed after its grace", "raise the grace if that is usual"),
    ("schedule.unknown", _W, _NO, "nobody has looked since the export was due", "scan the zone"),
    ("schedule.unscheduled", _I, _NO, "a snapshot that no slot of the schedule expects", "nothing to do where somebody exported by hand"),
    ("schedule.ends-soon", _W, _NO, "the export's end date is near; exports simply stop then", "extend the end date in Adobe Experience Platform"),
    ("schedule.ended", _E, _NO, "the export's end date has passed", "extend the end date, or remove the dataset from the settings"),
    ("schedule.stopped-together", _W, _NO, "every dataset of a flow stopped at once", "look at the flow in Adobe Experience Platform"),
    ("schedule.disabled", _W, _NO, "the schedule is switched off", "enable the flow, or remove the dataset from the settings"),
    ("schedule.changed", _W, _NO, "the schedule is not what it was at the last check", "check that the change was meant, for every dataset of the flow"),
    ("schedule.not-offered", _W, _NO, "a cadence and a mode that Adobe does not offer together", "look at the flow's schedule in Adobe Experience Platform"),
    ("dataset.verification-overdue", _W, _NO, "a snapshot was not read in full for longer than verify_every allows", "read again what was read longest ago: landproof scan --reverify budget:50GiB"),
    ("dataset.drill-overdue", _W, _NO, "no restore was tried and worked for longer than drill_every allows", "try one: landproof drill DATASET"),
    ("dataset.no-longer-exportable", _W, _NO, "a dataset that is exported is not among those that Adobe lets be exported", "check that the dataset is still there, and the licence that it was exported under"),
    ("zone.unreachable", _E, _NO, "the zone could not be listed", "check address, credentials and network with: landproof doctor"),
    ("zone.stale", _E, _NO, "no complete listing of the zone within its limit", "check that the nightly run is awake"),
    ("zone.mass-vanish", _E, _NO, "so many known files are gone at once that the listing is not believed", "check the zone; a second scan, or --accept-vanished, confirms it"),
    ("zone.expiring", _E, _NO, "files will be deleted soon and are preserved nowhere else", "copy the snapshot elsewhere"),
    ("zone.credential-expiring", _W, _NO, "the credentials of the zone end within seven days", "get new credentials and put them into the zone's options"),
    ("zone.empty", _W, _NO, "looked, and nothing was there", "check the address and the filters"),
    ("flow.unreachable", _W, _NO, "Adobe could not be asked for a dataflow or its runs; what landed was looked at all the same", "check credentials and network with: landproof adobe flows"),
    ("run.failed", _E, _NO, "Adobe says that a run failed; a warning where a later run of the same slot made up for it", "look at the run in Adobe Experience Platform; the data may come with the next one"),
    ("run.partial", _W, _NO, "Adobe says that a run exported only a part", "look at the run in Adobe Experience Platform, and at what it says was left out"),
    ("run.rows-differ", _W, _NO, "Adobe counted other rows in a run than are in its files; its numbers are advisory", "compare both with the dataset before you rely on the snapshot"),
    ("run.files-differ", _W, _NO, "Adobe counted other files in a run than are there; an error where some lack and no manifest says which", "look for the files that are not there, or export the dataset again"),
    ("run.without-snapshot", _E, _NO, "Adobe says that a run exported data, and a complete listing since does not show it", "look where the flow exports to, and at the zone's folder template"),
    ("run.snapshot-without-run", _W, _NO, "an export that is in none of the flow's runs", "check which flow, or who, wrote it"),
    ("run.stuck", _W, _NO, "a run has been under way for longer than the time between two exports", "look at the run in Adobe Experience Platform"),
    ("copy.mismatch", _E, _NO, "a copy and its original do not have the same bytes", "find out which is right; remove the wrong one by hand, then copy again"),
    ("copy.too-few", _W, _NO, "the newest settled export has fewer good places, its own included, than min_good_copies asks for", "copy the snapshot elsewhere"),
    ("ledger.broken", _E, _NO, "the ledger, or what it tells of, is not what was recorded", "see what: landproof ledger verify; then find out who wrote to the catalog, and make it again from its segments"),
)  # fmt: skip

REGISTER: dict[str, Code] = {row[0]: Code(*row) for row in _ROWS}
