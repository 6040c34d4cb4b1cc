"""What tests of the service share: catalogs of years, services over them, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.service import Served, serving
from support.years import Years
from support.years_shared import SMALL, copied, shared_years

ROLES = ("viewer", "auditor", "operator")


@pytest.fixture(scope="session")
def years(tmp_path_factory: pytest.TempPathFactory) -> Years:
    """A catalog of 200 datasets over three years, for reading; about a minute the first time."""
    return shared_years(tmp_path_factory, "years")


@pytest.fixture(scope="session")
def years_small(tmp_path_factory: pytest.TempPathFactory) -> Years:
    """A catalog of 20 datasets over 90 days, for reading; some seconds the first time."""
    return shared_years(tmp_path_factory, "years-small", **SMALL)


@pytest.fixture
def own_years(years_small: Years, tmp_path: Path) -> Years:
    """A copy of the small one, for tests that write."""
    return copied(years_small, tmp_path / "own")


@pytest.fixture(scope="session")
def served_years(years: Years, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service over the large catalog, by token; a copy, since a service keeps its state beside it."""
    own = copied(years, tmp_path_factory.mktemp("served") / "years")
    with serving(own.config, roles=ROLES) as served:
        yield served
