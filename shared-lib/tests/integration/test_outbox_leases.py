"""Leases, marks and bad ends: what happens when an attempt does not come back (DESIGN section 3)."""

from datetime import timedelta
from typing import NoReturn

from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import OutcomeUnknown, Rejected, RetryLater
from shared_lib.outbox import Delivery, Dispatcher, FinalState, dead_letters, store

from ..outbox_world import Destination, MovableClock, a_relay, promise, rows


def killed_attempt(dispatcher: Dispatcher, *, marked: bool) -> None:
    """A relay claims the row, marks it or not, and is never heard of again."""
    (delivery,) = dispatcher.claim([dispatcher.executors["parcels"].claim_request(limit=1)], take_over=True)
    if marked:
        delivery.mark_in_flight()


def test_a_lease_that_ran_out_unmarked_was_not_delivered_and_is_taken_over(
    database: Database, destination: Destination, clock: MovableClock
) -> None:
    dead, alive = (a_relay(database, destination, clock) for _ in range(2))
    promise(dead, "a")
    killed_attempt(dead, marked=False)

    assert alive.run_once() == 0
    clock.now += timedelta(seconds=31)
    assert alive.run_once() == 1
    assert destination.taken == ["a"]


def test_after_a_reconnect_nobody_takes_over_a_lease(
    database: Database, destination: Destination, clock: MovableClock
) -> None:
    dead, alive = (a_relay(database, destination, clock) for _ in range(2))
    promise(dead, "a")
    killed_attempt(dead, marked=False)
    clock.now += timedelta(seconds=31)

    assert alive.run_once(take_over=False) == 0
    assert alive.run_once() == 1


def test_an_ambiguous_delivery_is_made_once_more_and_then_called_unknown(
    database: Database, destination: Destination, clock: MovableClock
) -> None:
    dispatcher = a_relay(database, destination, clock)
    promise(dispatcher, "a")
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
    promise(dispatcher, "a", inline=True)
    assert rows(dispatcher.database)[0].ambiguous_count == 1
    clock.now += timedelta(seconds=5)
    dispatcher.run_once()

    assert destination.given_up == [("a", FinalState.UNKNOWN, "cut_after_dot")]


def test_a_refusal_after_the_mark_is_certain_and_tried_again_as_often_as_needed(
    dispatcher: Dispatcher, destination: Destination, clock: MovableClock
) -> None:
    def refuse(delivery: Delivery) -> None:
        delivery.mark_in_flight()
        raise RetryLater("smtp_451")

    destination.before = refuse
    promise(dispatcher, "a", inline=True)
    for _ in range(5):
        clock.now = rows(dispatcher.database)[0].due_at
        dispatcher.run_once()

    assert destination.given_up == []
    assert rows(dispatcher.database)[0].ambiguous_count == 0


def test_whoever_lost_the_lease_does_not_deliver(
    database: Database, destination: Destination, clock: MovableClock
) -> None:
    frozen, quick = (a_relay(database, destination, clock) for _ in range(2))

    def freeze(delivery: Delivery) -> None:
        destination.before = lambda _: None
        clock.now += timedelta(seconds=31)
        quick.run_once()
        delivery.mark_in_flight()

    destination.before = freeze
    promise(frozen, "a")
    frozen.run_once()

    assert destination.taken == ["a"]
    assert [row.final_state for row in rows(database, "outbox_closed")] == ["done"]


def test_the_heartbeat_keeps_a_marked_lease_in_force(
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
    promise(dispatcher, "a", inline=True)

    assert destination.taken == ["a"]


def test_a_row_that_keeps_killing_its_worker_is_dead_after_four_starts(
    database: Database, destination: Destination, clock: MovableClock
) -> None:
    def crash(_: Delivery) -> None:
        raise ZeroDivisionError

    dispatcher = a_relay(database, destination, clock)
    destination.before = crash
    promise(dispatcher, "poison")
    promise(dispatcher, "good", tenant="bergen")
    for _ in range(5):
        dispatcher.run_once()
        destination.before = lambda d: crash(d) if d.payload["name"] == "poison" else None
        clock.now += timedelta(seconds=31)

    assert destination.taken == ["good"]
    assert destination.given_up == [("poison", FinalState.DEAD, "crashed_repeatedly")]


class Venom(Destination):
    """What it is given kills whoever delivers it, and whoever wants to say that it was not delivered."""

    def deliver(self, delivery: Delivery) -> NoReturn:
        raise ZeroDivisionError

    def give_up(self, *_: object) -> None:
        raise ZeroDivisionError


def test_the_heartbeat_keeps_a_long_attempt(dispatcher: Dispatcher, clock: MovableClock, database: Database) -> None:
    promise(dispatcher, "a")
    (delivery,) = dispatcher.claim([dispatcher.executors["parcels"].claim_request(limit=1)], take_over=True)
    dispatcher.leases.add(delivery.id)
    clock.now += timedelta(seconds=20)
    dispatcher.leases.extend()
    clock.now += timedelta(seconds=20)

    assert a_relay(database, Destination(), clock).run_once() == 0


def test_old_rows_are_forgotten_but_for_those_that_ended_badly(
    dispatcher: Dispatcher, destination: Destination, clock: MovableClock, database: Database
) -> None:
    def refuse(_: Delivery) -> None:
        raise Rejected("smtp_550")

    promise(dispatcher, "good", inline=True)
    destination.before = refuse
    promise(dispatcher, "bad", inline=True)
    with database.begin(all_tenants("test")) as session:
        early = store.purge_batch(session, before=clock.now)
        late = store.purge_batch(session, before=clock.now + timedelta(seconds=1))

    assert (early, late) == (0, 1)
    assert [row.payload["name"] for row in rows(database, "outbox_closed")] == ["bad"]


def test_a_bad_end_can_be_begun_anew_once(
    dispatcher: Dispatcher, destination: Destination, clock: MovableClock, database: Database
) -> None:
    def refuse(_: Delivery) -> None:
        raise Rejected("smtp_550")

    destination.before = refuse
    promise(dispatcher, "a", inline=True)
    (row,) = rows(database, "outbox_closed")
    destination.before = lambda _: None
    with database.begin(all_tenants("test")) as session:
        again = [dead_letters.replay(session, row.id, now=clock.now) for _ in range(2)]
    dispatcher.run_once()
    with database.begin(all_tenants("test")) as session:
        after = dead_letters.replay(session, row.id, now=clock.now)

    assert (again, after) == ([True, False], False)
    assert destination.taken == ["a"]


def test_a_worker_that_stood_still_after_its_mark_keeps_its_effect_back(
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
    promise(frozen, "a")
    frozen.run_once()

    assert destination.taken == ["a"]


def test_a_row_whose_end_cannot_be_told_is_dead_all_the_same(database: Database, clock: MovableClock) -> None:
    dispatcher = a_relay(database, Venom(), clock)
    promise(dispatcher, "poison")
    for _ in range(5):
        dispatcher.run_once()
        clock.now += timedelta(seconds=31)

    assert rows(database) == []
    assert [(row.final_state, row.last_reason) for row in rows(database, "outbox_closed")] == [
        ("dead", "crashed_repeatedly")
    ]
