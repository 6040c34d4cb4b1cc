"""The text of README.txt in every bundle: what it is, and how to check it without any program of ours."""

from __future__ import annotations

README = b"""\
EVIDENCE OF EXPORTED DATA

What this is

  Which exports were due in a period, what became of each, what was found in the files that landed and how hard they
  were looked at: as recorded at the time by landproof, a program that verifies exports of Adobe Experience Platform.
  Nothing in here is taken from inside those files. data/bundle.json says which period, and judged as of when.

    data/population.csv    every export that was due, one row each, with what became of it
    data/snapshots.jsonl   every export that landed; data/files.jsonl their files, each with its SHA-256
    data/findings.jsonl    what was found wrong with them, when first and last, and what ended it
    data/scans.jsonl       every look at the stores; copies, restores, drills, controls: what was done and tried
    data/decisions.jsonl   what people decided: waivers, acceptances, holds
    data/recovery.jsonl    of datasets with an objective or a policy, all that recovery points and retention are judged
                           from: also what was before the period, since a chain may begin there
    data/settings.json     by what all of it was judged, without secrets
    data/ledger.jsonl      the entries of the ledger, made at the time, that the rows above name; data/proofs.jsonl
                           that each of them is in the tree whose root data/checkpoint.txt has, signed

How to check it

  1. All of it, line by line, with one program that needs nothing but Python and that you can read:

     python3 -I verify.py

     A bundle that was tampered with may bring a verify.py that was: take it from where you trust it, or use the one
     that an earlier bundle brought; "landproof audit verify" is the same program.

     Whose key signed it no program can tell from this bundle. Compare the fingerprint that is printed with the one
     that you were given by another way; and of the next bundle, that it goes on from this one.

  2. Files and manifests, by a BagIt validator (RFC 8493) or by hand:

     sha256sum --check --quiet manifest-sha256.txt tagmanifest-sha256.txt

  3. The signature of the statement (in-toto Statement v1 in a DSSE envelope, Ed25519), where there is one, by OpenSSL 3:

     python3 -c 'import base64 as b,json; e=json.load(open("statement.dsse.json")); p=b.b64decode(e["payload"]); t=e["payloadType"].encode(); open("../signed","wb").write(b"DSSEv1 %d %s %d %s"%(len(t),t,len(p),p)); open("../signature","wb").write(b.b64decode(e["signatures"][0]["sig"])); k=b.b64decode(open("data/keys.txt").readline().split("+",2)[2]); open("../key.der","wb").write(bytes.fromhex("302a300506032b6570032100")+k[1:])'
     openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey ../key.der -in ../signed -sigfile ../signature

     What was signed names the other files, each by its SHA-256: it is the last line of ../signed.

  4. The timestamp, where there is one (RFC 3161), with the certificate of its authority:

     openssl ts -verify -data statement.dsse.json -in timestamp.tsr -CAfile AUTHORITY.pem

What it does not prove

  That nothing landed which nobody looked at; that what was written down was true when it was; anything at all against
  somebody who had the key, the catalog and every copy of its checkpoints from the beginning. A bundle without a
  signature proves nothing against whoever made it.
"""  # noqa: E501 - a command is one line
"""The bytes of README.txt."""
