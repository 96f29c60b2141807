"""After a restore from a backup all messages are dead letters until they are released."""

import pytest
from shared_lib.database.row_level_security import all_tenants
from shared_lib.outbox import Dispatcher, dead_letters, store
from shared_lib.outbox.metrics import OutboxCollector

from ..outbox_world import Destination, enqueue, rows


def quarantine(dispatcher: Dispatcher) -> int:
    with dispatcher.database.begin(all_tenants("test")) as session:
        return len(dead_letters.quarantine(session, now=dispatcher.clock()))


def test_messages_in_quarantine_stay_and_later_ones_are_delivered(
    dispatcher: Dispatcher, destination: Destination
) -> None:
    enqueue(dispatcher, "old", "older")
    assert quarantine(dispatcher) == 2
    assert quarantine(dispatcher) == 0

    enqueue(dispatcher, "new")

    assert dispatcher.run_once() == 1
    assert destination.taken == ["new"]
    metrics = OutboxCollector(dispatcher.database, dispatcher.clock).collect()
    samples = {(sample.name, sample.labels.get("final_state")): sample.value for m in metrics for sample in m.samples}
    assert samples["outbox_dead_letters", "quarantined"] == 2


def test_released_messages_are_delivered_in_their_old_order(dispatcher: Dispatcher, destination: Destination) -> None:
    enqueue(dispatcher, "first", "second", "third", ordering_key="k")
    quarantine(dispatcher)

    with dispatcher.database.begin(all_tenants("test")) as session:
        assert len(dead_letters.release(session, now=dispatcher.clock())) == 3

    while dispatcher.run_once():
        pass
    assert destination.taken == ["first", "second", "third"]
    assert rows(dispatcher.database) == []


def test_quarantine_is_refused_while_a_relay_is_running(dispatcher: Dispatcher) -> None:
    enqueue(dispatcher, "parcel")
    with dispatcher.database.begin(all_tenants("test")) as session:
        store.record_heartbeat(session, dispatcher.leases.owner, now=dispatcher.clock())

    with pytest.raises(dead_letters.RelayIsRunning):
        quarantine(dispatcher)
    assert len(rows(dispatcher.database)) == 1
