"""With a million lapses every list reads a few hundred pages of 8 KB at most, for every principal and filter."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import psycopg
import pytest
from acknowledgement_service.domain.access import AccessScope
from acknowledgement_service.domain.model import Filters, Sort, State
from acknowledgement_service.store import lapses as store
from acknowledgement_service.usecases.lapses import tenant_scope_of
from shared_lib.database.engine import Database
from shared_lib.pagination import Cursor, PageRequest
from shared_lib_testing.postgres import PostgresServer, database_for
from shared_lib_testing.queries import Plan, driver_of, plan_of, recorded_queries
from sqlalchemy import text

from ..conftest import migrate_empty
from ..million_lapses import AMOUNT, BEGINNING, STEP, seed

pytestmark = pytest.mark.slow

MAX_PAGES = 600
"""Enough to count and sort the five hundred lapses of one mentor, each on a page of its own."""

EVERYTHING = AccessScope()
CALLERS = {
    "global admin": EVERYTHING,
    "org admin": AccessScope(organisation_id="big"),
    "org admin of a small organisation": AccessScope(organisation_id="small"),
    "org admin of an organisation with old lapses only": AccessScope(organisation_id="old"),
    "coordinator": AccessScope(organisation_id="big", coordinator_id="c0"),
    "coordinator with acknowledged lapses only": AccessScope(organisation_id="big", coordinator_id="c7"),
    "coordinator with old lapses only": AccessScope(organisation_id="old", coordinator_id="c195"),
}
FILTERS = (
    Filters(),
    Filters(coordinator_id="c0"),
    Filters(coordinator_id="c195"),
    Filters(mentor_id="m3"),
    Filters(mentor_id="m1950"),
    Filters(is_acknowledged=True),
    Filters(is_acknowledged=False),
    Filters(state=State.ACKNOWLEDGED),
    Filters(state=State.CLOSED),
    Filters(state=State.OPEN, coordinator_id="c7"),
    Filters(is_acknowledged=False, coordinator_id="c7"),
)
"""The last one is the most frequent: the open lapses of one coordinator."""


def page_requests() -> Iterator[PageRequest]:
    """The first page, and the pages before and after a cursor in the middle and among the oldest lapses."""
    yield PageRequest()
    for number in (AMOUNT // 2, AMOUNT // 200):
        cursor = Cursor(BEGINNING + number * STEP, UUID(int=0))
        yield from (PageRequest(page=3, after=cursor), PageRequest(page=3, before=cursor))


@dataclass(frozen=True, kw_only=True)
class Million:
    database: Database
    seconds: float

    def plans(self, scope: AccessScope, filters: Filters, request: PageRequest) -> Sequence[Plan]:
        """The plans of all statements of the list, in a transaction like that of the service."""
        with self.database.begin(tenant_scope_of(scope)) as session, recorded_queries() as statements:
            store.page(session, filters, request, scope=scope)
            assert session.scalar(text("SHOW plan_cache_mode")) == "force_custom_plan"
        with self.database.begin(tenant_scope_of(scope)) as session:
            driver = driver_of(session)
            return [
                plan_of(driver, statement, generic=False)
                for statement in statements
                if not statement.text.startswith(("SET", "SHOW"))
            ]


@pytest.fixture(scope="module")
def million(postgres_server: PostgresServer) -> Iterator[Million]:
    addresses = database_for(postgres_server, "acknowledgement_million", migrate_empty, prefix="acknowledgement")
    start = time.perf_counter()
    with psycopg.connect(addresses.owner) as connection:
        seed(connection)
    seconds = time.perf_counter() - start
    database = Database.open(addresses.app, pool_size=1)
    yield Million(database=database, seconds=seconds)
    database.close()
    with psycopg.connect(postgres_server.superuser_dsn, autocommit=True) as connection:
        connection.execute("DROP DATABASE acknowledgement_million WITH (FORCE)")


def test_a_million_lapses_are_seeded_in_less_than_a_minute(million: Million) -> None:
    """So that this file stays usable (measured on two cores: 18 s)."""
    assert million.seconds < 60
    with million.database.begin(tenant_scope_of(EVERYTHING)) as session:
        assert store.page(session, Filters(), PageRequest(), scope=EVERYTHING).total == AMOUNT


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("filters", FILTERS, ids=str)
@pytest.mark.parametrize("caller", CALLERS)
def test_no_list_scans_the_table_or_reads_many_pages(
    million: Million, caller: str, filters: Filters, sort: Sort
) -> None:
    """Every statement is planned for its values: a plan for any values reads other tenants' rows on the way."""
    for request in page_requests():
        for plan in million.plans(CALLERS[caller], replace(filters, sort=sort), request):
            assert not plan.scans("lapse"), str(plan)
            assert plan.buffers <= MAX_PAGES, str(plan)
