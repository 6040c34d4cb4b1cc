"""What standards and laws ask of backups, which figures of a report speak to that, and what none proves.

What each asks is one sentence of our own, true to the text; the text itself binds.
"""

from __future__ import annotations

from catalog.evidence.report.values import Limit, Requirement

_RESTORES = ("drills.total", "drills.passed", "drills.slowest_ms", "restores.total", "restores.passed")
_INTEGRITY = ("snapshots.total", "snapshots.depth_full", "snapshots.reads", "files.hashed", "snapshots.corrupt")
_COVERAGE = ("slots.total", "slots.proved", "slots.good", "slots.missing", "slots.unknown")
_RECOVERY = ("recovery.datasets", "recovery.always_met", "recovery.missed_ms", "recovery.unknown_ms")
_RETENTION = ("retention.datasets", "retention.needed", "retention.verified", "retention.gone_early")

REQUIREMENTS = (
    Requirement(
        "ISO/IEC 27001:2022",
        "A.8.13 Information backup",
        "Keep backup copies of information, software and systems and test them regularly, as the agreed policy on"
        " backup says.",
        (*_COVERAGE, "snapshots.depth_full", *_RETENTION, "drills.total", "drills.passed"),
        "The policy itself; software and systems; data that is not exported to these zones.",
    ),
    Requirement(
        "SOC 2 (Trust Services Criteria)",
        "A1.2",
        "Run, maintain and monitor environmental protections, software, data backup processes and recovery"
        " infrastructure so that the entity's objectives are met.",
        (*_COVERAGE, "exceptions.total", "exceptions.open", "scans.total", "scans.complete", *_RECOVERY),
        "Environmental protections and recovery infrastructure; who designs and approves the processes.",
    ),
    Requirement(
        "SOC 2 (Trust Services Criteria)",
        "A1.3",
        "Test the procedures of the recovery plan that are to bring the system back, so that its objectives are met.",
        (*_RESTORES, "datasets.total", "datasets.restore_tested", "controls.total", "controls.passed"),
        "The recovery plan as a whole, people and systems: a drill restores data into a scratch database.",
    ),
    Requirement(
        "NIST SP 800-53 Rev. 5",
        "CP-9(1) Testing for reliability and integrity",
        "Test backup information as often as the organization has set, to verify that media are reliable and the"
        " information is intact.",
        (*_INTEGRITY, "looked.overdue", *_RESTORES, "controls.total", "controls.passed"),
        "The frequency itself, which the organization sets (verify_every and drill_every in the settings); media"
        " below the store's own interface.",
    ),
    Requirement(
        "NIS2: Implementing Regulation (EU) 2024/2690",
        "Annex, 4.2 Backup and redundancy management",
        "Keep backup copies by plans that set recovery times, assure that copies are complete and accurate, keep them"
        " apart and under access control and say how long; check their integrity regularly, and regularly test that"
        " they can be recovered, with documented results and corrective action.",
        (*_COVERAGE, *_INTEGRITY, *_RESTORES, *_RETENTION, "exceptions.open", "exceptions.closed"),
        "Where copies are and how far apart; who may reach them; redundancy of systems, facilities and staff; the"
        " plans.",
    ),
    Requirement(
        "DORA: Regulation (EU) 2022/2554",
        "Article 12",
        "Have policies that say which data is backed up and how often at least, have procedures to restore it with"
        " little downtime and loss, test them periodically, set recovery time and point objectives, and check that"
        " what is recovered is of the highest integrity.",
        (*_COVERAGE, *_RECOVERY, *_RESTORES, "files.hashed"),
        "Systems for restoring that are segregated from the source; redundant capacity; whether the objectives suit"
        " the functions; reconciliation with counterparties.",
    ),
    Requirement(
        "HIPAA: 45 CFR",
        "164.308(a)(7) Contingency plan",
        "Have procedures that create and maintain retrievable exact copies of electronic protected health"
        " information, restore what is lost, and (addressable) are tested and revised periodically.",
        (*_COVERAGE, "files.hashed", "files.gone", *_RESTORES),
        "Emergency mode operation; criticality analysis; whether the exported data is all that the plan needs.",
    ),
    Requirement(
        "GDPR: Regulation (EU) 2016/679",
        "Article 32(1)(c) and (d)",
        "Be able to restore availability of and access to personal data in good time after an incident, and regularly"
        " test, assess and evaluate whether the measures that secure the processing work.",
        (*_RESTORES, *_RECOVERY, "scans.total", "controls.total", "controls.passed"),
        "What 'in good time' means for the persons concerned; confidentiality; erasure of what must not be kept.",
    ),
)
LIMITS = (
    Limit(
        "The operator holds the pen",
        "Whoever controls catalog, signing key and checkpoints from the start can write a consistent record of things"
        " that never were. What protects against that is outside: checkpoints kept where the operator cannot change"
        " them, a timestamp of a third party, and looking at a sample of the files oneself.",
    ),
    Limit(
        "What landed is not what should have been exported",
        "These numbers are about the bytes that landed. Whether Adobe exported every row that it holds, no file can"
        " tell; manifests and run records, where there are any, are Adobe's own word.",
    ),
    Limit(
        "Depth counts",
        "A verdict holds as deep as was looked. Depth list saw names and sizes, depth structure heads and footers;"
        " only at depth full was every byte read, decoded and hashed. The calendar counts only those as fine.",
    ),
    Limit(
        "What was good when read may have changed since",
        "A read tells of its moment. How long ago each dataset was last read in full stands beside it; in between,"
        " the listing shows sizes and times, not bytes.",
    ),
    Limit(
        "Encrypted files are opaque",
        "Without a key in the settings nobody looked into them: they are unverifiable, and counted as that.",
    ),
    Limit(
        "Times are told by clocks",
        "When something landed is told by the storage's clock, when it was recorded by the clock of the machine that"
        " scanned. Neither was checked against a third.",
    ),
    Limit(
        "Unknown is not good",
        "Time without a complete listing, slots nobody looked at and files nobody could read count as unknown, never"
        " as met.",
    ),
    Limit(
        "What the settings do not name is not in the population",
        "The population is what the schedules of these settings promise. A dataset that is not in them has no slots,"
        " and nothing here says that it should have.",
    ),
)
UNSIGNED = Limit(
    "Nobody signed this record",
    "The checkpoint of the ledger is unsigned. All of it agrees with itself, but nothing shows who made it.",
)
UNBACKED = Limit(
    "Some rows are not in the ledger",
    "They were recorded before there was a ledger, or not recorded at all. Nothing shows that they are as they were.",
)
