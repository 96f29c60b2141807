"""The total of a list is the number of its rows, for every combination of filters."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from acknowledgement_service.domain.access import AccessScope
from acknowledgement_service.domain.model import ClosedReason, Filters, Lapse, Sort, State
from acknowledgement_service.store import lapses as store
from acknowledgement_service.store.tables import LapseCountRow
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.pagination import PageRequest
from shared_lib_testing.postgres import Addresses
from sqlalchemy import update

from ..builders import OPENED, a_lapse

EXAMPLES: Mapping[str, tuple[Any, ...]] = {
    "coordinator_id": (None, "maya"),
    "mentor_id": (None, "james"),
    "is_acknowledged": (None, True, False),
    "state": (None, *State),
    "sort": tuple(Sort),
}
"""Values of each filter. A new field of `Filters` needs values here, each of which narrows the list."""
SCOPES = (
    AccessScope(),
    AccessScope(organisation_id="lhl"),
    AccessScope(organisation_id="lhl", coordinator_id="maya"),
    AccessScope(is_empty=True),
)


@dataclass(frozen=True, kw_only=True)
class WiderFilters(Filters):
    """With a filter that the counter table does not cover."""

    not_counted: str | None = None


@pytest.fixture
def stored(database: Database) -> list[Lapse]:
    """One lapse of each kind, and a second one of some kinds."""
    kinds = [
        *product(("lhl", "nhf"), ("maya", "ola"), ("james", "kari"), (None, OPENED), (None, OPENED), (False, True))
    ]
    stored = [
        replace(
            a_lapse(
                organisation_id=organisation,
                coordinator_id=coordinator,
                mentor_id=mentor,
                acknowledged_at=at,
                notification_id=uuid4(),
                created_at=OPENED - timedelta(seconds=number // 2),
            ),
            closed_at=closed_at,
            closed_reason=ClosedReason.RENEWED if closed_at else None,
            coordinator_has_left=has_left,
        )
        for number, (organisation, coordinator, mentor, at, closed_at, has_left) in enumerate([*kinds, *kinds[:5]])
    ]
    with database.begin(all_tenants("test")) as session:
        for lapse in stored:
            store.add_once(session, lapse)
    return stored


def every_combination() -> Iterator[Filters]:
    names = [field.name for field in fields(Filters)]
    for values in product(*(EXAMPLES[name] for name in names)):
        yield Filters(**dict(zip(names, values, strict=True)))


def matches(lapse: Lapse, filters: Filters) -> bool:
    wanted = {name: value for name, value in vars(filters).items() if name != "sort" and value is not None}
    if filters.is_acknowledged is False and lapse.state is State.CLOSED:
        return False
    return all(getattr(lapse, name) == value for name, value in wanted.items())


@pytest.mark.parametrize("scope", SCOPES, ids=str)
@pytest.mark.parametrize("filters", list(every_combination()), ids=str)
def test_the_total_is_the_number_of_rows_on_all_pages(
    database: Database, stored: list[Lapse], filters: Filters, scope: AccessScope
) -> None:
    expected = {lapse.id for lapse in stored if scope.covers(lapse) and matches(lapse, filters)}
    request: PageRequest | None = PageRequest(limit=16)
    found, totals = [], set()

    with database.begin(all_tenants("test")) as session:
        while request is not None:
            page = store.page(session, filters, request, scope=scope)
            found += [lapse.id for lapse in page.items]
            totals.add(page.total)
            request = page.next_request

    assert totals == {len(found)} == {len(expected)}
    assert set(found) == expected


@pytest.mark.parametrize("name", [field.name for field in fields(Filters) if field.name != "sort"])
def test_every_example_narrows_the_list(stored: list[Lapse], name: str) -> None:
    for value in EXAMPLES[name]:
        narrowed = [lapse for lapse in stored if matches(lapse, Filters(**{name: value}))]
        assert value is None or 0 < len(narrowed) < len(stored)


def test_a_filter_that_the_counter_table_does_not_cover_has_its_rows_counted(
    database: Database, addresses: Addresses, stored: list[Lapse]
) -> None:
    with Database.open(addresses.owner, pool_size=1).begin(all_tenants("test")) as session:
        session.execute(update(LapseCountRow).values(lapses=LapseCountRow.lapses + 7))

    with database.begin(all_tenants("test")) as session:
        kept = store.page(session, WiderFilters(), PageRequest(), scope=AccessScope()).total
        counted = store.page(session, WiderFilters(not_counted="x"), PageRequest(), scope=AccessScope()).total

    assert kept != len(stored) == counted
