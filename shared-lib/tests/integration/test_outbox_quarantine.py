"""After a restore: what may have been sent since the back-up waits for somebody who knows."""

import pytest
from shared_lib.database.row_level_security import all_tenants
from shared_lib.outbox import Dispatcher, dead_letters, heartbeats
from shared_lib.outbox.metrics import OutboxCollector

from ..outbox_world import Destination, promise, rows


def held(dispatcher: Dispatcher) -> int:
    with dispatcher.database.begin(all_tenants("test")) as session:
        return len(dead_letters.quarantine(session, now=dispatcher.clock()))


def test_what_is_held_stays_and_what_is_promised_later_leaves(dispatcher: Dispatcher, destination: Destination) -> None:
    promise(dispatcher, "old", "older")
    assert held(dispatcher) == 2
    assert held(dispatcher) == 0

    promise(dispatcher, "new")

    assert dispatcher.run_once() == 1
    assert destination.taken == ["new"]
    metrics = OutboxCollector(dispatcher.database, dispatcher.clock).collect()
    samples = {(sample.name, sample.labels.get("final_state")): sample.value for m in metrics for sample in m.samples}
    assert samples["outbox_dead_letters", "quarantined"] == 2


def test_what_is_released_leaves_in_its_old_order(dispatcher: Dispatcher, destination: Destination) -> None:
    promise(dispatcher, "first", "second", "third", ordering_key="k")
    held(dispatcher)

    with dispatcher.database.begin(all_tenants("test")) as session:
        assert len(dead_letters.release(session, now=dispatcher.clock())) == 3

    while dispatcher.run_once():
        pass
    assert destination.taken == ["first", "second", "third"]
    assert rows(dispatcher.database) == []


def test_nothing_is_taken_from_under_a_relay_that_is_running(dispatcher: Dispatcher) -> None:
    promise(dispatcher, "parcel")
    with dispatcher.database.begin(all_tenants("test")) as session:
        heartbeats.record_heartbeat(session, dispatcher.leases.owner, now=dispatcher.clock())

    with pytest.raises(dead_letters.RelayIsRunning):
        held(dispatcher)
    assert len(rows(dispatcher.database)) == 1
