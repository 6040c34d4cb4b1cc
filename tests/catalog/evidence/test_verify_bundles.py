"""What a bundle's own program says of bundles that hold, wherever it runs, and whose word that is."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.bundles import OTHER_SIGNER, SIGNER, base_of, made, members_of, packed, rebagged, restated, tiny

from catalog.evidence import verify

PROGRAM = Path(verify.__file__)
OLD = Path.home() / ".pyenv" / "versions"
PYTHONS = [sys.executable, *map(str, sorted(OLD.glob("3.[89]*/bin/python3")) + sorted(OLD.glob("3.1*/bin/python3")))]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with everything in it."""
    return made(previous_size=7).write(tmp_path_factory.mktemp("bundle") / "bundle.zip")


def run(*words: object, cwd: Path | None = None, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """Run the program as an auditor does: isolated, with nothing but the standard library."""
    return subprocess.run([python, "-I", "-S", *map(str, words)], cwd=cwd, capture_output=True, text=True)


def test_a_whole_bundle_holds_and_says_line_by_line_what_was_checked(bundle: Path) -> None:
    report = verify.check(bundle)
    assert (report.status, report.count, report.mismatches) == (0, 0, [])
    told = "\n".join(report.lines())
    for word in (
        "ZIP: 26 members",
        "19 payload",
        "in-toto",
        "C2SP",
        "26 of its 29 entries",
        "its 7 entries",
        "8 slots",
    ):
        assert word in told
    assert told.endswith("\nall of it holds")
    assert SIGNER.verifier.fingerprint in told


def test_a_bundle_of_nothing_at_all_holds(tmp_path: Path) -> None:
    assert verify.check(tiny().write(tmp_path / "tiny.zip")).status == 0


def test_an_unsigned_bundle_never_looks_like_a_signed_one(tmp_path: Path) -> None:
    report = verify.check(made(signer=None).write(tmp_path / "unsigned.zip"))
    assert (report.status, report.mismatches) == (1, [])
    assert report.verdict.endswith("unsigned: it proves nothing against whoever made it")
    assert verify.document(report)["state"] == "unsigned"
    files = members_of(bundle := made().write(tmp_path / "signed.zip"))
    stripped = packed(tmp_path / "stripped.zip", base_of(bundle), restated(files, None))
    assert verify.check(stripped).status == 1  # the checkpoint alone is signed
    assert verify.check(stripped, {SIGNER.verifier.key}).status == 2


def test_a_key_that_is_given_is_the_only_one_trusted(bundle: Path, tmp_path: Path) -> None:
    own, other = SIGNER.verifier.text, OTHER_SIGNER.verifier.text
    keys = tmp_path / "keys.txt"
    keys.write_text(f"{other}\n\n{own}\n")
    for given, status in ((own, 0), (other, 2), (keys, 0)):
        assert run(PROGRAM, bundle, "--key", given).returncode == status
    trusting = verify.check(bundle, {OTHER_SIGNER.verifier.key})
    assert {place for place, _ in trusting.mismatches} == {"statement.dsse.json", "data/checkpoint.txt"}
    assert not any("compare" in note for note in verify.check(bundle, {SIGNER.verifier.key}).notes)


@pytest.mark.parametrize("words", [["--key", "nonsense"], ["--key", "a+b+c"], ["--nonsense"], ["a", "b"]])
def test_wrong_arguments_are_wrong_usage(words: list[str], bundle: Path) -> None:
    done = run(PROGRAM, bundle, *words)
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr


def test_what_cannot_be_read_is_neither_good_nor_bad(tmp_path: Path) -> None:
    done = run(PROGRAM, tmp_path / "nothing.zip")
    assert (done.returncode, done.stdout) == (3, "")
    assert "cannot be read" in done.stderr
    if os.geteuid():
        (tmp_path / "secret.zip").touch(mode=0)
        assert run(PROGRAM, tmp_path / "secret.zip").returncode == 3


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06" + bytes(18), b"PK\x03\x04" + b"\xff" * 26])
def test_a_file_that_is_no_bundle_does_not_hold(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "none.zip").write_bytes(content)
    assert run(PROGRAM, tmp_path / "none.zip").returncode == 2


def test_program_needs_the_standard_library_alone() -> None:
    tree = ast.parse(PROGRAM.read_text(encoding="utf-8"), feature_version=(3, 8))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
    }
    assert imported <= sys.stdlib_module_names
    assert not imported & {"socket", "urllib", "http", "subprocess", "os", "shutil", "tempfile"}


@pytest.mark.parametrize("python", PYTHONS)
def test_program_says_the_same_with_any_python(python: str, bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as opened:
        program = opened.extract(f"{base_of(bundle)}/verify.py", bundle.parent / "taken")
    done = run(program, bundle, python=python)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "\n".join(verify.check(bundle).lines()) + "\n"


def test_unpacked_bundle_is_checked_where_it_is_and_says_what_cannot_be(bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle) as opened:
        opened.extractall(tmp_path)
    folder = tmp_path / base_of(bundle)
    for words, cwd in ((["verify.py"], folder), ([folder / "verify.py"], tmp_path), ([PROGRAM, folder], tmp_path)):
        done = run(*words, cwd=cwd)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "how the ZIP was packed was not checked" in done.stdout
    assert not list(folder.rglob("*.pyc"))
    renamed = folder.rename(tmp_path / "renamed")
    assert verify.check(renamed).status == 0
    (renamed / "data" / "more.txt").write_text("more")
    assert verify.check(renamed).mismatches[0][0] == "data/more.txt"
    (renamed / "data" / "more.txt").unlink()
    (renamed / "data" / "link.txt").symlink_to(renamed / "README.txt")
    assert verify.check(renamed).status == 2


def test_document_tells_the_same(bundle: Path, tmp_path: Path) -> None:
    document = json.loads(run(PROGRAM, bundle, "--json").stdout)
    assert (document["schema"], document["state"]) == ("landproof/audit-verify/1", "holds")
    assert {one["what"] for one in document["signers"]} == {"statement", "checkpoint", "previous checkpoint"}
    assert {one["fingerprint"] for one in document["signers"]} == {SIGNER.verifier.fingerprint}
    files = {**members_of(bundle), "data/drills.jsonl": b""}
    changed = packed(tmp_path / "changed.zip", base_of(bundle), files)
    told = json.loads(run(PROGRAM, changed, "--json").stdout)
    assert (told["state"], told["mismatch_count"]) == ("differs", len(told["mismatches"]))
    assert told["mismatches"][0]["place"] == "data/drills.jsonl"


def test_what_a_bundle_holds_cannot_steer_a_terminal(bundle: Path, tmp_path: Path) -> None:
    files = members_of(bundle)
    evil = "data/\x1b[2J\x07.txt"
    changed = restated({**files, "data/keys.txt": b"\x1b]0;x\x07+00000000+AQ==\n"}, SIGNER)
    for number, some in enumerate((changed, {**files, evil: b"x"})):
        report = verify.check(packed(tmp_path / f"{number}.zip", base_of(bundle), some))
        assert report.status == 2
        assert "".join(report.lines()).isprintable()


def test_another_program_in_the_bundle_is_told(bundle: Path, tmp_path: Path) -> None:
    files = {**members_of(bundle), "verify.py": b"print('all of it holds')\n"}
    report = verify.check(packed(tmp_path / "other.zip", base_of(bundle), restated(files, SIGNER)))
    assert report.status == 0
    assert any("not the program that ran" in note for note in report.notes)
    changed = verify.check(packed(tmp_path / "other.zip", base_of(bundle), rebagged(files)))
    assert [place for place, _ in changed.mismatches] == ["verify.py"] or "verify.py" in dict(changed.mismatches)


def test_very_many_mismatches_are_counted_and_the_first_are_told(tmp_path: Path) -> None:
    told = made()
    for row in told.rows["files"]:
        row["size"] += 1
    told.rows["files"] += [{**told.rows["files"][-1], "path": f"z{n:04}"} for n in range(300)]
    told.rows["copies"] = [{**told.rows["copies"][0], "complete": 0} for _ in range(300)]
    report = verify.check(told.write(tmp_path / "bundle.zip"))
    assert report.count > 300
    assert len(report.mismatches) == verify.MOST_TOLD
    assert f"WRONG  and {report.count - verify.MOST_TOLD} more" in list(report.lines())


def test_rows_are_read_one_by_one(tmp_path: Path) -> None:
    """What is kept in memory goes by snapshot and entry, not by file: a large bundle takes no more than its buffers."""
    import tracemalloc

    from catalog.ledger.canonical import canonical
    from catalog.ledger.merkle import leaf_hash, root_of

    told = made()
    own = told.rows["files"][0]
    rows = [{**own, "path": f"{own['path']}-{n:06}", "size": n} for n in range(6_000)]
    root = root_of(leaf_hash(canonical({k: row[k] for k in ("path", "sha256", "size")})) for row in rows).hex()
    told.rows["files"][:3] = rows
    snapshot = told.rows["snapshots"][0]
    snapshot["files_root"], snapshot["entry"] = root, None
    told.population[0]["snapshot_entry"] = None
    snapshot["previous_entries"] = snapshot["read_entries"] = []
    bundle = told.write(tmp_path / "bundle.zip")
    tracemalloc.start()
    report = verify.check(bundle)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.status == 0, report.mismatches
    assert peak < 1_000_000 < 1_500_000 < bundle.stat().st_size
    shutil.rmtree(bundle.with_suffix(".contents"))
