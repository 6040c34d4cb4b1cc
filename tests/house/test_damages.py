"""Every error that damage can raise is in the table of damages, or among those that none can, with a reason."""

from __future__ import annotations

import pytest

from catalog.evidence.damages.table import BEYOND, EXPECTED, FAMILIES
from verifier.findings import REGISTER, Level

ERRORS = [code for code, row in REGISTER.items() if row.level is Level.ERROR and row.family in FAMILIES]


@pytest.mark.parametrize("code", ERRORS)
def test_error_is_raised_by_a_damage_or_is_said_to_be_beyond(code: str) -> None:
    assert (code in EXPECTED) != (code in BEYOND), (
        "add a damage in catalog/evidence/damages_….py, or a reason to BEYOND"
    )


def test_tables_hold_no_code_that_nothing_raises() -> None:
    assert (EXPECTED | BEYOND.keys()) - REGISTER.keys() == set()
