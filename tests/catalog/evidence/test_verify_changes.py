"""A bundle in which anything was changed does not hold, and where it was changed is told."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bundles import OTHER_SIGNER, SIGNER, base_of, made, members_of, packed, rebagged, restated, tiny, zipped

from catalog.evidence import verify
from catalog.evidence.bag import manifest
from catalog.ledger.canonical import canonical

Files = dict[str, bytes]
MEMBERS = [
    *("README.txt", "bag-info.txt", "bagit.txt", "manifest-sha256.txt", "statement.dsse.json"),
    *("tagmanifest-sha256.txt", "verify.py"),
    *(f"data/{name}" for name in made(previous_size=7).files()),
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with everything in it, its program and its text cut short to be quick."""
    folder = tmp_path_factory.mktemp("whole")
    bundle = made(previous_size=7).write(folder / "made.zip")
    files = {**members_of(bundle), "verify.py": b"# the program\n", "README.txt": b"a text\n"}
    small = packed(folder / "small.zip", base_of(bundle), restated(files, SIGNER))
    assert verify.check(small).status == 0
    return small


def places(bundle: Path) -> list[str]:
    """Check a bundle that must not hold, and return where it does not."""
    return [place for place, _ in _differences(bundle)]


def words(bundle: Path) -> list[str]:
    """Return the places with what is said of them: of a file and a manifest that differ, one place is told."""
    return [f"{place}: {message}" for place, message in _differences(bundle)]


def _differences(bundle: Path) -> list[tuple[str, str]]:
    report = verify.check(bundle)
    assert report.status == 2
    assert report.mismatches
    return report.mismatches


def test_any_bit_of_a_member_flipped_is_told_by_its_name(whole: Path, tmp_path: Path) -> None:
    files, base, chance = members_of(whole), base_of(whole), random.Random(7)
    for name in (name for name in MEMBERS if files[name]):
        changed = bytearray(files[name])
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        told = words(packed(tmp_path / "changed.zip", base, {**files, name: bytes(changed)}))
        assert any(name in place for place in told), (name, told)


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_dropped_emptied_shortened_lengthened_or_renamed_is_told(
    name: str, whole: Path, tmp_path: Path
) -> None:
    files, base = members_of(whole), base_of(whole)
    without = {n: content for n, content in files.items() if n != name}
    own = files[name]
    changes: dict[str, Files] = {
        "dropped": without,
        "lengthened": {**files, name: own + b"\n"},
        "renamed": {**without, f"{name}x": own},
        **({"emptied": {**files, name: b""}, "shortened": {**files, name: own[:-1]}} if own else {}),
    }
    for change, changed in changes.items():
        told = places(packed(tmp_path / "changed.zip", base, changed))
        assert any(name in place for place in told), (change, told)


@pytest.mark.parametrize("name", [name for name in MEMBERS if name.startswith("data/")])
def test_payload_changed_with_all_digests_made_anew_but_not_signed_is_told(
    name: str, whole: Path, tmp_path: Path
) -> None:
    files, base = members_of(whole), base_of(whole)
    others = {"dropped": {n: c for n, c in files.items() if n != name}, "more": {**files, name: files[name] + b" "}}
    for change, changed in others.items():
        told = places(packed(tmp_path / "changed.zip", base, rebagged(changed)))
        assert any(name in place for place in told), (change, told)


def test_members_that_changed_places_are_told(whole: Path, tmp_path: Path) -> None:
    files, base = members_of(whole), base_of(whole)
    names = ("data/snapshots.jsonl", "data/scans.jsonl")
    swapped = {**files, names[0]: files[names[1]], names[1]: files[names[0]]}
    for changed in (swapped, rebagged(swapped)):
        told = places(packed(tmp_path / "changed.zip", base, changed))
        assert set(names) <= set(told)


def test_a_member_more_is_told_whatever_its_name(whole: Path, tmp_path: Path) -> None:
    files, base = members_of(whole), base_of(whole)
    for name in ("data/more.txt", "more.txt", "data/.hidden", "timestamp.tsr", "data/consistency.json/x"):
        for changed in ({**files, name: b"more"}, rebagged({**files, name: b"more"})):
            assert any(name in place for place in places(packed(tmp_path / "changed.zip", base, changed)))


def test_a_zip_in_which_members_are_twice_or_in_another_order_is_told(whole: Path, tmp_path: Path) -> None:
    base = base_of(whole)
    members = [(f"{base}/{name}", content) for name, content in sorted(members_of(whole).items())]
    twice = [*members[:3], members[2], *members[3:]]
    for changed in (twice, members[::-1], [*members, (f"{base}x/more", b"more")]):
        assert verify.check(zipped(tmp_path / "changed.zip", changed)).status == 2
    assert verify.check(zipped(tmp_path / "changed.zip", members)).status == 0


def _comment(data: bytes) -> bytes:
    return data[:-2] + b"\x05\x00hello"


HEADERS: dict[str, Callable[[bytes], bytes]] = {
    "bytes before the first member": lambda data: b"x" + data,
    "bytes behind the end": lambda data: data + b"\x00",
    "a comment": _comment,
    "another file behind": lambda data: data + data,
    "the end cut off": lambda data: data[:-1],
    "half of it": lambda data: data[: len(data) // 2],
    "only its directory": lambda data: data[data.index(b"PK\x01\x02") :],
    "nothing": lambda data: b"",
    "a year later": lambda data: data.replace(b"\x00\x00\x21\x00", b"\x00\x00\x21\x02", 1),
    "a flag": lambda data: data[:6] + b"\x08" + data[7:],
    "a deflated member": lambda data: data[:8] + b"\x08" + data[9:],
    "another version needed": lambda data: data[:4] + b"\x15" + data[5:],
    "an extra field": lambda data: data[:28] + b"\x04" + data[29:],
    "something between two members": lambda data: data.replace(b"PK\x03\x04", b"xPK\x03\x04", 2).replace(
        b"xPK", b"PK", 1
    ),
}


@pytest.mark.parametrize("change", list(HEADERS))
def test_a_zip_changed_around_its_members_is_told(change: str, whole: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.zip"
    changed.write_bytes(HEADERS[change](whole.read_bytes()))
    assert all(place for place in places(changed))


def test_every_byte_of_a_small_bundle_counts(tmp_path: Path) -> None:
    bundle = tiny().write(tmp_path / "tiny.zip")
    files = {**members_of(bundle), "verify.py": b"#\n", "README.txt": b"x\n"}
    data = packed(tmp_path / "tiny.zip", base_of(bundle), restated(files, SIGNER)).read_bytes()
    changed, held = tmp_path / "changed.zip", []
    for place in range(0, len(data), 13):
        bit = 1 << (place // 13) % 8
        changed.write_bytes(data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :])
        if _walked(changed).status != 2:
            held.append(place)
    assert held == []


def _walked(bundle: Path) -> verify.Report:
    """Do step 1 alone, which is quick and has to see any single change."""
    report = verify.Report()
    try:
        verify.read_zip(bundle, report)
    except (verify.Mismatch, *verify.DAMAGE):
        report.fail("not a bundle")
    return report


@settings(max_examples=60)
@given(data=st.data())
def test_anything_cut_out_put_in_or_written_over_is_told(data: st.DataObject, whole: Path) -> None:
    own = whole.read_bytes()
    start = data.draw(st.integers(0, len(own)))
    end = data.draw(st.integers(start, min(len(own), start + 5000)))
    put = data.draw(st.one_of(st.binary(max_size=40), st.sampled_from([own[:200], own[-22:], b"PK\x03\x04", own])))
    changed = own[:start] + put + own[end:]
    bundle = whole.with_name("drawn.zip")
    bundle.write_bytes(changed)
    assert verify.check(bundle).status == (0 if changed == own else 2)


def test_a_bundle_signed_anew_by_another_says_so(whole: Path, tmp_path: Path) -> None:
    files, base = members_of(whole), base_of(whole)
    forged = restated({**files, "data/keys.txt": f"{OTHER_SIGNER.verifier.text}\n".encode()}, OTHER_SIGNER)
    told = places(packed(tmp_path / "forged.zip", base, forged))
    assert "data/checkpoint.txt" in told
    both = f"{OTHER_SIGNER.verifier.text}\n{SIGNER.verifier.text}\n".encode()
    report = verify.check(packed(tmp_path / "both.zip", base, restated({**files, "data/keys.txt": both}, OTHER_SIGNER)))
    assert report.status == 0
    assert any("two keys" in note for note in report.notes)
    trusting = verify.check(tmp_path / "both.zip", {SIGNER.verifier.key})
    assert [place for place, _ in trusting.mismatches] == ["statement.dsse.json"]


def test_a_signature_of_another_key_or_text_is_told(whole: Path, tmp_path: Path) -> None:
    files, base = members_of(whole), base_of(whole)
    swapped = {**files, "data/keys.txt": f"{OTHER_SIGNER.verifier.text}\n".encode()}
    assert "statement.dsse.json" in places(packed(tmp_path / "key.zip", base, restated(swapped, SIGNER)))
    other = members_of(tiny().write(tmp_path / "other.zip"))
    for name in ("statement.dsse.json", "data/checkpoint.txt", "data/proofs.jsonl"):
        told = places(packed(tmp_path / "changed.zip", base, rebagged({**files, name: other[name]})))
        assert any(name in place for place in told), name


def test_the_proof_of_another_bundle_before_is_told(whole: Path, tmp_path: Path) -> None:
    files, base = members_of(whole), base_of(whole)
    other = members_of(made(previous_size=9).write(tmp_path / "other.zip"))
    for names in (("data/consistency.json",), ("data/previous-checkpoint.txt",)):
        changed = {**files, **{name: other[name] for name in names}}
        assert any(names[0] in place for place in places(packed(tmp_path / "c.zip", base, restated(changed, SIGNER))))


def _more_in_envelope(files: Files) -> Files:
    envelope = json.loads(files["statement.dsse.json"])
    return {**files, "statement.dsse.json": canonical({**envelope, "more": 1})}


def _more_in_signature(files: Files) -> Files:
    envelope = json.loads(files["statement.dsse.json"])
    envelope["signatures"][0]["more"] = 1
    return {**files, "statement.dsse.json": canonical(envelope)}


def _twice_signed(files: Files) -> Files:
    envelope = json.loads(files["statement.dsse.json"])
    envelope["signatures"] *= 2
    return {**files, "statement.dsse.json": canonical(envelope)}


def _spaced(files: Files) -> Files:
    return {**files, "statement.dsse.json": files["statement.dsse.json"] + b"\n"}


def _manifest_in_another_order(files: Files) -> Files:
    lines = files["manifest-sha256.txt"].splitlines(keepends=True)
    return {**files, "manifest-sha256.txt": b"".join(lines[::-1])}


def _manifest_with_blanks(files: Files) -> Files:
    return {**files, "manifest-sha256.txt": files["manifest-sha256.txt"].replace(b"  ", b"   ", 1)}


@pytest.mark.parametrize(
    "change",
    [
        _more_in_envelope,
        _more_in_signature,
        _twice_signed,
        _spaced,
        _manifest_in_another_order,
        _manifest_with_blanks,
        lambda files: {**files, "manifest-sha256.txt": files["manifest-sha256.txt"] * 2},
        lambda files: {**files, "bag-info.txt": b"Contact-Name: me\n" + files["bag-info.txt"]},
        lambda files: {**files, "bagit.txt": files["bagit.txt"].replace(b"1.0", b"0.9")},
    ],
)
def test_what_no_digest_in_the_statement_covers_follows_from_it_to_the_byte(
    change: Callable[[Files], Files], whole: Path, tmp_path: Path
) -> None:
    files = change(members_of(whole))
    tags = {name: content for name, content in files.items() if not name.startswith("data/")}
    del tags["tagmanifest-sha256.txt"]
    digests = {name: sha256(content).hexdigest() for name, content in tags.items()}
    files["tagmanifest-sha256.txt"] = manifest(digests, tags)
    assert places(packed(tmp_path / "changed.zip", base_of(whole), files))
