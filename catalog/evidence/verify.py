#!/usr/bin/env python3
"""Check an evidence bundle of landproof: needs Python 3.8 or later and nothing else; asks no network, writes no file.

    python3 -I verify.py BUNDLE.zip [--key KEY] [--json]     KEY: a verifier key, or a file with some, one a line
    python3 -I verify.py [--key KEY] [--json]                in the folder of a bundle that was unpacked

What is checked, step by step, each by the standard that it follows; to read it, begin at `check` near the end:

 1. ZIP (PKWARE APPNOTE): every byte of the file is a member's, or follows from the members
 2. bag (RFC 8493, BagIt): every file is there with the SHA-256 that the manifests say, and no other file is
 3. statement (in-toto Statement v1 in a DSSE envelope): it names these files; signed by Ed25519 (RFC 8032)
 4. checkpoint (C2SP signed note and tlog-checkpoint): name, size and root of a ledger; signed
 5. ledger: each entry is canonical JSON (RFC 8785), and in the tree under that root (RFC 9162, section 2.1.3)
 6. bundle before: its tree is the beginning of this one (RFC 9162, section 2.1.4)
 7. rows: each says what its entry in the ledger says; files come to their snapshot's root, findings to their digest
 8. population: every slot once, none left out, judged as its facts and the settings say; all counts

Exit status: 0 all of it holds; 1 all of it holds, but nobody signed it; 2 something does not, each told with its place;
3 the file cannot be read; 64 wrong arguments. Whose key signed it no program can tell from a bundle: compare the
fingerprint that is printed with the one that you were given by another way, or give that key with --key.
"""

from __future__ import annotations

import argparse
import base64
import calendar
import csv
import hashlib
import io
import json
import re
import struct
import sys
import zlib
from itertools import groupby
from pathlib import Path
from typing import Any, Iterable, Iterator  # noqa: UP035 - also Python 3.8

KINDS = {"snapshots": "snapshot", "scans": "scan", "copies": "copy", "restores": "restore", "drills": "drill"}
KINDS.update({"controls": "control-test", "decisions": ""})  # each file of rows, and the kind of its entries
DECISIONS = ("waiver", "acceptance", "gap-acceptance", "hold")
PAYLOAD = {f"data/{name}.jsonl" for name in (*KINDS, "files", "findings", "recovery", "ledger", "proofs")}
PAYLOAD |= {"data/bundle.json", "data/checkpoint.txt", "data/keys.txt", "data/population.csv", "data/settings.json"}
PREVIOUS = {"data/consistency.json", "data/previous-checkpoint.txt"}
SIGNED_TAGS = {"README.txt", "bag-info.txt", "bagit.txt", "verify.py"}
TAGS = SIGNED_TAGS | {"manifest-sha256.txt", "statement.dsse.json", "tagmanifest-sha256.txt"}
COLUMNS = "zone,dataset_id,name,due_at,deadline,status,reason,snapshot,verdict,depth,coverage,presence,landed_at"
COLUMNS += ",snapshot_entry,slot_entry"
UNSCHEDULED = "as last recorded: no schedule has this slot any more"
STATEMENT_KINDS = [
    "application/vnd.in-toto+json",
    "https://in-toto.io/Statement/v1",
    "urn:landproof:audit-bundle:1",
]
MOST_TOLD, LONGEST, CHUNK, FULL = 100, 1 << 26, 1 << 16, 0xFFFFFFFF


class Mismatch(Exception):  # noqa: N818 - a word for readers
    """Something in the bundle is not as it should be; the message says what."""


class Report:
    """What was checked, what is to be known beside, and what does not hold, each with its place."""

    def __init__(self) -> None:
        self.checked: list[str] = []
        self.notes: list[str] = []
        self.mismatches: list[tuple[str, str]] = []
        self.count = 0
        self.at = ""
        self.signers: dict[str, tuple[str, str]] = {}
        self.bundle: Bundle | None = None

    def mismatch(self, place: str, message: str) -> None:
        """Take in what does not hold; of very many the first are told."""
        self.count += 1
        if self.count <= MOST_TOLD:
            self.mismatches.append((place, message))

    def fail(self, message: str) -> None:
        """Take in what does not hold at the place that is being looked at."""
        self.mismatch(self.at, message)

    def expect(self, holds: object, message: str) -> None:
        """Take in what does not hold there, unless it does."""
        if not holds:
            self.fail(message)

    @property
    def status(self) -> int:
        """The exit status."""
        return 2 if self.count else 0 if "statement" in self.signers else 1

    @property
    def verdict(self) -> str:
        """All of it in one line."""
        if self.count:
            return f"{self.count} do not hold: it was changed since it was made, contradicts itself, or is another's"
        if self.status:
            return "all of it holds, but it is unsigned: it proves nothing against whoever made it"
        return "all of it holds"

    def lines(self) -> Iterator[str]:
        """Yield what a person reads."""
        yield from (f"ok     {line}" for line in self.checked)
        yield from (f"note   {line}" for line in self.notes)
        yield from (f"WRONG  {place}: {message}" for place, message in self.mismatches)
        if self.count > MOST_TOLD:
            yield f"WRONG  and {self.count - MOST_TOLD} more"
        yield self.verdict


# --- Ed25519 signatures (RFC 8032, section 5.1): not fast, but short enough to be read -------------------------------

P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT_OF_MINUS_1 = -121665 * pow(121666, P - 2, P) % P, pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def add(one: Any, other: Any) -> Any:
    """Add two points in extended coordinates (section 5.1.4)."""
    a, b = (one[1] - one[0]) * (other[1] - other[0]), (one[1] + one[0]) * (other[1] + other[0])
    c, d = 2 * one[3] * other[3] * D, 2 * one[2] * other[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Any) -> Any:
    """Add a point to itself so many times."""
    total: Any = NEUTRAL
    while number:
        total = add(total, point) if number & 1 else total
        point, number = add(point, point), number >> 1
    return total


def same(one: Any, other: Any) -> bool:
    """Tell whether two points are the same."""
    return not ((one[0] * other[2] - other[0] * one[2]) % P or (one[1] * other[2] - other[1] * one[2]) % P)


def point_of(data: bytes) -> Any:
    """Decode a point (section 5.1.3); None for what is none, or not in its only form."""
    sign, y = data[31] >> 7, int.from_bytes(data, "little") & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE_POINT = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(key: bytes, data: bytes, signature: bytes) -> bool:
    """Tell whether a signature is a key's, of just this data (section 5.1.7); points of small order sign nothing."""
    if len(key) != 32 or len(signature) != 64:
        return False
    public, commitment = point_of(key), point_of(signature[:32])
    number = int.from_bytes(signature[32:], "little")
    if public is None or commitment is None or number >= ORDER:
        return False
    if same(times(8, public), NEUTRAL) or same(times(8, commitment), NEUTRAL):
        return False
    digest = hashlib.sha512(signature[:32] + key + data).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    return same(times(number, BASE_POINT), add(commitment, times(challenge, public)))


# --- Merkle trees (RFC 9162, section 2.1) ----------------------------------------------------------------------------


def sha256(data: bytes) -> bytes:
    """Return a SHA-256."""
    return hashlib.sha256(data).digest()


def leaf(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\x00" + data)


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees side by side."""
    return sha256(b"\x01" + left + right)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaves, given by their hashes (section 2.1.1); whole subtrees wait for their right half."""
    waiting: list[tuple[int, bytes]] = []
    for one in leaves:
        waiting.append((0, one))
        while len(waiting) > 1 and waiting[-1][0] == waiting[-2][0]:
            height, right = waiting.pop()
            waiting[-1] = (height + 1, node(waiting[-1][1], right))
    if not waiting:
        return sha256(b"")
    root = waiting.pop()[1]
    while waiting:
        root = node(waiting.pop()[1], root)
    return root


def is_included(one: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> bool:
    """Tell whether a leaf, given by its hash, is at this place of the tree (section 2.1.3.2)."""
    at, last = index, size - 1
    for step in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            one = node(step, one)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            one = node(one, step)
        at, last = at >> 1, last >> 1
    return 0 <= index < size and last == 0 and one == root


def is_beginning(old: int, old_root: bytes, new: int, new_root: bytes, proof: list[bytes]) -> bool:
    """Tell whether the old tree is the beginning of the new one (section 2.1.4.2)."""
    if old == 0 or old == new:
        return not proof and old_root == (new_root if old else sha256(b""))
    if old > new or not proof:
        return False
    path = [old_root, *proof] if old & (old - 1) == 0 else proof
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    one = other = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            one, other = node(step, one), node(step, other)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            other = node(other, step)
        at, last = at >> 1, last >> 1
    return last == 0 and one == old_root and other == new_root


# --- Text ------------------------------------------------------------------------------------------------------------


def shown(value: Any) -> str:
    """Return what is in the bundle so that it can be printed anywhere."""
    return (
        value if isinstance(value, str) and re.fullmatch(r"[\w./@+:-]{1,150}", value, re.ASCII) else ascii(value)[:150]
    )


def refuse(text: str) -> Any:
    """Refuse a number that is told differently by different programs."""
    raise Mismatch(f"expected integers only, got {shown(text)}")


def unique(pairs: list[tuple[str, Any]]) -> Any:
    """Return an object of which no key is there twice."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Mismatch("one key is in an object twice")
    return value


DECODER = json.JSONDecoder(parse_float=refuse, parse_constant=refuse, object_pairs_hook=unique)
ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def json_of(data: bytes) -> Any:
    """Read JSON that can be told in one way only."""
    return DECODER.decode(data.decode("utf-8"))


def canonical(value: Any) -> bytes:
    """Return the only JSON of a value (RFC 8785; our keys are ASCII and our numbers integers)."""
    return ENCODER.encode(value).encode("utf-8")


def object_of(data: bytes) -> Any:
    """Read one object in canonical JSON."""
    value = json_of(data)
    if not isinstance(value, dict) or canonical(value) != data:
        raise Mismatch("not canonical JSON (RFC 8785)")
    return value


def unbase64(text: str) -> bytes:
    """Decode Base64 that is in its only form."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode("ascii") != text:
        raise Mismatch("not in the only form of Base64")
    return data


def moment(text: str) -> int:
    """Return a time (RFC 3339, in UTC with Z) as microseconds."""
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?Z", text, re.ASCII)
    if not found:
        raise Mismatch(f"expected a time in UTC, got {shown(text)}")
    seconds = calendar.timegm(tuple(int(part) for part in found.groups()[:6]))
    return seconds * 1_000_000 + int((found[7] or "").ljust(6, "0"))


def duration(text: str) -> int:
    """Return a duration such as 90s, 30m, 24h or 7d as microseconds."""
    found = re.fullmatch(r"(\d{1,9})([smhd])", text, re.ASCII)
    if not found:
        raise Mismatch(f"expected a duration, got {shown(text)}")
    return int(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]] * 1_000_000


def count(counts: dict[str, int], value: str) -> None:
    """Count one more of something."""
    counts[value] = counts.get(value, 0) + 1


# --- The file: a ZIP whose members stand one behind the other, or a folder -------------------------------------------


class Window(io.RawIOBase):
    """A part of a file, read as a file."""

    def __init__(self, path: Path, start: int, size: int) -> None:
        super().__init__()
        self.file, self.left = path.open("rb"), size
        self.file.seek(start)

    def readable(self) -> bool:
        """It can only be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read on, up to the end of the part."""
        data = self.file.read(min(len(buffer), self.left))
        buffer[: len(data)] = data
        self.left -= len(data)
        return len(data)

    def close(self) -> None:
        """Close the file."""
        self.file.close()
        super().close()


class Bundle:
    """The files of a bundle, by their names below its top folder, and what the steps learn of them."""

    def __init__(self, base: str | None) -> None:
        self.base = base
        self.members: dict[str, tuple[Path, int, int]] = {}  # file, offset and size of each
        self.digests: dict[str, str] = {}
        self.about: dict[str, Any] = {}  # bundle.json
        self.keys: dict[str, bytes] = {}
        self.root, self.size, self.origin = b"", 0, ""  # of the checkpoint
        self.entries: dict[int, tuple[int, int]] = {}  # offset and size of each entry in ledger.jsonl
        self.named: set[int] = set()
        self.snapshots: dict[str, dict[str, Any]] = {}
        self.slots: dict[tuple[str, str], list[tuple[int, int]]] = {}  # due time and deadline of each dataset's
        self.counts: dict[str, int] = {}  # rows of each file
        self.statuses: dict[str, int] = {}  # of slots
        self.unscheduled: dict[str, int] = {}  # of slots that no schedule has any more
        self.verdicts: dict[str, int] = {}
        self.untold: dict[str, int] = {}  # rows of each file of what no entry tells

    def open(self, name: str) -> io.BufferedReader:
        """Open one file."""
        if name not in self.members:
            raise Mismatch(f"{name} is missing")
        return io.BufferedReader(Window(*self.members[name]), CHUNK)

    def read(self, name: str, report: Report) -> bytes:
        """Return the bytes of a file that is not large."""
        report.at = name
        with self.open(name) as file:
            if self.members[name][2] > LONGEST:
                raise Mismatch("too large for what it is")
            return file.read()

    def rows(self, name: str, report: Report) -> Iterator[tuple[int, bytes, Any]]:
        """Yield each line's offset, bytes and value; lines are canonical JSON. The report is told where it stands."""
        place, start, number = f"data/{name}.jsonl", 0, 0
        with self.open(place) as file:
            for number, line in enumerate(iter(lambda: file.readline(LONGEST), b""), start=1):
                report.at = f"{place} line {number}"
                if not line.endswith(b"\n"):
                    raise Mismatch("a line without an end")
                yield start, line[:-1], object_of(line[:-1])
                start += len(line)
        report.at = place
        self.counts[name] = number

    def entry(self, sequence: Any) -> Any:
        """Return an entry, which was proved to be in the tree, and note that a row names it."""
        if type(sequence) is not int or sequence not in self.entries:
            raise Mismatch(f"names entry {shown(sequence)}, which is not in data/ledger.jsonl")
        self.named.add(sequence)
        path, start, _ = self.members["data/ledger.jsonl"]
        offset, size = self.entries[sequence]
        with Window(path, start + offset, size) as part:
            return json_of(part.readall())

    def facts(self, sequence: Any, kind: str, about: str) -> Any:
        """Return the facts of an entry, which must be of this kind and about this."""
        body = self.entry(sequence)
        if (body["kind"], body["about"]) != (kind, about):
            raise Mismatch(f"entry {sequence} is about something else: {shown(body['kind'])} {shown(body['about'])}")
        return body["facts"]


def local_header(name: bytes, size: int, crc: int) -> bytes:
    """Return what stands before a member (APPNOTE 4.3.7): stored, no flags, dated 1980-01-01; ZIP64 where needed."""
    large, short = size >= FULL, min(size, FULL)
    extra = struct.pack("<HHQQ", 1, 16, size, size) if large else b""
    fields = (45 if large else 20, 0, 0, 0, 0x21, crc, short, short, len(name), len(extra))
    return struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", *fields) + name + extra


def directory_entry(name: bytes, size: int, crc: int, offset: int) -> bytes:
    """Return a member's entry in the central directory (4.3.12)."""
    large = [number for number in (size, size, offset) if number >= FULL]
    extra = struct.pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""
    version, short = 45 if large else 20, min(size, FULL)
    fields = (3 << 8 | version, version, 0, 0, 0, 0x21, crc, short, short, len(name), len(extra))
    last = (0, 0, 0, 0o100644 << 16, min(offset, FULL))
    return struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", *fields, *last) + name + extra


def directory_end(count: int, size: int, offset: int) -> bytes:
    """Return what ends the file (4.3.14 to 4.3.16)."""
    large = b""
    if count >= 0xFFFF or max(size, offset) >= FULL:
        large = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 3 << 8 | 45, 45, 0, 0, count, count, size, offset)
        large += struct.pack("<4sIQI", b"PK\x06\x07", 0, offset + size, 1)
    short = min(count, 0xFFFF)
    return large + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, short, short, min(size, FULL), min(offset, FULL), 0)


def read_zip(path: Path, report: Report) -> Bundle:
    """Step 1: walk from the first byte to the last; what is no member's byte must be what the members call for."""
    end = path.stat().st_size
    with path.open("rb") as file:
        members = list(walk(file, end, report))
        offset = file.tell()
        directory = b"".join(directory_entry(*member[:4]) for member in members)
        directory += directory_end(len(members), len(directory), offset)
        found = file.read(len(directory) + 1)
    holds = found == directory
    report.expect(holds, "expected another member or the directory of those before it, and nothing behind that")
    names = [member[0].decode("ascii") for member in members]
    report.expect(names == sorted(set(names)), "members are not in order, or one is there twice")
    bundle = Bundle(names[0].partition("/")[0] if names else "")
    for name, size, crc, _, start in members:
        base, _, inner = name.decode("ascii").partition("/")
        report.at = shown(inner)
        report.expect(base == bundle.base, "not in the top folder of the others")
        report.expect(add_file(bundle, inner, (path, start, size)) == crc, "its CRC-32 is not the one of its header")
    if not report.count:
        report.checked.append(f"ZIP: {len(names)} members, each of {end:,} bytes accounted for")
    return bundle


def walk(file: Any, end: int, report: Report) -> Iterator[tuple[bytes, int, int, int, int]]:
    """Yield name, size, CRC-32, offset and offset of the bytes of each member; the file stands behind the last then."""
    offset, name = 0, b""
    while True:
        report.at = f"byte {offset}, behind {shown(name.decode('ascii'))}"
        file.seek(offset)
        head = file.read(30)
        if head[:4] != b"PK\x03\x04" or len(head) < 30:
            file.seek(offset)
            return
        crc, size, length = struct.unpack("<14xI4xIH2x", head)
        name, extra = file.read(length), file.read(20)
        size = struct.unpack("<4xQ8x", extra)[0] if size == FULL and len(extra) == 20 else size
        header = local_header(name, size, crc)
        if (head + name + extra)[: len(header)] != header or offset + len(header) + size > end:
            raise Mismatch("not the header of a stored member that is all there")
        yield name, size, crc, offset, offset + len(header)
        offset += len(header) + size


def read_folder(path: Path, report: Report) -> Bundle:
    """Step 1 for a bundle that was unpacked: how it was packed cannot be seen any more."""
    bundle = Bundle(None)
    for place in sorted(path.rglob("*")):
        name = place.relative_to(path).as_posix()
        report.at = shown(name)
        if place.is_symlink() or not (place.is_file() or place.is_dir()):
            raise Mismatch("not an ordinary file")
        if place.is_file():
            add_file(bundle, name, (place, 0, place.stat().st_size))
    report.notes.append("a bundle that was unpacked: how the ZIP was packed was not checked")
    return bundle


def add_file(bundle: Bundle, name: str, where: tuple[Path, int, int]) -> int:
    """Take in a file with its SHA-256; return its CRC-32."""
    bundle.members[name] = where
    crc, digest = 0, hashlib.sha256()
    with bundle.open(name) as file:
        for chunk in iter(lambda: file.read(CHUNK), b""):
            crc = zlib.crc32(chunk, crc)
            digest.update(chunk)
    bundle.digests[name] = digest.hexdigest()
    return crc


# --- 2. The bag (RFC 8493) -------------------------------------------------------------------------------------------


def check_names(bundle: Bundle, report: Report) -> str:
    """All files that belong to a bundle are there, and no other; what it says of itself can be read."""
    names = set(bundle.members)
    previous = PREVIOUS if PREVIOUS & names else set()
    known = TAGS | PAYLOAD | previous | ({"timestamp.tsr"} & names)
    for name in sorted(known ^ names):
        report.mismatch(shown(name), "is missing" if name in known else "does not belong into a bundle")
    about = object_of(bundle.read("data/bundle.json", report))
    report.expect(about["schema"] == "landproof/audit-bundle/1", f"expected a bundle, got {shown(about['schema'])}")
    bundle.about = about
    days = (about[key][:10].replace("-", "") for key in ("period_from", "period_to"))
    base = "landproof-evidence-{}-{}".format(*days)
    report.expect(bundle.base in (None, base), f"the top folder should be {shown(base)}")
    bundle.base = base
    return f"{base}: {len(names)} files, all that belong there"


def check_bag(bundle: Bundle, report: Report) -> str:
    """The declaration, both manifests, complete both ways, and the sum of the payload."""
    declared = bundle.read("bagit.txt", report)
    expected = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    report.expect(declared == expected, "not the declaration of BagIt 1.0")
    payload = {name for name in bundle.members if name.startswith("data/")}
    tags = set(bundle.members) - payload - {"tagmanifest-sha256.txt"}
    check_manifest(bundle, report, "manifest-sha256.txt", payload)
    check_manifest(bundle, report, "tagmanifest-sha256.txt", tags)
    info = bundle.read("bag-info.txt", report)
    size = sum(bundle.members[name][2] for name in payload)
    expected = (
        f"Bag-Software-Agent: landproof {bundle.about['tool_version']}\n"
        f"Bagging-Date: {bundle.about['judged_at'][:10]}\n"
        f"External-Identifier: {bundle.base}\nPayload-Oxum: {size}.{len(payload)}\n"
    ).encode()
    report.expect(info == expected, "not what bundle.json and the payload come to")
    return f"bag (RFC 8493): {len(payload)} payload and {len(tags) + 1} tag files, {size:,} bytes of payload, SHA-256"


def check_manifest(bundle: Bundle, report: Report, manifest: str, names: set[str]) -> None:
    """Compare a manifest with the files that it is to name, in order."""
    lines = bundle.read(manifest, report).decode("utf-8").split("\n")
    said = {name: digest for digest, _, name in (line.partition("  ") for line in lines[:-1])}
    for name in sorted(names ^ set(said)):
        report.fail(f"does not name {shown(name)}" if name in names else f"names {shown(name)}, which is not there")
    for name in sorted(names & set(said)):
        if said[name] != bundle.digests[name]:
            report.mismatch(name, f"its SHA-256 is not the one in {manifest}")
    in_order = [f"{said[name]}  {name}" for name in sorted(said)]
    report.expect(lines == [*in_order, ""], "not in order, or not in its form")


# --- 3. and 4. Statement and checkpoint: who signed ------------------------------------------------------------------


def key_of(line: str) -> tuple[str, bytes]:
    """Read a verifier key, NAME+ID+BASE64 (C2SP signed note): its name with the id, and the key's 32 bytes."""
    name, key_id, encoded = line.split("+", 2)
    data = unbase64(encoded)
    if len(data) != 33 or data[:1] != b"\x01" or not name or re.search(r"\s", name):
        raise Mismatch("not a verifier key of Ed25519")
    if key_id != sha256(name.encode("utf-8") + b"\n" + data).hex()[:8]:
        raise Mismatch("a verifier key whose id is another's")
    return f"{name}+{key_id}", data[1:]


def check_keys(bundle: Bundle, report: Report) -> str:
    """Every line of keys.txt is a key whose id follows from it."""
    text = bundle.read("data/keys.txt", report).decode("utf-8")
    report.expect(not text or text.endswith("\n"), "its last line does not end")
    bundle.keys = dict(map(key_of, text.split("\n")[:-1]))
    return f"keys: {len(bundle.keys)}"


def check_signer(bundle: Bundle, report: Report, what: str, signed: bytes, signatures: dict[str, bytes]) -> None:
    """All signatures must be good, by keys of keys.txt."""
    for name, signature in signatures.items():
        if name not in bundle.keys:
            report.fail(f"signed by {shown(name)}, which is not in data/keys.txt")
        elif not is_signed(bundle.keys[name], signed, signature):
            report.fail(f"the signature is not one of {shown(name)}")
        else:
            report.signers[what] = (name, bundle.keys[name].hex())


def check_statement(bundle: Bundle, report: Report) -> str:
    """The statement names all payload, and each tag file that does not follow from it, by the digest that it has."""
    envelope = object_of(bundle.read("statement.dsse.json", report))
    payload = unbase64(envelope["payload"])
    statement = json_of(payload)
    kinds = [envelope["payloadType"], statement["_type"], statement["predicateType"]]
    report.expect(kinds == STATEMENT_KINDS, "not an in-toto statement about a bundle")
    subjects = {one["name"]: one["digest"] for one in statement["subject"]}
    report.expect(len(subjects) == len(statement["subject"]), "names a file twice")
    for name in sorted({name for name in bundle.members if name.startswith("data/")} | SIGNED_TAGS | set(subjects)):
        if subjects.get(name) != {"sha256": bundle.digests.get(name)}:
            report.mismatch(shown(name), "is not the file that the statement names")
    predicate = {"bundle": bundle.about, "timestamped": "timestamp.tsr" in bundle.members}
    if canonical(statement["predicate"]) != canonical(predicate):
        report.fail("says something else than data/bundle.json, or of its timestamp")
    kind = envelope["payloadType"].encode("utf-8")  # what is signed is DSSE's PAE of kind and payload
    signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    signatures = {one["keyid"]: unbase64(one["sig"]) for one in envelope["signatures"]}
    report.expect(list(signatures) == list(bundle.keys)[: len(signatures)], "not signed by the first of data/keys.txt")
    shapes = [set(envelope), *(set(one) for one in envelope["signatures"])]
    expected = [{"payload", "payloadType", "signatures"}, *({"keyid", "sig"} for _ in signatures)]
    report.expect(shapes == expected, "holds more than a statement and a signature of each key")
    check_signer(bundle, report, "statement", signed, signatures)
    return (
        f"statement (in-toto in DSSE): names {len(subjects)} files by the SHA-256 they have; {by(report, 'statement')}"
    )


def by(report: Report, what: str) -> str:
    """Return who signed something."""
    return f"signed by {shown(report.signers[what][0])}" if what in report.signers else "unsigned"


def note_of(text: str) -> tuple[bytes, dict[str, bytes]]:
    """Read a signed note (C2SP): what is signed, and its signatures."""
    body, blank, rest = text.rpartition("\n\n")
    signatures = {}
    for line in rest.split("\n")[:-1]:
        found = re.fullmatch("\u2014 ([^\\s+]+) (\\S+)", line)
        if not found:
            raise Mismatch("not the line of a signature")
        data = unbase64(found[2])
        signatures[f"{found[1]}+{data[:4].hex()}"] = data[4:]
    if not blank or (rest and not rest.endswith("\n")):
        raise Mismatch("not a signed note")
    return f"{body}\n".encode(), signatures


def check_checkpoint(bundle: Bundle, report: Report) -> str:
    """The checkpoint is the one that bundle.json names, and signed."""
    signed, signatures = note_of(bundle.read("data/checkpoint.txt", report).decode("utf-8"))
    origin, size, root, time = checkpoint_of(signed)
    check_signer(bundle, report, "checkpoint", signed, signatures)
    told = {"root": root.hex(), "size": size}
    report.expect(
        (bundle.about["origin"], bundle.about["checkpoint"]) == (origin, told), "not bundle.json's checkpoint"
    )
    bundle.origin, bundle.size, bundle.root = origin, size, root
    return f"checkpoint (C2SP): {size:,} entries in ledger {shown(origin)}, {time}; {by(report, 'checkpoint')}"


def checkpoint_of(signed: bytes) -> tuple[str, int, bytes, str]:
    """Read the text of a checkpoint (C2SP tlog-checkpoint): origin, size, root, and when."""
    origin, size, root, time = signed.decode("utf-8")[:-1].split("\n")
    if (
        not re.fullmatch(r"0|[1-9]\d{0,17}", size, re.ASCII)
        or len(unbase64(root)) != 32
        or not time.startswith("time ")
    ):
        raise Mismatch("not a checkpoint")
    moment(time[5:])
    return origin, int(size), unbase64(root), time


# --- 5. and 6. The ledger --------------------------------------------------------------------------------------------


def check_ledger(bundle: Bundle, report: Report) -> str:
    """Each entry is proved to be in the tree, at the place that its sequence says."""
    last, proofs = -1, bundle.rows("proofs", report)
    entry_fields = {"about", "by", "facts", "kind", "schema", "sequence", "time", "tool_version"}
    for start, line, body in bundle.rows("ledger", report):
        at = report.at
        proof: Any = next(proofs, (0, b"", {}))[2]
        report.at = at
        sequence = body["sequence"]
        if type(sequence) is not int or sequence <= last or proof.get("sequence") != sequence:
            raise Mismatch("entries and their proofs are not in order")
        if set(body) != entry_fields or body["schema"] != "landproof/ledger-entry/1":
            raise Mismatch("not an entry of a ledger")
        path = [unbase64(step) for step in proof["inclusion"]]
        holds = is_included(leaf(line), sequence, bundle.size, path, bundle.root)
        report.expect(holds, f"entry {sequence} is not in the tree of the checkpoint")
        bundle.entries[sequence], last = (start, len(line)), sequence
    report.expect(next(proofs, None) is None, "proves more than there is in data/ledger.jsonl")
    told = f"{len(bundle.entries):,} of its {bundle.size:,} entries"
    return f"ledger (RFC 9162): {told} are told, in canonical JSON (RFC 8785), each in the tree"


def check_previous(bundle: Bundle, report: Report) -> str:
    """The tree of the bundle before is the beginning of this one's."""
    told = bundle.about["previous"]
    if not PREVIOUS & set(bundle.members):
        report.at = "data/bundle.json"
        report.expect(told is None, "names a bundle before, to which there is no proof")
        report.notes.append("no bundle before was given: that this ledger goes on from it was not checked")
        return ""
    signed, signatures = note_of(bundle.read("data/previous-checkpoint.txt", report).decode("utf-8"))
    check_signer(bundle, report, "previous checkpoint", signed, signatures)
    origin, size, root, _ = checkpoint_of(signed)
    report.expect(told == {"origin": origin, "root": root.hex(), "size": size}, "not the one that bundle.json names")
    proof = object_of(bundle.read("data/consistency.json", report))
    report.expect(origin == bundle.origin, "the bundle before is of another ledger")
    expected = {"from_origin": origin, "from_root": root.hex(), "from_size": size, "to_size": bundle.size}
    report.expect({k: v for k, v in proof.items() if k != "proof"} == expected, "not between these two checkpoints")
    path = [unbase64(step) for step in proof["proof"]]
    holds = is_beginning(size, root, bundle.size, bundle.root, path)
    report.expect(holds, "the ledger of the bundle before is not the beginning of this one")
    return f"bundle before: its {size:,} entries are the first of this ledger; {by(report, 'previous checkpoint')}"


# --- 7. Rows ---------------------------------------------------------------------------------------------------------


def about_of(kind: str, row: Any) -> str:
    """Return what an entry is about, from the row that names it."""
    if kind == "scan":
        return f"{row['scan_id']}/{row['zone']}"
    if kind == "waiver":
        return f"{row['zone']}/{row['dataset_id']}"
    if kind == "acceptance":
        parts = (row["zone"], row["dataset_id"], row["export_time"])
        return "/".join(part for part in parts if part is not None)
    own = {"snapshot": "id", "copy": "target", "restore": "restore_id", "gap-acceptance": "restore_id"}
    name = {**own, "drill": "drill_id"}.get(kind, "snapshot")
    return str(row[name])


def check_rows(bundle: Bundle, report: Report) -> str:
    """Every row that names an entry says all that the entry says, and says it alike."""
    checked = 0
    for name, of in KINDS.items():
        seen: set[int] = set()
        for _, _, row in bundle.rows(name, report):
            kind = of or row["kind"]
            if not of and kind not in DECISIONS:
                raise Mismatch(f"{shown(kind)} is no decision")
            if row["entry"] is None:
                count(bundle.untold, name)
            else:
                facts = bundle.facts(row["entry"], kind, about_of(kind, row))
                for field in sorted(facts):
                    if field not in row or canonical(row[field]) != canonical(facts[field]):
                        report.fail(f"{shown(field)} is not what entry {row['entry']} says")
                report.expect(row["entry"] not in seen, f"entry {row['entry']} is told twice")
                seen.add(row["entry"])
                checked += 1
            if kind == "snapshot":
                take_snapshot(bundle, report, row)
    return f"rows: {checked:,} agree with their entries, field by field"


def take_snapshot(bundle: Bundle, report: Report, row: Any) -> None:
    """Keep of a snapshot what other rows are compared with."""
    name = row["id"]
    report.expect(name not in bundle.snapshots, "one snapshot is told twice")
    report.expect(
        name.rpartition("/")[0] == f"{row['zone']}/{row['dataset_id']}", "of another dataset than its id says"
    )
    kept = ("due_at", "entry", "files_root", "findings_sha256", "depth", "coverage", "presence", "landed_at")
    bundle.snapshots[name] = {key: row[key] for key in kept}
    bundle.snapshots[name]["verdict"] = row["accepted_verdict"]
    report.expect(row["accepted"] is (row["accepted_verdict"] != row["verdict"]), "accepted or not: it says both")
    count(bundle.verdicts, row["verdict"])
    for field, kind in (("previous_entries", "snapshot"), ("read_entries", "read")):
        older = [sequence for sequence in row[field] if bundle.facts(sequence, kind, name)]
        report.expect(older == sorted(set(older) - {row["entry"]}), f"{field} are not in order")


def check_files(bundle: Bundle, report: Report) -> str:
    """The files of each snapshot that are present come to its root: a Merkle tree by the bytes of their paths."""
    last, present, gone = (b"", b""), 0, 0
    seen: set[str] = set()

    def leaves(rows: Iterable[Any]) -> Iterator[bytes]:
        nonlocal last, present, gone
        for _, _, row in rows:
            key = (row["snapshot"].encode("utf-8"), row["path"].encode("utf-8"))
            if key <= last or row["snapshot"] not in bundle.snapshots:
                raise Mismatch("files are not in order, one is there twice, or its snapshot is not told")
            last, there = key, row["presence"] == "present"
            present, gone = present + there, gone + (not there)
            if there:
                yield leaf(canonical({key: row[key] for key in ("path", "sha256", "size")}))

    for snapshot, rows in groupby(bundle.rows("files", report), lambda one: one[2]["snapshot"]):
        root = root_of(leaves(rows)).hex()
        seen.add(snapshot)
        if root != bundle.snapshots[snapshot]["files_root"] and bundle.snapshots[snapshot]["entry"] is not None:
            report.mismatch("data/files.jsonl", f"the files of {shown(snapshot)} do not come to its files_root")
    for snapshot in sorted(set(bundle.snapshots) - seen):
        if bundle.snapshots[snapshot]["files_root"] not in (None, sha256(b"").hex()):
            report.mismatch("data/files.jsonl", f"{shown(snapshot)} has no files, but its files_root says so")
    if gone:
        report.notes.append(f"{gone:,} files are gone by now: they are in no root, the statement alone is for them")
    return f"files: {present:,} of {len(bundle.snapshots):,} snapshots come to the root of their snapshot"


def check_findings(bundle: Bundle, report: Report) -> str:
    """The findings of the newest look at each snapshot come to its digest, in order of their positions."""
    newest: dict[str, list[tuple[int, Any]]] = {}
    fields = ("actual", "code", "count", "expected", "level", "message", "path", "place")
    for _, _, row in bundle.rows("findings", report):
        snapshot = row["snapshot"]
        if snapshot is not None and snapshot not in bundle.snapshots:
            raise Mismatch("its snapshot is not told")
        for sequence in (row["first_entry"], row["last_entry"]):
            if sequence is not None:
                body = bundle.entry(sequence)
                of = (body["kind"], body["about"] if snapshot else body["facts"]["zone"])
                subject = ("snapshot", snapshot) if snapshot else ("scan", row["zone"])
                report.expect(of == subject, f"entry {sequence} is about something else")
        if row["last_entry"] is None:
            count(bundle.untold, "findings")
        elif snapshot and row["last_entry"] == bundle.snapshots[snapshot]["entry"]:
            newest.setdefault(snapshot, []).append((row["position"], {field: row[field] for field in fields}))
    for snapshot, kept in bundle.snapshots.items():
        found = [one for _, one in sorted(newest.get(snapshot, []), key=lambda one: one[0])]
        holds = kept["entry"] is None or sha256(canonical(found)).hex() == kept["findings_sha256"]
        report.expect(holds, f"the findings of {shown(snapshot)} do not come to its findings_sha256")
    known = sum(map(len, newest.values()))
    return f"findings: {known:,} of {bundle.counts['findings']:,} are of the newest looks, and come to their digests"


def check_recovery(bundle: Bundle, report: Report) -> str:
    """What recovery points are judged from: a recorded state says what its entry says, as far as both say it."""
    states = 0
    for _, _, row in bundle.rows("recovery", report):
        if row["row"] != "state":
            continue
        states += 1
        if row["entry"] is None:
            count(bundle.untold, "recovery")
            continue
        facts = bundle.facts(row["entry"], "snapshot", row["place"])
        for field in sorted(set(facts) & set(row)):
            if canonical(row[field]) != canonical(facts[field]):
                report.fail(f"{shown(field)} is not what entry {row['entry']} says")
    return f"recovery points: {states:,} recorded states agree with their entries"


# --- 8. Population ---------------------------------------------------------------------------------------------------


def check_population(bundle: Bundle, report: Report) -> str:
    """Every slot is there once, and its status follows from the snapshot that fills it and from the moment."""
    filled: set[tuple[str, str]] = set()
    bundle.counts["population"] = 0
    for row in slots_of(bundle, report):
        bundle.counts["population"] += 1
        count(bundle.statuses, row["status"])
        check_entries(bundle, report, row)
        if row["reason"] == UNSCHEDULED:
            count(bundle.unscheduled, row["status"])
            continue
        check_slot(bundle, report, row)
        filled.add((row["snapshot"], row["due_at"]))
        dataset = (row["zone"], row["dataset_id"])
        bundle.slots.setdefault(dataset, []).append((moment(row["due_at"]), moment(row["deadline"])))
    report.at = "data/population.csv"
    for snapshot, kept in bundle.snapshots.items():
        if kept["due_at"] is not None and (snapshot, kept["due_at"]) not in filled:
            report.fail(f"{shown(snapshot)} fills a slot that is not there")
    return f"population: {bundle.counts['population']:,} slots, each once, judged as their facts say"


def slots_of(bundle: Bundle, report: Report) -> Iterator[dict[str, str]]:
    """Yield the rows of the population, which stand in order."""
    columns, last = COLUMNS.split(","), ("", "", "")
    with bundle.open("data/population.csv") as file:
        lines = csv.reader(io.TextIOWrapper(file, "utf-8", newline=""), strict=True)
        report.at = "data/population.csv line 1"
        if next(lines, []) != columns:
            raise Mismatch("not the columns of a population")
        for cells in lines:
            report.at = f"data/population.csv line {lines.line_num}"
            row = dict(zip(columns, cells))  # noqa: B905 - not in Python 3.8
            slot = (row["zone"], row["dataset_id"], row["due_at"])
            if len(cells) != len(columns) or slot <= last:
                raise Mismatch("slots are not in order, one is there twice, or a cell is missing")
            last = slot
            yield row


def check_entries(bundle: Bundle, report: Report, row: dict[str, str]) -> None:
    """Compare a slot with its entries in all that they share; its verdict is the one by what was accepted."""
    about = f"{row['zone']}/{row['dataset_id']}@{row['due_at']}"
    for column, kind, subject in (("snapshot_entry", "snapshot", row["snapshot"]), ("slot_entry", "slot", about)):
        facts = bundle.facts(int(row[column]), kind, subject) if row[column] else {}
        for field in sorted(set(facts) & set(row) - {"verdict", "snapshot"}):
            report.expect(cell(facts[field]) == row[field], f"{field} is not what its entry says")
    if not row["slot_entry"]:
        count(bundle.untold, "population")


def check_slot(bundle: Bundle, report: Report, row: dict[str, str]) -> None:
    """Compare a slot with the snapshot that fills it, and its status with the rules of judging."""
    kept = bundle.snapshots.get(row["snapshot"])
    if row["snapshot"] and kept is None:
        raise Mismatch("the snapshot that fills it is not told")
    if kept is not None:
        report.expect(row["snapshot_entry"] == cell(kept["entry"]), "its entry is not the snapshot's")
        for field in ("due_at", "verdict", "depth", "coverage", "presence", "landed_at"):
            report.expect(row[field] == cell(kept[field]), f"{field} is not the snapshot's")
    possible = statuses_of(row, moment(bundle.about["judged_at"]))
    report.expect(row["status"] in possible, f"{shown(row['status'])} cannot be, by its facts")
    report.expect(row["status"] != "paused" or row["reason"], "paused without a reason")


def cell(value: Any) -> str:
    """Return a value as a table has it."""
    return "" if value is None else str(value)


def statuses_of(row: dict[str, str], judged_at: int) -> tuple[str, ...]:
    """Return what may have become of a slot: what landed before its deadline is on time, at the deadline it is late."""
    deadline = moment(row["deadline"])
    if not row["snapshot"]:
        return ("waiting", "paused") if judged_at < deadline else ("missing", "unknown", "paused")
    if row["verdict"] == "arriving":
        return ("waiting",)
    if not row["landed_at"]:
        return ("unknown", "on_time", "arrived_late")  # judged by when it was first seen
    return ("on_time",) if moment(row["landed_at"]) < deadline else ("arrived_late",)


def check_schedules(bundle: Bundle, report: Report) -> str:
    """No slot of the settings' schedules was left out; settings are those that bundle.json names."""
    text = bundle.read("data/settings.json", report)
    settings = object_of(text)
    report.expect(sha256(text).hex() == bundle.about["settings_sha256"], "not the settings that bundle.json names")
    start, end = moment(bundle.about["period_from"]), moment(bundle.about["judged_at"])
    report.expect(start <= end <= moment(bundle.about["period_to"]), "judged as of a moment that is not in the period")
    asked, zone, slots = bundle.about["datasets"], bundle.about["zone"], dict(bundle.slots)
    crons = recomputed = 0
    for dataset in settings["datasets"]:
        key = (dataset["zone"], dataset["id"])
        report.at = f"data/population.csv: {shown('/'.join(key))}"
        found = slots.pop(key, [])
        is_asked = zone in (None, key[0]) and (asked is None or "/".join(key) in asked)
        if not is_asked or not dataset["enabled"] or not (dataset["every"] or dataset["cron"]):
            report.expect(not found, "has slots, but none is due, or it was not asked about")
            continue
        grace = duration(dataset["grace"])
        report.expect(all(late - due == grace for due, late in found), "a deadline is not the end of the grace")
        if dataset["cron"]:
            crons += 1
        else:
            recomputed += 1
            due = due_times(dataset, start, end)
            holds = len(due) == len(found) and all(slot[0] == one for slot, one in zip(found, due))  # noqa: B905
            report.expect(holds, "slots are not those of its schedule")
    if crons:
        report.notes.append(f"{crons} schedules are cron expressions: when their slots are due was not recomputed")
    report.at = "data/population.csv"
    unknown = sorted("/".join(key) for key in slots)
    report.expect(set(unknown) <= set(bundle.about["remembered"]), "slots of datasets that are not in the settings")
    if unknown:
        report.notes.append(f"{len(unknown)} datasets are in the settings no more: judged by their schedules on record")
    if bundle.unscheduled:
        known = sum(bundle.unscheduled.values())
        report.notes.append(f"{known:,} slots are told as last recorded, since no schedule has them any more")
    return f"schedules: by the settings, no slot of {recomputed} datasets is left out; settings have their digest"


def due_times(dataset: Any, start: int, end: int) -> Any:
    """Return when exports were due in a time, both ends included; the end of a schedule itself is not due."""
    if not dataset["starts_at"]:
        return []
    first = moment(dataset["starts_at"])
    stop = moment(dataset["ends_at"]) if dataset["ends_at"] else end + 1
    if dataset["every"] == "once":
        return [first] if start <= first <= end and first < stop else []
    step = duration(dataset["every"])
    return range(first + max(0, -((first - start) // step)) * step, min(end + 1, stop), step)


def check_counts(bundle: Bundle, report: Report) -> str:
    """What bundle.json counts is what is there, and each entry of the ledger is named by a row."""
    report.at = "data/bundle.json"
    found = {**bundle.counts, "slots": bundle.statuses, "verdicts": bundle.verdicts}
    told = bundle.about["counts"]
    for name in sorted({*found, *told}):
        report.expect(told.get(name) == found.get(name), f"counts {shown(name)} as {shown(told.get(name))}")
    untold = {name: number for name, number in bundle.about["not_in_ledger"].items() if number}
    report.expect(untold == bundle.untold, f"counts what is not in the ledger as {shown(untold)}")
    if untold:
        parts = ", ".join(f"{number:,} in {name}" for name, number in sorted(untold.items()))
        report.notes.append(f"rows of what no entry of the ledger tells, which the statement alone is for: {parts}")
    for sequence in sorted(set(bundle.entries) - bundle.named):
        report.mismatch("data/ledger.jsonl", f"entry {sequence} is told by no row")
    return f"counts: {sum(bundle.counts.values()):,} rows; each entry of the ledger is told by a row"


# --- All steps, and what stays to be compared by whoever reads this --------------------------------------------------


def tell_signers(report: Report, trusted: set[bytes] | None) -> None:
    """Say whose keys signed; where some are trusted, statement and checkpoint must be signed by one of them."""
    signed: dict[tuple[str, str], list[str]] = {}
    for what, place in (("statement", "statement.dsse.json"), ("checkpoint", "data/checkpoint.txt")):
        report.at = place
        if what in report.signers:
            signed.setdefault(report.signers[what], []).append(what)
            is_trusted = trusted is None or bytes.fromhex(report.signers[what][1]) in trusted
            report.expect(is_trusted, "signed by another key than the one that was given")
        else:
            report.expect(trusted is None, "unsigned: expected a signature of the key that was given")
            report.notes.append(f"the {what} is unsigned")
    for (name, key), whats in signed.items() if trusted is None else ():
        fingerprint = sha256(bytes.fromhex(key)).hex()
        own = f"{shown(name)} signed {' and '.join(whats)}: compare its fingerprint with the one you were given"
        report.notes.append(f"{own}, {fingerprint}")
    if len(signed) > 1:
        report.notes.append("signed by two keys, which is right only where the keys were changed: compare them both")


def tell_program(bundle: Bundle, report: Report) -> None:
    """Say whether the program in the bundle is this one."""
    if bundle.digests.get("verify.py") != sha256(Path(__file__).read_bytes()).hex():
        report.notes.append(
            "the verify.py in the bundle is not the program that ran: another version, or another program"
        )


def tell_timestamp(bundle: Bundle, report: Report) -> None:
    """Find the statement's digest in the timestamp (RFC 3161, MessageImprint); who gave it is not checked here."""
    if "timestamp.tsr" not in bundle.members:
        report.notes.append("no timestamp: when it was made is the word of whoever made it")
        return
    digest = b"\x04\x20" + bytes.fromhex(bundle.digests["statement.dsse.json"])
    algorithm, answer = bytes.fromhex("0609608648016503040201"), bundle.read("timestamp.tsr", report)
    if algorithm + digest not in answer and algorithm + b"\x05\x00" + digest not in answer:
        raise Mismatch("not a timestamp over statement.dsse.json")
    command = "openssl ts -verify -data statement.dsse.json -in timestamp.tsr -CAfile CERTIFICATE_OF_THE_AUTHORITY"
    report.notes.append(f"the timestamp holds the statement's SHA-256; whose it is and whether it is one: {command}")


STEPS: Any = (
    check_names, check_bag, check_keys, check_statement, check_checkpoint, check_ledger, check_previous, check_rows,
    check_files, check_findings, check_recovery, check_population, check_schedules, check_counts, tell_program,
    tell_timestamp,
)  # fmt: skip
DAMAGE = (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError, OverflowError, csv.Error)


def check(path: Path, trusted: set[bytes] | None = None) -> Report:
    """Check a bundle, a ZIP or an unpacked folder, step by step; raises OSError where it cannot be read."""
    report = Report()
    try:
        bundle = read_folder(path, report) if path.is_dir() else read_zip(path, report)
    except (Mismatch, *DAMAGE) as error:
        report.mismatch(report.at, str(error) if isinstance(error, Mismatch) else "cannot be understood")
        return report
    report.bundle = bundle
    for step in STEPS:
        before, line = report.count, ""
        try:
            line = step(bundle, report)
        except (Mismatch, *DAMAGE) as error:
            report.mismatch(report.at, str(error) if isinstance(error, Mismatch) else "cannot be understood")
        if report.count == before and line:
            report.checked.append(line)
    tell_signers(report, trusted)
    return report


def keys_given(text: str) -> set[bytes]:
    """Return the keys that --key gives: a verifier key, or those in a file."""
    lines = [text] if "+" in text and not Path(text).exists() else Path(text).read_text(encoding="utf-8").splitlines()
    keys = {key_of(line.strip())[1] for line in lines if line.strip()}
    if not keys:
        raise Mismatch("no key is in it")
    return keys


def document(report: Report) -> dict[str, Any]:
    """Return what was checked as a document."""
    signers = [
        {"what": what, "key": name, "fingerprint": sha256(bytes.fromhex(key)).hex()}
        for what, (name, key) in report.signers.items()
    ]
    return {
        "schema": "landproof/audit-verify/1",
        "state": ("holds", "unsigned", "differs")[report.status],
        "signers": signers,
        "checked": report.checked,
        "notes": report.notes,
        "mismatches": [{"place": place, "message": message} for place, message in report.mismatches],
        "mismatch_count": report.count,
    }


def main(arguments: list[str]) -> int:
    """Check what the arguments name, print what was checked, and return the exit status."""
    parser = argparse.ArgumentParser(description="Check an evidence bundle of landproof.")
    parser.add_argument("bundle", nargs="?", help="the ZIP, or the folder of one that was unpacked; else this folder")
    parser.add_argument("--key", help="trust this verifier key only, or those in this file")
    parser.add_argument("--json", action="store_true", help="print a JSON document")
    try:
        given = parser.parse_args(arguments)
        trusted = keys_given(given.key) if given.key else None
        path = Path(given.bundle) if given.bundle else Path(__file__).resolve().parent
    except SystemExit as done:
        return 64 if done.code else 0
    except (Mismatch, OSError, ValueError) as error:
        sys.stderr.write(f"verify.py: --key: {error}\n")
        return 64
    try:
        report = check(path, trusted)
    except OSError as error:
        sys.stderr.write(f"verify.py: {path}: cannot be read: {(error.strerror or '').lower()}\n")
        return 3
    text = json.dumps(document(report), indent=2) if given.json else "\n".join(report.lines())
    sys.stdout.write(f"{text}\n")
    return report.status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
