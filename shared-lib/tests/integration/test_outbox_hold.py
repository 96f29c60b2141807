"""After a restore: what may have been sent since the back-up waits for somebody who knows."""

import pytest
from shared_lib.outbox import Relay, hold, presence
from shared_lib.outbox.metrics import OutboxCollector
from shared_lib.tenancy import across

from ..outbox_world import Destination, promise, rows


def held(relay: Relay) -> int:
    with relay.database.begin(across("test")) as session:
        return len(hold.hold(session, now=relay.clock()))


def test_what_is_held_stays_and_what_is_promised_later_leaves(relay: Relay, destination: Destination) -> None:
    promise(relay, "old", "older")
    assert held(relay) == 2
    assert held(relay) == 0

    promise(relay, "new")

    assert relay.run_once() == 1
    assert destination.taken == ["new"]
    metrics = OutboxCollector(relay.database, relay.clock).collect()
    samples = {(sample.name, sample.labels.get("ending")): sample.value for m in metrics for sample in m.samples}
    assert samples["outbox_dead_letters", "held"] == 2


def test_what_is_released_leaves_in_its_old_order(relay: Relay, destination: Destination) -> None:
    promise(relay, "first", "second", "third", ordering_key="k")
    held(relay)

    with relay.database.begin(across("test")) as session:
        assert len(hold.release(session, now=relay.clock())) == 3

    while relay.run_once():
        pass
    assert destination.taken == ["first", "second", "third"]
    assert rows(relay.database) == []


def test_nothing_is_taken_from_under_a_relay_that_is_running(relay: Relay) -> None:
    promise(relay, "parcel")
    with relay.database.begin(across("test")) as session:
        presence.announce(session, relay.leases.owner, now=relay.clock())

    with pytest.raises(hold.StillRunning):
        held(relay)
    assert len(rows(relay.database)) == 1
