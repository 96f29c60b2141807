"""The agenda on a real database: what is due is done once, whatever ends, repeats or happens at the same time."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import psycopg
import pytest
from prometheus_client import REGISTRY
from shared_lib import agenda
from shared_lib.agenda import AgendaCollector, AgendaLoop, Subject, SubjectKind, store
from shared_lib.database.engine import Database, Turn
from shared_lib.database.row_level_security import all_tenants, tenant
from shared_lib_testing.postgres import Addresses, read_only_database
from sqlalchemy import text
from sqlalchemy.orm import Session

from ..outbox_world import MovableClock
from .test_worker import until

EVERY_TENANT = all_tenants("test")
HOUR = timedelta(hours=1)


class Parcels:
    """Each parcel is reminded of an hour after it was announced, and fetched an hour later."""

    def __init__(self, clock: MovableClock) -> None:
        self.since = clock()
        self.before: Callable[[Subject], None] = lambda _: None

    def look(self, session: Session, subject: Subject, at: datetime) -> datetime | None:
        self.before(subject)
        keys = [f"reminder/{subject.id}", f"fetched/{subject.id}"]
        decided = agenda.decisions(session, keys)
        for number, key in enumerate(keys, start=1):
            due_at = self.since + number * HOUR
            if key in decided:
                continue
            if due_at > at:
                return due_at
            agenda.record_decision(
                session, tenant=subject.tenant, key=key, subject=subject.name, kind="reminder", due_at=due_at, at=at
            )
        return None


@pytest.fixture
def parcels(clock: MovableClock) -> Parcels:
    return Parcels(clock)


@pytest.fixture
def loop(database: Database, parcels: Parcels, clock: MovableClock) -> AgendaLoop:
    return a_loop(database, parcels, clock)


def a_loop(database: Database, parcels: Parcels, clock: MovableClock) -> AgendaLoop:
    kind = SubjectKind(look=parcels.look, turn=lambda parcel: Turn(7, parcel))
    return AgendaLoop(database, {"parcel": kind}, clock=clock)


def announce(database: Database, *ids: str, of: str = "oslo") -> None:
    with database.begin(tenant(of)) as session:
        agenda.changed(session, [f"parcel:{id_}" for id_ in ids], tenant=of)


def decided(database: Database) -> list[str]:
    with database.begin(EVERY_TENANT) as session:
        return list(session.scalars(text("SELECT key FROM planned_act ORDER BY key")).all())


def test_each_act_happens_at_its_moment_and_the_loop_says_when_the_next_is(
    database: Database, loop: AgendaLoop, clock: MovableClock
) -> None:
    announce(database, "a")
    begin = clock()

    assert loop.poll() == begin + HOUR
    assert decided(database) == []
    clock.now += HOUR
    assert loop.poll() == begin + 2 * HOUR
    assert decided(database) == ["reminder/a"]
    clock.now += 5 * HOUR
    assert loop.poll() is None
    assert decided(database) == ["fetched/a", "reminder/a"]


def test_looking_again_and_a_clock_set_back_do_nothing_twice(
    database: Database, loop: AgendaLoop, clock: MovableClock
) -> None:
    announce(database, "a")
    clock.now += 3 * HOUR
    loop.poll()
    clock.now -= 2 * HOUR
    for _ in range(20):
        announce(database, "a")
        loop.poll()

    assert decided(database) == ["fetched/a", "reminder/a"]


def test_several_loops_share_the_work_and_do_each_act_once(
    database: Database, parcels: Parcels, clock: MovableClock
) -> None:
    announce(database, *(f"{number:03}" for number in range(120)))
    clock.now += 3 * HOUR
    loops = [a_loop(database, parcels, clock) for _ in range(4)]

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(AgendaLoop.poll, loops))

    assert len(decided(database)) == 240


def test_a_change_during_a_look_brings_another_look(
    database: Database, loop: AgendaLoop, parcels: Parcels, clock: MovableClock
) -> None:
    announce(database, "a")
    looks: list[str] = []

    def change_once(subject: Subject) -> None:
        looks.append(subject.id)
        if len(looks) == 1:
            announce(database, "a")

    parcels.before = change_once
    loop.poll()

    assert looks == ["a", "a"]


def test_a_subject_that_raises_is_tried_later_and_holds_up_no_other(
    database: Database, loop: AgendaLoop, parcels: Parcels, clock: MovableClock
) -> None:
    def refuse(subject: Subject) -> None:
        if subject.id == "bad":
            raise ZeroDivisionError

    parcels.before = refuse
    announce(database, "bad", "good")
    clock.now += 3 * HOUR
    delays = []
    for _ in range(6):
        look_at = loop.poll()
        assert look_at is not None
        delays.append(look_at - clock())
        clock.now = look_at

    assert decided(database) == ["fetched/good", "reminder/good"]
    assert delays == [*store.RETRY_DELAYS, store.RETRY_AT_LAST, store.RETRY_AT_LAST]
    with database.begin(EVERY_TENANT) as session:
        stuck = store.listed(session, limit=10, stuck=True)
    assert [(row.subject, row.last_error) for row in stuck] == [("parcel:bad", "ZeroDivisionError")]
    parcels.before = lambda _: None
    announce(database, "bad")
    loop.poll()
    assert "fetched/bad" in decided(database)


def test_a_kind_that_this_release_does_not_know_stays_on_the_agenda(database: Database, loop: AgendaLoop) -> None:
    with database.begin(tenant("oslo")) as session:
        agenda.changed(session, ["letter:1"], tenant="oslo")

    assert loop.poll() is not None
    with database.begin(EVERY_TENANT) as session:
        row = store.find(session, "letter:1")
        assert row is not None
        assert row.last_error == "KeyError"


def test_a_look_sees_its_tenant_only(
    database: Database, loop: AgendaLoop, parcels: Parcels, clock: MovableClock
) -> None:
    announce(database, "a", of="oslo")
    announce(database, "b", of="bergen")
    clock.now += 3 * HOUR
    loop.poll()

    with database.begin(tenant("oslo")) as session:
        assert list(session.scalars(text("SELECT key FROM planned_act ORDER BY key"))) == ["fetched/a", "reminder/a"]


def test_a_change_that_is_rolled_back_brings_no_look(database: Database, loop: AgendaLoop) -> None:
    with database.begin(tenant("oslo")) as session:
        agenda.changed(session, ["parcel:a"], tenant="oslo")
        session.rollback()

    assert loop.poll() is None


def performed() -> float:
    labels = {"kind": "reminder", "outcome": "done", "reason": ""}
    return REGISTRY.get_sample_value("planned_acts_total", labels) or 0.0


def test_a_performed_act_is_never_decided_again_but_one_left_out_may_be(
    database: Database, clock: MovableClock
) -> None:
    def decide(reason: str | None) -> bool:
        with database.begin(tenant("oslo")) as session:
            return agenda.record_decision(
                session,
                tenant="oslo",
                key="k",
                subject="parcel:a",
                kind="reminder",
                due_at=clock(),
                at=clock(),
                reason=reason,
            )

    before = performed()

    assert [decide("held"), decide("held"), decide(None), decide("late"), decide(None)] == [
        True,
        True,
        True,
        False,
        False,
    ]
    with database.begin(tenant("oslo")) as session:
        assert agenda.decisions(session, ["k"]) == {"k": None}
    assert performed() == before + 1


def test_a_running_loop_is_woken_by_a_change_and_stops_when_asked(
    database: Database, loop: AgendaLoop, parcels: Parcels
) -> None:
    looked = threading.Event()
    parcels.before = lambda _: looked.set()
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        announce(database, "a")
        assert looked.wait(10)
        assert loop.is_polling()
    finally:
        loop.stop()
        thread.join(10)
    assert not thread.is_alive()


def test_a_loop_outlives_a_table_that_is_not_there_and_a_read_only_database(
    outbox_addresses: Addresses,
    database: Database,
    parcels: Parcels,
    clock: MovableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It also counts as alive meanwhile: a relay that is restarted again and again helps nobody."""
    monkeypatch.setattr("shared_lib.agenda.loop.PERIOD_SECONDS", 1.0)
    looked = threading.Event()
    parcels.before = lambda _: looked.set()
    with psycopg.connect(outbox_addresses.owner, autocommit=True) as owner:
        owner.execute("ALTER TABLE agenda RENAME TO elsewhere")
        with read_only_database(outbox_addresses.owner):
            own = Database.open(outbox_addresses.app)
            loop = a_loop(own, parcels, clock)
            thread = threading.Thread(target=loop.run)
            thread.start()
            threading.Event().wait(2.5)
            until(loop.is_polling)
        owner.execute("ALTER TABLE elsewhere RENAME TO agenda")
    try:
        assert thread.is_alive()
        announce(database, "a")
        assert looked.wait(10)
    finally:
        loop.stop()
        thread.join(10)
        own.close()


def test_an_idle_poll_reads_no_row(database: Database, loop: AgendaLoop, clock: MovableClock) -> None:
    with database.begin(EVERY_TENANT) as session:
        session.execute(
            text(
                "INSERT INTO agenda (subject, tenant, look_at) "
                "SELECT 'parcel:' || n, 'oslo', CAST(:at AS timestamptz) + n * interval '1 minute' "
                "FROM generate_series(1, 20000) n"
            ),
            {"at": clock()},
        )

    assert loop.poll() == clock() + timedelta(minutes=1)
    with database.begin(EVERY_TENANT) as session:
        plan = "\n".join(
            session.scalars(text("EXPLAIN SELECT min(look_at), EXISTS (SELECT 1 FROM agenda_change) FROM agenda"))
        )
    assert "Seq Scan on agenda " not in plan, plan


def test_the_metrics_say_what_is_due_and_how_late(database: Database, loop: AgendaLoop, clock: MovableClock) -> None:
    with database.begin(EVERY_TENANT) as session:
        session.execute(
            text(
                "INSERT INTO agenda VALUES ('parcel:a', 'oslo', :late, 4, 'KeyError'), "
                "('parcel:b', 'oslo', :later, 0, NULL)"
            ),
            {"late": clock() - HOUR, "later": clock() + HOUR},
        )

    found = {metric.name: metric.samples[0].value for metric in AgendaCollector(database, clock).collect()}

    assert found == {"agenda_due": 1, "agenda_oldest_overdue_seconds": 3600, "agenda_stuck": 1}


def test_old_decisions_are_deleted(database: Database, loop: AgendaLoop, clock: MovableClock) -> None:
    announce(database, "a")
    clock.now += 3 * HOUR
    loop.poll()
    with database.begin(EVERY_TENANT) as session:
        assert store.purge_batch(session, before=clock() - HOUR, limit=10) == 0
        assert store.purge_batch(session, before=clock() + HOUR, limit=10) == 2
    assert decided(database) == []
