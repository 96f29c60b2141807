"""With a million events every list still reads a few hundred pages of 8 KB, for any caller and filter: by the plans."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from orchestrator_service.domain.access import EVERYTHING, AccessScope
from orchestrator_service.domain.pause_events import EventFilter, EventType
from orchestrator_service.store import event_lists
from orchestrator_service.store.people import tenant_scope_of
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.pagination import Cursor, PageRequest
from shared_lib.privacy.encryption import FieldCipher
from shared_lib_testing.postgres import PostgresServer, database_for
from shared_lib_testing.queries import Plan, driver_of, plan_of, recorded_queries

from ..conftest import migrate_empty
from ..million import AMOUNT, BEGINNING, STEP, seed

MAX_PAGES = 400
"""Twenty events and a look at the next, four pages away each, and how a coordinator's ten mentors lead to them."""

CALLERS = {
    "global admin": EVERYTHING,
    "org admin": AccessScope(organisation_id="big"),
    "org admin of long ago": AccessScope(organisation_id="old"),
    "coordinator": AccessScope(organisation_id="big", coordinator_id="c0"),
    "coordinator of long ago": AccessScope(organisation_id="old", coordinator_id="c195"),
}
FILTERS = (
    EventFilter(),
    EventFilter(event_type=EventType.PAUSE_ACTIVATED),
    EventFilter(event_type=EventType.CERTIFICATION_EXPIRING),
    EventFilter(peer_mentor_id="m3"),
    EventFilter(peer_mentor_id="m1950"),
    EventFilter(coordinator_id="c0"),
    EventFilter(coordinator_id="c195"),
    EventFilter(coordinator_id="former"),
)
MIDDLE = Cursor(BEGINNING + AMOUNT // 2 * STEP, f"pn_{AMOUNT // 2:012x}")
LONG_AGO = Cursor(BEGINNING + AMOUNT // 200 * STEP, f"pn_{AMOUNT // 200:012x}")
PLACES = (
    PageRequest(),
    PageRequest(page=3, after=MIDDLE),
    PageRequest(page=3, before=MIDDLE),
    PageRequest(page=3, after=LONG_AGO),
    PageRequest(page=3, before=LONG_AGO),
)


@dataclass(frozen=True, kw_only=True)
class Million:
    database: Database
    cipher: FieldCipher
    seconds: float

    def plans(self, scope: AccessScope, wanted: EventFilter, request: PageRequest, *, generic: bool) -> Sequence[Plan]:
        """Of all statements of such a list, in such a transaction."""
        with self.database.begin(tenant_scope_of(scope)) as session, recorded_queries() as statements:
            event_lists.page(session, self.cipher, scope, wanted, request, at=utc_now())
        with self.database.begin(tenant_scope_of(scope)) as session:
            driver = driver_of(session)
            return [plan_of(driver, statement, generic=generic) for statement in statements]


@pytest.fixture(scope="module")
def million(postgres_server: PostgresServer, reason_encryption_keys: Path) -> Iterator[Million]:
    addresses = database_for(postgres_server, "orchestrator_million", migrate_empty, prefix="orchestrator")
    start = time.perf_counter()
    with psycopg.connect(addresses.owner) as connection:
        seed(connection)
    seconds = time.perf_counter() - start
    database = Database.open(addresses.app, pool_size=1)
    yield Million(
        database=database,
        cipher=FieldCipher.from_file(str(reason_encryption_keys), setting="REASON_ENCRYPTION_KEYS"),
        seconds=seconds,
    )
    database.close()
    with psycopg.connect(postgres_server.superuser_dsn, autocommit=True) as connection:
        connection.execute("DROP DATABASE orchestrator_million WITH (FORCE)")


def test_they_are_there_in_less_than_a_minute(million: Million) -> None:
    """Or nobody would look at a million again (measured on two cores: 21 s)."""
    assert million.seconds < 60
    with million.database.begin(tenant_scope_of(EVERYTHING)) as session:
        assert (
            event_lists.page(session, million.cipher, EVERYTHING, EventFilter(), PageRequest(), at=utc_now()).total
            == AMOUNT
        )


@pytest.mark.parametrize("generic", [False, True], ids=["for these values", "for any values"])
@pytest.mark.parametrize("wanted", FILTERS, ids=str)
@pytest.mark.parametrize("caller", CALLERS)
def test_no_list_walks_the_table_or_reads_more_than_a_little(
    million: Million, caller: str, wanted: EventFilter, generic: bool
) -> None:
    for request in PLACES:
        for plan in million.plans(CALLERS[caller], wanted, request, generic=generic):
            assert not plan.scans("pause_event"), str(plan)
            assert not plan.scans("dispatch_result"), str(plan)
            assert plan.buffers <= MAX_PAGES, str(plan)


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
@pytest.mark.parametrize("caller", CALLERS)
def test_totals_have_been_counted_before(million: Million, caller: str, wanted: EventFilter) -> None:
    """To count a coordinator's five thousand took longer than all the rest (measured: 1.3 ms of 3.7)."""
    plans = million.plans(CALLERS[caller], wanted, PageRequest(), generic=False)
    totals = [(plan, node) for plan in plans for node in plan.nodes() if node.get("Subplan Name") == "CTE counted"]

    assert len(totals) == 1
    ((plan, total),) = totals
    assert not [node for node in plan.nodes(total) if node.get("Relation Name") == "pause_event"], str(plan)


_COUNT = """
SELECT count(*) FROM pause_event
WHERE (%(event_type)s::text IS NULL OR event_type = %(event_type)s)
    AND (%(peer_mentor_id)s::text IS NULL OR peer_mentor_id = %(peer_mentor_id)s)
    AND (%(coordinator_id)s::text IS NULL OR coordinator_id = %(coordinator_id)s)
    AND (%(own)s::text IS NULL OR peer_mentor_id IN (
        SELECT mentor_id FROM membership JOIN assignment USING (organisation_id, chapter_id)
        WHERE assignment.coordinator_id = %(own)s
    ))
"""


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
@pytest.mark.parametrize("caller", CALLERS)
def test_the_total_is_what_the_rows_say(million: Million, caller: str, wanted: EventFilter) -> None:
    """Counted row by row, within the same tenant scope."""
    scope = CALLERS[caller]
    with million.database.begin(tenant_scope_of(scope)) as session:
        total = event_lists.page(session, million.cipher, scope, wanted, PageRequest(), at=utc_now()).total
        counted = driver_of(session).execute(_COUNT, {**vars(wanted), "own": scope.coordinator_id}).fetchone()
    assert counted == (total,)
