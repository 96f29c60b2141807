"""What the outbox promises (DESIGN section 3), on a real database."""

import threading
from datetime import timedelta

import pytest
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Rejected, Unreachable
from shared_lib.outbox import Delivery, Dispatcher, FinalState, OutboxMessage, Reschedule

from ..outbox_world import Destination, MovableClock, a_relay, promise, rows


def test_what_is_promised_is_delivered_at_once_and_leaves_the_hot_table(
    dispatcher: Dispatcher, destination: Destination, database: Database
) -> None:
    promise(dispatcher, "a", inline=True)

    assert destination.taken == ["a"]
    assert rows(database) == []
    assert [row.final_state for row in rows(database, "outbox_closed")] == ["done"]


def test_a_promise_of_a_transaction_that_fails_was_never_made(dispatcher: Dispatcher, database: Database) -> None:
    def promise_and_fail() -> None:
        with database.begin(all_tenants("test")) as session:
            dispatcher.enqueue(session, OutboxMessage(kind="parcel", payload={"name": "a"}, tenant="oslo"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        promise_and_fail()

    assert rows(database) == []
    assert dispatcher.run_once() == 0


def test_an_unreachable_destination_is_tried_again_at_growing_distances(
    dispatcher: Dispatcher, destination: Destination, clock: MovableClock, database: Database
) -> None:
    def refuse(_: Delivery) -> None:
        raise Unreachable("down")

    destination.before = refuse
    promise(dispatcher, "a", inline=True)
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
    promise(dispatcher, "a", inline=True)

    assert (rows(dispatcher.database)[0].due_at - clock.now).total_seconds() == 60


def test_what_is_refused_for_good_is_given_up_once(
    dispatcher: Dispatcher, destination: Destination, database: Database
) -> None:
    def refuse(_: Delivery) -> None:
        raise Rejected("smtp_550")

    destination.before = refuse
    promise(dispatcher, "a", inline=True)

    assert destination.given_up == [("a", FinalState.REJECTED, "smtp_550")]
    assert rows(database, "outbox_closed")[0].last_reason == "smtp_550"
    assert dispatcher.run_once() == 0


def test_past_its_time_it_is_given_up_without_an_attempt(
    dispatcher: Dispatcher, destination: Destination, clock: MovableClock
) -> None:
    promise(dispatcher, "a", expires_at=clock.now + timedelta(hours=24))
    clock.now += timedelta(hours=24)

    assert dispatcher.run_once() == 1
    assert destination.taken == []
    assert destination.given_up == [("a", FinalState.EXPIRED, "too_old")]


def test_rows_of_one_key_leave_in_order_and_do_not_hold_up_others(
    dispatcher: Dispatcher, destination: Destination, clock: MovableClock
) -> None:
    def refuse_first(delivery: Delivery) -> None:
        if delivery.payload["name"] == "first":
            raise Unreachable("down")

    destination.before = refuse_first
    promise(dispatcher, "first", inline=True, ordering_key="kari")
    promise(dispatcher, "second", inline=True, ordering_key="kari")
    promise(dispatcher, "other", inline=True, ordering_key="ola")
    dispatcher.run_once()
    assert destination.taken == ["other"]

    destination.before = lambda _: None
    clock.now += timedelta(seconds=5)
    while dispatcher.run_once():
        pass
    assert destination.taken == ["other", "first", "second"]


def test_promises_of_one_key_made_together_are_begun_one_after_the_other(
    dispatcher: Dispatcher, destination: Destination
) -> None:
    begun: list[str] = []
    destination.before = lambda delivery: begun.append(delivery.payload["name"])
    promise(dispatcher, "first", "second", inline=True, ordering_key="kari")
    assert begun == ["first"]

    dispatcher.run_once()
    assert begun == ["first", "second"]


def test_a_later_look_no_longer_holds_up_its_key(
    dispatcher: Dispatcher, destination: Destination, clock: MovableClock
) -> None:
    destination.answer = Reschedule(after=timedelta(seconds=30))
    promise(dispatcher, "first", inline=True, ordering_key="kari")
    promise(dispatcher, "second", inline=True, ordering_key="kari")

    assert destination.taken == ["first", "second"]
    assert [row.ordering_key for row in rows(dispatcher.database)] == [None, None]


def test_two_relays_never_have_the_same_row(database: Database, clock: MovableClock) -> None:
    destination = Destination()
    relays = [a_relay(database, destination, clock, room=50) for _ in range(4)]
    promise(relays[0], *(f"p{number}" for number in range(40)))

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
    dispatcher = a_relay(database, destination, clock, room=8)
    promise(dispatcher, *(f"p{number}" for number in range(200)), tenant="large")
    promise(dispatcher, "lone", tenant="small")

    claimed = dispatcher.claim([dispatcher.executors["parcels"].claim_request(limit=8)], take_over=True)

    assert "lone" in [delivery.payload["name"] for delivery in claimed]
    assert len(claimed) == 8


def test_when_the_destination_is_back_all_who_wait_for_it_go_at_once(
    dispatcher: Dispatcher, destination: Destination, clock: MovableClock
) -> None:
    def refuse(_: Delivery) -> None:
        raise Unreachable("down")

    destination.before = refuse
    promise(dispatcher, "a", "b", "c", inline=True)
    clock.now += timedelta(seconds=5)
    dispatcher.run_once()
    assert dispatcher.executors["parcels"].breaker.is_open

    destination.before = lambda _: None
    dispatcher.retry_waiting(dispatcher.executors["parcels"], limit=1)
    assert dispatcher.run_once() == 1
    assert dispatcher.run_once() == 2
    assert sorted(destination.taken) == ["a", "b", "c"]


def test_one_bad_row_among_good_ones_keeps_to_its_delays(dispatcher: Dispatcher, destination: Destination) -> None:
    def refuse_bad(delivery: Delivery) -> None:
        if delivery.payload["name"] == "bad":
            raise Unreachable("http_500")

    destination.before = refuse_bad
    promise(dispatcher, "bad", inline=True)
    due_at = rows(dispatcher.database)[0].due_at
    promise(dispatcher, "good", inline=True)

    assert rows(dispatcher.database)[0].due_at == due_at


def test_behind_an_open_breaker_a_promise_waits_for_the_relay(dispatcher: Dispatcher, destination: Destination) -> None:
    def refuse(_: Delivery) -> None:
        raise Unreachable("down")

    destination.before = refuse
    promise(dispatcher, "a", "b", "c", inline=True)
    promise(dispatcher, "d", inline=True)

    assert [(row.payload["name"], row.attempts) for row in rows(dispatcher.database)][-1] == ("d", 0)


def test_what_finds_no_free_thread_is_given_back(database: Database, clock: MovableClock) -> None:
    gate = threading.Event()
    slow = Destination(before=lambda _: gate.wait(10) and None)
    dispatcher = a_relay(database, slow, clock, room=1)
    with database.begin(all_tenants("test")) as session:
        promises = [OutboxMessage(kind="parcel", payload={"name": name}, tenant="oslo") for name in "ab"]
        enqueued = dispatcher.enqueue(session, *promises)
    dispatcher.deliver_now(enqueued, wait_seconds=0)

    waiting = [row for row in rows(database) if row.leased_by is None]
    gate.set()
    dispatcher.close()
    assert [(row.payload["name"], row.attempts) for row in waiting] == [("b", 0)]
    assert slow.taken == ["a"]


def test_cancelled_rows_are_not_delivered(dispatcher: Dispatcher, destination: Destination, database: Database) -> None:
    promise(dispatcher, "a")
    with database.begin(all_tenants("test")) as session:
        assert dispatcher.cancel(session, [rows(database)[0].id]) == 1

    assert dispatcher.run_once() == 0
    assert destination.taken == []
