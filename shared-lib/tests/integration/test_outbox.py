"""Retries, ordering, fairness and expiry of outbox messages, on a real database."""

import threading
from datetime import timedelta

import pytest
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Rejected, Unreachable
from shared_lib.outbox import Delivery, Dispatcher, FinalState, OutboxMessage, Reschedule, store
from shared_lib.outbox.store import ClaimRequest
from sqlalchemy import text

from ..outbox_world import Destination, MovableClock, a_relay, enqueue, rows


def test_a_message_is_delivered_at_once_and_closed(
    dispatcher: Dispatcher, destination: Destination, database: Database
) -> None:
    enqueue(dispatcher, "a", inline=True)

    assert destination.taken == ["a"]
    assert rows(database) == []
    assert [row.final_state for row in rows(database, "outbox_closed")] == ["done"]


def test_a_message_that_is_left_to_relays_is_leased_to_nobody(
    dispatcher: Dispatcher, destination: Destination, database: Database, clock: MovableClock
) -> None:
    with database.begin(all_tenants("test")) as session:
        dispatcher.leave_to_relays(session, OutboxMessage(kind="parcel", payload={"name": "a"}, tenant="oslo"))
    [row] = rows(database)

    assert (row.leased_by, row.attempts) == (None, 0)
    assert a_relay(database, destination, clock).run_once() == 1
    assert destination.taken == ["a"]


def test_a_message_of_a_failed_transaction_is_not_stored(dispatcher: Dispatcher, database: Database) -> None:
    def enqueue_and_fail() -> None:
        with database.begin(all_tenants("test")) as session:
            dispatcher.enqueue(session, OutboxMessage(kind="parcel", payload={"name": "a"}, tenant="oslo"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        enqueue_and_fail()

    assert rows(database) == []
    assert dispatcher.run_once() == 0


def test_an_unreachable_destination_is_retried_with_growing_delays(
    dispatcher: Dispatcher, destination: Destination, clock: MovableClock, database: Database
) -> None:
    def refuse(_: Delivery) -> None:
        raise Unreachable("down")

    destination.before = refuse
    enqueue(dispatcher, "a", inline=True)
    waits = []
    for _ in range(7):
        due_at = rows(database)[0].due_at
        waits.append((due_at - clock.now).total_seconds())
        clock.now = due_at
        assert dispatcher.run_once() == 1

    assert waits == [5, 15, 45, 120, 300, 600, 600]
    destination.before = lambda _: None
    clock.now = rows(database)[0].due_at
    dispatcher.run_once()
    assert destination.taken == ["a"]


def test_the_destination_may_ask_for_more_time(
    dispatcher: Dispatcher, destination: Destination, clock: MovableClock
) -> None:
    def busy(_: Delivery) -> None:
        raise Unreachable("http_503", retry_after=60)

    destination.before = busy
    enqueue(dispatcher, "a", inline=True)

    assert (rows(dispatcher.database)[0].due_at - clock.now).total_seconds() == 60


def test_a_rejected_message_is_given_up_once(
    dispatcher: Dispatcher, destination: Destination, database: Database
) -> None:
    def refuse(_: Delivery) -> None:
        raise Rejected("smtp_550")

    destination.before = refuse
    enqueue(dispatcher, "a", inline=True)

    assert destination.given_up == [("a", FinalState.REJECTED, "smtp_550")]
    assert rows(database, "outbox_closed")[0].last_reason == "smtp_550"
    assert dispatcher.run_once() == 0


def test_an_expired_message_is_given_up_without_an_attempt(
    dispatcher: Dispatcher, destination: Destination, clock: MovableClock
) -> None:
    enqueue(dispatcher, "a", expires_at=clock.now + timedelta(hours=24))
    clock.now += timedelta(hours=24)

    assert dispatcher.run_once() == 1
    assert destination.taken == []
    assert destination.given_up == [("a", FinalState.EXPIRED, "too_old")]


def test_messages_of_one_key_are_delivered_in_order_and_do_not_delay_other_keys(
    dispatcher: Dispatcher, destination: Destination, clock: MovableClock
) -> None:
    def refuse_first(delivery: Delivery) -> None:
        if delivery.payload["name"] == "first":
            raise Unreachable("down")

    destination.before = refuse_first
    enqueue(dispatcher, "first", inline=True, ordering_key="kari")
    enqueue(dispatcher, "second", inline=True, ordering_key="kari")
    enqueue(dispatcher, "other", inline=True, ordering_key="ola")
    dispatcher.run_once()
    assert destination.taken == ["other"]

    destination.before = lambda _: None
    clock.now += timedelta(seconds=5)
    while dispatcher.run_once():
        pass
    assert destination.taken == ["other", "first", "second"]


def test_messages_of_one_key_stored_together_are_attempted_one_after_the_other(
    dispatcher: Dispatcher, destination: Destination
) -> None:
    begun: list[str] = []
    destination.before = lambda delivery: begun.append(delivery.payload["name"])
    enqueue(dispatcher, "first", "second", inline=True, ordering_key="kari")
    assert begun == ["first"]

    dispatcher.run_once()
    assert begun == ["first", "second"]


def test_a_rescheduled_message_no_longer_delays_its_key(
    dispatcher: Dispatcher, destination: Destination, clock: MovableClock
) -> None:
    destination.answer = Reschedule(after=timedelta(seconds=30))
    enqueue(dispatcher, "first", inline=True, ordering_key="kari")
    enqueue(dispatcher, "second", inline=True, ordering_key="kari")

    assert destination.taken == ["first", "second"]
    assert [row.ordering_key for row in rows(dispatcher.database)] == [None, None]


def test_no_two_relays_claim_the_same_message(database: Database, clock: MovableClock) -> None:
    destination = Destination()
    relays = [a_relay(database, destination, clock, threads=50) for _ in range(4)]
    enqueue(relays[0], *(f"p{number}" for number in range(40)))

    threads = [threading.Thread(target=dispatcher.run_once) for dispatcher in relays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while relays[0].run_once():
        pass

    assert sorted(destination.taken) == sorted(f"p{number}" for number in range(40))


def test_a_backlog_of_one_tenant_does_not_delay_another(database: Database, clock: MovableClock) -> None:
    destination = Destination()
    dispatcher = a_relay(database, destination, clock, threads=8)
    enqueue(dispatcher, *(f"p{number}" for number in range(200)), tenant="large")
    enqueue(dispatcher, "lone", tenant="small")

    claimed = dispatcher.claim([dispatcher.executors["parcels"].claim_request(limit=8)], take_over=True)

    assert "lone" in [delivery.payload["name"] for delivery in claimed]
    assert len(claimed) == 8


def test_a_claim_reads_no_more_of_a_long_backlog_than_it_takes(dispatcher: Dispatcher, database: Database) -> None:
    enqueue(dispatcher, *(f"p{number}" for number in range(1000)))
    request = ClaimRequest(executor="parcels", kinds=["parcel"], limit=4)
    times = {"now": dispatcher.clock(), "until": dispatcher.leases.end()}
    with database.begin(all_tenants("test")) as session:
        claimed = store.claim(session, [request], owner=dispatcher.leases.owner, take_over=True, **times)
        read = session.scalar(text("SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'outbox'"))

    assert (len(claimed), read) == (4, 0)


def test_when_the_destination_is_back_all_messages_that_wait_for_it_are_due(
    dispatcher: Dispatcher, destination: Destination, clock: MovableClock
) -> None:
    def refuse(_: Delivery) -> None:
        raise Unreachable("down")

    destination.before = refuse
    enqueue(dispatcher, "a", "b", "c", inline=True)
    clock.now += timedelta(seconds=5)
    dispatcher.run_once()
    assert dispatcher.executors["parcels"].breaker.is_open

    destination.before = lambda _: None
    dispatcher.retry_waiting(dispatcher.executors["parcels"], limit=1)
    assert dispatcher.run_once() == 1
    assert dispatcher.run_once() == 2
    assert sorted(destination.taken) == ["a", "b", "c"]


def test_one_failing_message_among_others_keeps_its_delay(dispatcher: Dispatcher, destination: Destination) -> None:
    def refuse_bad(delivery: Delivery) -> None:
        if delivery.payload["name"] == "bad":
            raise Unreachable("http_500")

    destination.before = refuse_bad
    enqueue(dispatcher, "bad", inline=True)
    due_at = rows(dispatcher.database)[0].due_at
    enqueue(dispatcher, "good", inline=True)

    assert rows(dispatcher.database)[0].due_at == due_at


def test_behind_an_open_circuit_breaker_a_message_waits_for_the_relay(
    dispatcher: Dispatcher, destination: Destination
) -> None:
    def refuse(_: Delivery) -> None:
        raise Unreachable("down")

    destination.before = refuse
    enqueue(dispatcher, "a", "b", "c", inline=True)
    enqueue(dispatcher, "d", inline=True)

    assert [(row.payload["name"], row.attempts) for row in rows(dispatcher.database)][-1] == ("d", 0)


def test_a_message_without_a_free_thread_is_released(database: Database, clock: MovableClock) -> None:
    gate = threading.Event()
    slow = Destination(before=lambda _: gate.wait(10) and None)
    dispatcher = a_relay(database, slow, clock, threads=1)
    with database.begin(all_tenants("test")) as session:
        messages = [OutboxMessage(kind="parcel", payload={"name": name}, tenant="oslo") for name in "ab"]
        enqueued = dispatcher.enqueue(session, *messages)
    dispatcher.deliver_now(enqueued, wait_seconds=0)

    waiting = [row for row in rows(database) if row.leased_by is None]
    gate.set()
    dispatcher.close()
    assert [(row.payload["name"], row.attempts) for row in waiting] == [("b", 0)]
    assert slow.taken == ["a"]


def test_cancelled_messages_are_not_delivered(
    dispatcher: Dispatcher, destination: Destination, database: Database
) -> None:
    enqueue(dispatcher, "a")
    with database.begin(all_tenants("test")) as session:
        assert dispatcher.cancel(session, [rows(database)[0].id]) == 1

    assert dispatcher.run_once() == 0
    assert destination.taken == []
