"""The document of `check` as SARIF 2.1.0, which code scanning and its viewers read; writes no file.

Every finding is a result: accepted ones are suppressed, not left out. A finding keeps its fingerprint from night to
night for as long as it is about the same thing.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from catalog.check_formats.parts import Document, Found, all_findings, judged_part, message_of, visible
from verifier.findings import REGISTER, Code

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warn": "warning", "info": "note"}
_SEVERAL = ("schedule.unscheduled", "zone.expiring")
"""Codes of which one dataset may have several without a path: what their message begins with tells them apart."""
_INDEXES = {code: index for index, code in enumerate(REGISTER)}


def sarif_document(document: Document) -> dict[str, Any]:
    """Return the log of a document of `check` or `nightly`: one run, all codes as rules, each finding a result."""
    found = list(all_findings(document))
    run = {
        "tool": {"driver": _driver()},
        "automationDetails": {"id": "landproof/check/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": _bases(found),
        "invocations": [{"executionSuccessful": True, "endTimeUtc": judged_part(document)["at"]}],
        "results": list(_results(found)),
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _driver() -> dict[str, Any]:
    return {"name": "landproof", "version": version("landproof"), "rules": [_rule(code) for code in REGISTER.values()]}


def _rule(code: Code) -> dict[str, Any]:
    meaning, advice = _sentence(code.meaning), _sentence(code.advice)
    return {
        "id": code.name,
        "shortDescription": {"text": meaning},
        "help": {"text": f"{meaning} {advice}"},
        "defaultConfiguration": {"level": _LEVELS[code.level]},
        "properties": {"tags": [code.family]},
    }


def _sentence(text: str) -> str:
    return _message(f"{text[:1].upper()}{text[1:]}.")


def _message(text: str) -> str:
    """Return text for a message: braces, which mark what is to be filled in, are doubled."""
    return visible(text).replace("{", "{{").replace("}", "}}")


def _bases(found: Iterable[Found]) -> dict[str, Any]:
    """Return what paths are relative to: the root of each zone, which the document does not tell more of."""
    zones = sorted({one.subject.zone for one in found if one.subject.zone and one.finding.get("path")})
    return {visible(zone): {"description": {"text": _message(f"the root of zone {zone}")}} for zone in zones}


def _results(found: Iterable[Found]) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for one in found:
        identity = _identity(one)
        seen[identity] += 1
        digest = hashlib.sha256(f"{identity} {seen[identity]}".encode("utf-8", "backslashreplace")).hexdigest()
        yield _result(one) | {"partialFingerprints": {"landproofFinding/v1": digest}}


def _identity(one: Found) -> str:
    """Return what stays the same of a finding while it is about the same thing: never an age, a count or a name."""
    finding, subject = one.finding, one.subject
    told = None
    if not finding.get("path") and (subject.dataset_id is None or finding["code"] in _SEVERAL):
        told = str(finding["message"]).partition(": ")[0]
    where = sorted((finding.get("where") or {}).items())
    return json.dumps([finding["code"], *subject.parts, finding.get("about"), finding.get("path"), where, told])


def _result(one: Found) -> dict[str, Any]:
    finding = one.finding
    result: dict[str, Any] = {"ruleId": finding["code"]}
    if finding["code"] in _INDEXES:
        result["ruleIndex"] = _INDEXES[finding["code"]]
    result |= {
        "level": _LEVELS[finding["level"]],
        "message": {"text": _message(message_of(finding))},
        "locations": [_location(one)],
        "occurrenceCount": max(1, finding.get("count") or 1),
        "suppressions": _suppressions(finding),
    }
    where = finding.get("where")
    return result | ({"properties": {"where": _plain(where)}} if where else {})


def _plain(where: Document) -> dict[str, Any]:
    return {key: visible(value) if isinstance(value, str) else value for key, value in where.items()}


def _location(one: Found) -> dict[str, Any]:
    subject, finding = one.subject, one.finding
    full = "/".join(subject.parts) or "watch"
    logical: dict[str, Any] = {"fullyQualifiedName": visible(full), "kind": _kind(one)}
    logical["name"] = visible(str(subject))
    location: dict[str, Any] = {"logicalLocations": [logical]}
    if finding.get("path"):
        artifact = {"uri": _uri(finding["path"])}
        if subject.zone:
            artifact["uriBaseId"] = visible(subject.zone)
        location["physicalLocation"] = {"artifactLocation": artifact} | _region(finding.get("where") or {})
    return location


def _kind(one: Found) -> str:
    if one.subject.due_at:
        return "slot"
    return "dataset" if one.subject.dataset_id else "zone" if one.subject.zone else "watch"


def _uri(path: str) -> str:
    """Return a path below a zone as a relative reference; one that begins with a slash stays below."""
    quoted = quote(path, safe="/", errors="surrogatepass")
    return f"./{quoted}" if quoted.startswith("/") else quoted


def _region(where: Document) -> dict[str, Any]:
    line, offset = where.get("line"), where.get("byte_offset", where.get("offset"))
    if isinstance(line, int) and line >= 1:
        return {"region": {"startLine": line}}
    return {"region": {"byteOffset": offset}} if isinstance(offset, int) and offset >= 0 else {}


def _suppressions(finding: Document) -> list[dict[str, Any]]:
    accepted = finding.get("accepted")
    if not accepted:
        return []
    facts = {key: accepted[key] for key in ("by", "at", "until") if accepted.get(key)}
    return [
        {"kind": "external", "status": "accepted", "justification": visible(accepted["reason"]), "properties": facts}
    ]
