"""With a million lapses every list still reads a few hundred pages of 8 KB, whoever asks for whatever: by the plans."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import psycopg
import pytest
from acknowledgement_service.domain.model import Filters, Sort
from acknowledgement_service.domain.visitor import Scope
from acknowledgement_service.store import lapse_lists
from acknowledgement_service.usecases.reach import tenant_scope_of
from shared_lib.database.engine import Database
from shared_lib.pagination import Cursor, PageRequest
from shared_lib_testing.postgres import PostgresServer, database_for
from shared_lib_testing.queries import Plan, driver_of, plan_of, recorded_queries
from sqlalchemy import text

from ..conftest import migrate_empty
from ..million import AMOUNT, BEGINNING, STEP, seed

MOST_PAGES = 600
"""The five hundred lapses of one mentor, each on a page of its own, are counted and sorted as they are."""

EVERYTHING = Scope()
CALLERS = {
    "global admin": EVERYTHING,
    "org admin": Scope(organisation_id="big"),
    "org admin of few": Scope(organisation_id="small"),
    "org admin of long ago": Scope(organisation_id="old"),
    "coordinator": Scope(organisation_id="big", coordinator_id="c0"),
    "coordinator who has seen all": Scope(organisation_id="big", coordinator_id="c7"),
    "coordinator of long ago": Scope(organisation_id="old", coordinator_id="c195"),
}
FILTERS = (
    Filters(),
    Filters(coordinator_id="c0"),
    Filters(coordinator_id="c195"),
    Filters(mentor_id="m3"),
    Filters(mentor_id="m1950"),
    Filters(is_acknowledged=True),
    Filters(is_acknowledged=False),
    Filters(is_acknowledged=False, coordinator_id="c7"),
)
"""The last is what the contract speaks of: what still waits for a coordinator."""


def places() -> Iterator[PageRequest]:
    """The first page, and those before and after the middle and a place of long ago."""
    yield PageRequest()
    for number in (AMOUNT // 2, AMOUNT // 200):
        mark = Cursor(BEGINNING + number * STEP, UUID(int=0))
        yield from (PageRequest(page=3, after=mark), PageRequest(page=3, before=mark))


@dataclass(frozen=True, kw_only=True)
class Million:
    database: Database
    seconds: float

    def plans(self, scope: Scope, filters: Filters, request: PageRequest) -> Sequence[Plan]:
        """Of all statements of such a list, in such a transaction."""
        with self.database.begin(tenant_scope_of(scope)) as session, recorded_queries() as statements:
            lapse_lists.page(session, filters, request, scope=scope)
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


def test_they_are_there_in_less_than_a_minute(million: Million) -> None:
    """Or nobody would look at a million again (measured on two cores: 18 s)."""
    assert million.seconds < 60
    with million.database.begin(tenant_scope_of(EVERYTHING)) as session:
        assert lapse_lists.page(session, Filters(), PageRequest(), scope=EVERYTHING).total == AMOUNT


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("filters", FILTERS, ids=str)
@pytest.mark.parametrize("caller", CALLERS)
def test_no_list_walks_the_table_or_reads_more_than_a_little(
    million: Million, caller: str, filters: Filters, sort: Sort
) -> None:
    """Planned for the values every time: a plan for whatever values walks over others' rows to a small tenant's."""
    for request in places():
        for plan in million.plans(CALLERS[caller], replace(filters, sort=sort), request):
            assert not plan.scans("lapse"), str(plan)
            assert plan.buffers <= MOST_PAGES, str(plan)
