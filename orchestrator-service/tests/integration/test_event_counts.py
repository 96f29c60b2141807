"""The kept counts of events are the rows, whatever happens at the same time; and a command that looks and mends."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from orchestrator_service.__main__ import main
from orchestrator_service.domain.pause_events import Correction, EventFilter
from orchestrator_service.store.event_lists import OF_COORDINATORS, OF_MENTORS
from orchestrator_service.usecases.pause_events import PauseEvents
from shared_lib.database.counter_tables import run_check
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.pagination import PageRequest
from shared_lib_testing.postgres import Addresses
from sqlalchemy import text

from ..builders import EFFECTIVE, GLOBAL_ADMIN, NHF_ADMIN, a_draft

pytestmark = pytest.mark.usefixtures("directory")


def test_they_stay_right_while_many_write(pause_events: PauseEvents, addresses: Addresses) -> None:
    def bustle(number: int) -> None:
        for mentor_id in ("pm_551e8400", "pm_662f9511", "pm_alone"):
            draft = a_draft(peer_mentor_id=mentor_id, effective_date=EFFECTIVE + timedelta(hours=number % 7))
            event = pause_events.record(draft, principal=NHF_ADMIN, key=None, wait_seconds=0).event
            if number >= 7:
                continue  # duplicates of the first seven: nothing new, nothing to count
            if number % 3 == 0:
                pause_events.remove(event.id, principal=GLOBAL_ADMIN, versions=None)
            else:
                later = Correction.of({"effective_date": event.effective_date + timedelta(days=30 + number)})
                pause_events.correct(event.id, later, principal=NHF_ADMIN, versions=None)

    with ThreadPoolExecutor(7) as threads:
        list(threads.map(bustle, range(14)))

    owner = Database.open(addresses.owner, pool_size=1)
    for tally in (OF_COORDINATORS, OF_MENTORS):
        assert run_check(owner, tally, repair=False) == (0, "All counts are right.")
    page = pause_events.page(EventFilter(), PageRequest(limit=100), principal=GLOBAL_ADMIN)
    assert page.total == len(page.items) > 0


@pytest.mark.parametrize("table", [OF_COORDINATORS.table, OF_MENTORS.table])
def test_the_command_finds_a_wrong_count_and_mends_it(
    pause_events: PauseEvents,
    addresses: Addresses,
    environ: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    table: str,
) -> None:
    pause_events.record(a_draft(), principal=NHF_ADMIN, key=None, wait_seconds=0)
    with Database.open(addresses.owner, pool_size=1).begin(all_tenants("test")) as session:
        session.execute(text(f"UPDATE {table} SET events = events + 7"))  # noqa: S608 - one of the two tables above
    owner = {**environ, "DATABASE_OWNER_URL": addresses.owner}

    assert main(["counts", "verify"], owner) == 1
    assert main(["counts", "repair"], owner) == 0
    assert main(["counts", "verify"], owner) == 0
    assert "1 counts are wrong" in capsys.readouterr().out
