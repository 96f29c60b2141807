"""The total of a list is the number of its rows, for every combination of filters."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from itertools import product
from uuid import uuid4

import pytest
from acknowledgement_service.domain.model import Filters, Lapse, Sort
from acknowledgement_service.domain.visitor import Scope
from acknowledgement_service.store import lapse_lists
from acknowledgement_service.store import lapses as store
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.pagination import PageRequest
from shared_lib.statements import ask
from shared_lib_testing.postgres import Addresses

from ..builders import OPENED, a_lapse

EXAMPLES: Mapping[str, tuple[object, ...]] = {
    "coordinator_id": (None, "maya"),
    "mentor_id": (None, "james"),
    "is_acknowledged": (None, True, False),
    "sort": tuple(Sort),
}
"""Values of each filter; a new field of `Filters` needs some, of which each narrows the lapses below."""
SCOPES = (
    Scope(),
    Scope(organisation_id="lhl"),
    Scope(organisation_id="lhl", coordinator_id="maya"),
    Scope(nothing=True),
)


@dataclass(frozen=True, kw_only=True)
class WiderFilters(Filters):
    """With a filter that the kept counts do not know."""

    not_counted: str | None = None


@pytest.fixture
def there(database: Database) -> list[Lapse]:
    """One of each kind, and a second one of some."""
    kinds = [*product(("lhl", "nhf"), ("maya", "ola"), ("james", "kari"), (None, OPENED))]
    there = [
        a_lapse(
            organisation_id=organisation,
            coordinator_id=coordinator,
            mentor_id=mentor,
            acknowledged_at=at,
            notification_id=uuid4(),
            created_at=OPENED - timedelta(seconds=number // 2),
        )
        for number, (organisation, coordinator, mentor, at) in enumerate([*kinds, *kinds[:5]])
    ]
    with database.begin(all_tenants("test")) as session:
        for lapse in there:
            store.add_once(session, lapse)
    return there


def every_combination() -> Iterator[Filters]:
    names = [field.name for field in fields(Filters)]
    for values in product(*(EXAMPLES[name] for name in names)):
        yield Filters(**dict(zip(names, values, strict=True)))  # type: ignore[arg-type]


def matches(lapse: Lapse, filters: Filters) -> bool:
    wanted = {name: value for name, value in vars(filters).items() if name != "sort" and value is not None}
    return all(getattr(lapse, name) == value for name, value in wanted.items())


@pytest.mark.parametrize("scope", SCOPES, ids=str)
@pytest.mark.parametrize("filters", list(every_combination()), ids=str)
def test_the_total_is_the_number_of_rows_on_all_pages(
    database: Database, there: list[Lapse], filters: Filters, scope: Scope
) -> None:
    expected = {lapse.id for lapse in there if scope.covers(lapse) and matches(lapse, filters)}
    request: PageRequest | None = PageRequest(limit=4)
    found, totals = [], set()

    with database.begin(all_tenants("test")) as session:
        while request is not None:
            page = lapse_lists.page(session, filters, request, scope=scope)
            found += [lapse.id for lapse in page.items]
            totals.add(page.total)
            request = page.next_request

    assert totals == {len(found)} == {len(expected)}
    assert set(found) == expected


@pytest.mark.parametrize("name", [field.name for field in fields(Filters) if field.name != "sort"])
def test_every_example_narrows_the_list(there: list[Lapse], name: str) -> None:
    for value in EXAMPLES[name]:
        narrowed = [lapse for lapse in there if matches(lapse, Filters(**{name: value}))]  # type: ignore[arg-type]
        assert value is None or 0 < len(narrowed) < len(there)


def test_a_filter_that_the_counts_do_not_know_has_its_rows_counted(
    database: Database, addresses: Addresses, there: list[Lapse]
) -> None:
    with Database.open(addresses.owner, pool_size=1).begin(all_tenants("test")) as session:
        ask(session, "UPDATE lapse_count SET lapses = lapses + 7")

    with database.begin(all_tenants("test")) as session:
        kept = lapse_lists.page(session, WiderFilters(), PageRequest(), scope=Scope()).total
        counted = lapse_lists.page(session, WiderFilters(not_counted="x"), PageRequest(), scope=Scope()).total

    assert kept != len(there) == counted
