"""Leases, marks and dead letters: what happens when an attempt does not come back."""

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import NoReturn
from uuid import UUID

import psycopg
import pytest
import structlog
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import NO_TENANT, all_tenants
from shared_lib.errors import OutcomeUnknown, Rejected, RetryLater
from shared_lib.outbox import Delivery, Dispatcher, FinalState, LeaseLost, dead_letters, store
from shared_lib.outbox.leases import Leases
from shared_lib_testing.postgres import Addresses
from sqlalchemy import text

from ..outbox_world import Destination, MovableClock, a_relay, enqueue, rows


def killed_attempt(dispatcher: Dispatcher, *, marked: bool) -> None:
    """A relay claims the message, marks it or not, and dies."""
    (delivery,) = dispatcher.claim([dispatcher.executors["parcels"].claim_request(limit=1)], take_over=True)
    if marked:
        delivery.mark_in_flight()


def test_an_expired_lease_without_a_mark_is_taken_over_and_delivered(
    database: Database, destination: Destination, clock: MovableClock
) -> None:
    dead, alive = (a_relay(database, destination, clock) for _ in range(2))
    enqueue(dead, "a")
    killed_attempt(dead, marked=False)

    assert alive.run_once() == 0
    clock.now += timedelta(seconds=31)
    assert alive.run_once() == 1
    assert destination.taken == ["a"]


def test_after_a_reconnect_no_relay_takes_over_a_lease(
    database: Database, destination: Destination, clock: MovableClock
) -> None:
    dead, alive = (a_relay(database, destination, clock) for _ in range(2))
    enqueue(dead, "a")
    killed_attempt(dead, marked=False)
    clock.now += timedelta(seconds=31)

    assert alive.run_once(take_over=False) == 0
    assert alive.run_once() == 1


def test_within_a_lease_length_of_the_start_of_the_database_no_relay_takes_over_a_lease(
    database: Database, destination: Destination, clock: MovableClock
) -> None:
    with database.begin(NO_TENANT) as session:
        started: datetime = session.scalar(text("SELECT pg_postmaster_start_time()"))
    dead, alive = (a_relay(database, destination, clock) for _ in range(2))
    clock.now = started - timedelta(seconds=10)
    enqueue(dead, "a")
    killed_attempt(dead, marked=False)

    clock.now = started + timedelta(seconds=29)
    assert alive.run_once() == 0
    clock.now = started + timedelta(seconds=31)
    assert alive.run_once() == 1


def test_a_relay_whose_lease_ran_out_neither_extends_nor_marks_it(
    database: Database, destination: Destination, clock: MovableClock
) -> None:
    frozen, quick = (a_relay(database, destination, clock) for _ in range(2))
    enqueue(frozen, "a")
    requests = [frozen.executors["parcels"].claim_request(limit=1)]
    (late,) = frozen.claim(requests, take_over=True)
    clock.now += timedelta(seconds=31)
    with pytest.raises(LeaseLost):
        late.mark_in_flight()
    assert len(quick.claim(requests, take_over=True)) == 1
    (before,) = rows(database)

    frozen.leases.add(late.id)
    clock.now += timedelta(seconds=1)
    frozen.leases.extend()
    with pytest.raises(LeaseLost):
        late.mark_in_flight()
    frozen.leases.remove(late.id)
    frozen.close()

    assert rows(database) == [before]


def test_an_outcome_is_committed_repeatedly_and_the_delivery_made_once(
    outbox_addresses: Addresses, destination: Destination, clock: MovableClock, database: Database
) -> None:
    impatient = Database.open(outbox_addresses.app, lock_timeout=0.2)
    with psycopg.connect(outbox_addresses.owner) as blocker:

        def lock_outcomes(_: Delivery) -> None:
            blocker.execute("LOCK TABLE outbox_closed IN ACCESS EXCLUSIVE MODE")
            threading.Timer(1.0, blocker.rollback).start()

        destination.before = lock_outcomes
        with structlog.testing.capture_logs() as logs:
            enqueue(a_relay(impatient, destination, clock), "a", inline=True)
    impatient.close()

    assert "outbox.outcome_not_committed" in [line["event"] for line in logs]
    assert destination.taken == ["a"]
    assert [row.final_state for row in rows(database, "outbox_closed")] == ["done"]


def test_all_threads_of_a_forked_process_have_one_owner_id_of_their_own(database: Database) -> None:
    stopping = threading.Event()
    parents = [Leases(database, clock=utc_now, seconds=30, stopping=stopping) for _ in range(200)]
    inherited = [leases.owner for leases in parents]
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.SimpleQueue[list[set[UUID]]] = context.SimpleQueue()

    def read_owners() -> None:
        with ThreadPoolExecutor(4) as threads:
            answers.put([set(threads.map(lambda _: leases.owner, range(4))) for leases in parents])  # noqa: B023

    child = context.Process(target=read_owners)
    child.start()
    owners = answers.get()
    child.join()

    assert [len(found) for found in owners] == [1] * len(parents)
    assert set.union(*owners).isdisjoint(inherited)


def test_an_ambiguous_delivery_is_made_once_more_and_is_then_unknown(
    database: Database, destination: Destination, clock: MovableClock
) -> None:
    dispatcher = a_relay(database, destination, clock)
    enqueue(dispatcher, "a")
    killed_attempt(dispatcher, marked=True)
    clock.now += timedelta(seconds=31)
    killed_attempt(dispatcher, marked=True)
    clock.now += timedelta(seconds=31)
    assert dispatcher.run_once() == 1

    assert destination.taken == []
    assert destination.given_up == [("a", FinalState.UNKNOWN, "outcome_unknown")]


def test_an_attempt_with_unknown_outcome_counts_as_ambiguous(
    dispatcher: Dispatcher, destination: Destination, clock: MovableClock
) -> None:
    def cut(delivery: Delivery) -> None:
        delivery.mark_in_flight()
        raise OutcomeUnknown("cut_after_dot")

    destination.before = cut
    enqueue(dispatcher, "a", inline=True)
    assert rows(dispatcher.database)[0].ambiguous_count == 1
    clock.now += timedelta(seconds=5)
    dispatcher.run_once()

    assert destination.given_up == [("a", FinalState.UNKNOWN, "cut_after_dot")]


def test_a_temporary_refusal_after_the_mark_is_retried_without_limit(
    dispatcher: Dispatcher, destination: Destination, clock: MovableClock
) -> None:
    def refuse(delivery: Delivery) -> None:
        delivery.mark_in_flight()
        raise RetryLater("smtp_451")

    destination.before = refuse
    enqueue(dispatcher, "a", inline=True)
    for _ in range(5):
        clock.now = rows(dispatcher.database)[0].due_at
        dispatcher.run_once()

    assert destination.given_up == []
    assert rows(dispatcher.database)[0].ambiguous_count == 0


def test_a_relay_that_lost_the_lease_does_not_deliver(
    database: Database, destination: Destination, clock: MovableClock
) -> None:
    frozen, quick = (a_relay(database, destination, clock) for _ in range(2))

    def freeze(delivery: Delivery) -> None:
        destination.before = lambda _: None
        clock.now += timedelta(seconds=31)
        quick.run_once()
        delivery.mark_in_flight()

    destination.before = freeze
    enqueue(frozen, "a")
    frozen.run_once()

    assert destination.taken == ["a"]
    assert [row.final_state for row in rows(database, "outbox_closed")] == ["done"]


def test_the_heartbeat_extends_the_lease_of_a_marked_message(
    database: Database, destination: Destination, clock: MovableClock
) -> None:
    dispatcher = a_relay(database, destination, clock)

    def take_long(delivery: Delivery) -> None:
        delivery.mark_in_flight()
        for _ in range(3):
            clock.now += timedelta(seconds=20)
            dispatcher.leases.extend()
        delivery.check_lease()

    destination.before = take_long
    enqueue(dispatcher, "a", inline=True)

    assert destination.taken == ["a"]


def test_a_message_that_crashed_four_attempts_is_dead(
    database: Database, destination: Destination, clock: MovableClock
) -> None:
    def crash(_: Delivery) -> None:
        raise ZeroDivisionError

    dispatcher = a_relay(database, destination, clock)
    destination.before = crash
    enqueue(dispatcher, "poison")
    enqueue(dispatcher, "good", tenant="bergen")
    for _ in range(5):
        dispatcher.run_once()
        destination.before = lambda d: crash(d) if d.payload["name"] == "poison" else None
        clock.now += timedelta(seconds=31)

    assert destination.taken == ["good"]
    assert destination.given_up == [("poison", FinalState.DEAD, "crashed_repeatedly")]


class CrashingDestination(Destination):
    """Crashes every attempt, and storing that the message was given up as well."""

    def deliver(self, delivery: Delivery) -> NoReturn:
        raise ZeroDivisionError

    def give_up(self, *_: object) -> None:
        raise ZeroDivisionError


def test_the_heartbeat_extends_the_lease_of_a_long_attempt(
    dispatcher: Dispatcher, clock: MovableClock, database: Database
) -> None:
    enqueue(dispatcher, "a")
    (delivery,) = dispatcher.claim([dispatcher.executors["parcels"].claim_request(limit=1)], take_over=True)
    dispatcher.leases.add(delivery.id)
    clock.now += timedelta(seconds=20)
    dispatcher.leases.extend()
    clock.now += timedelta(seconds=20)

    assert a_relay(database, Destination(), clock).run_once() == 0


def test_old_closed_messages_are_purged_except_dead_letters(
    dispatcher: Dispatcher, destination: Destination, clock: MovableClock, database: Database
) -> None:
    def refuse(_: Delivery) -> None:
        raise Rejected("smtp_550")

    enqueue(dispatcher, "good", inline=True)
    destination.before = refuse
    enqueue(dispatcher, "bad", inline=True)
    with database.begin(all_tenants("test")) as session:
        early = store.purge_batch(session, before=clock.now)
        late = store.purge_batch(session, before=clock.now + timedelta(seconds=1))

    assert (early, late) == (0, 1)
    assert [row.payload["name"] for row in rows(database, "outbox_closed")] == ["bad"]


def test_a_dead_letter_can_be_replayed_once(
    dispatcher: Dispatcher, destination: Destination, clock: MovableClock, database: Database
) -> None:
    def refuse(_: Delivery) -> None:
        raise Rejected("smtp_550")

    destination.before = refuse
    enqueue(dispatcher, "a", inline=True)
    (row,) = rows(database, "outbox_closed")
    destination.before = lambda _: None
    with database.begin(all_tenants("test")) as session:
        again = [len(dead_letters.replay(session, row.id, now=clock.now)) for _ in range(2)]
    dispatcher.run_once()
    with database.begin(all_tenants("test")) as session:
        after = len(dead_letters.replay(session, row.id, now=clock.now))

    assert (again, after) == ([1, 0], 0)
    assert destination.taken == ["a"]


def test_a_relay_that_was_frozen_after_its_mark_does_not_deliver(
    database: Database, destination: Destination, clock: MovableClock
) -> None:
    frozen, quick = (a_relay(database, destination, clock) for _ in range(2))

    def freeze(delivery: Delivery) -> None:
        destination.before = lambda _: None
        delivery.mark_in_flight()
        delivery.check_lease()
        clock.now += timedelta(seconds=31)
        quick.run_once()
        frozen.leases.extend()
        delivery.check_lease()

    destination.before = freeze
    enqueue(frozen, "a")
    frozen.run_once()

    assert destination.taken == ["a"]


def test_a_message_whose_failure_cannot_be_stored_is_dead_all_the_same(database: Database, clock: MovableClock) -> None:
    dispatcher = a_relay(database, CrashingDestination(), clock)
    enqueue(dispatcher, "poison")
    for _ in range(5):
        dispatcher.run_once()
        clock.now += timedelta(seconds=31)

    assert rows(database) == []
    assert [(row.final_state, row.last_reason) for row in rows(database, "outbox_closed")] == [
        ("dead", "crashed_repeatedly")
    ]
