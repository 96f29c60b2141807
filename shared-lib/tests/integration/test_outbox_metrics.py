"""The metrics of a relay process, and its HTTP server."""

import socket
from datetime import timedelta

import pytest
import requests
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Rejected, Unreachable
from shared_lib.observability import metrics
from shared_lib.outbox import Delivery, Dispatcher, OutboxMessage
from shared_lib.outbox.metrics import OutboxCollector

from ..outbox_world import Destination, enqueue, rows


def attempts(outcome: str) -> float:
    return REGISTRY.get_sample_value("outbox_attempts_total", {"kind": "parcel", "outcome": outcome}) or 0.0


def down(_: Delivery) -> None:
    raise Unreachable("down")


def refuse(_: Delivery) -> None:
    raise Rejected("no")


def test_a_probe_answers_503_when_it_no_longer_holds() -> None:
    turning = True
    with metrics.serving("127.0.0.1:0", {"/livez": lambda: turning, "/readyz": lambda: True}) as port:
        address = f"http://127.0.0.1:{port}"
        assert requests.get(f"{address}/livez", timeout=5).status_code == 200
        turning = False
        assert requests.get(f"{address}/livez", timeout=5).status_code == 503
        assert requests.get(f"{address}/readyz", timeout=5).status_code == 200
        assert requests.get(f"{address}/", timeout=5).status_code == 404
        text = requests.get(f"{address}/metrics", timeout=5).text
        names = {family.name for family in text_string_to_metric_families(text)}
        assert {"outbox_attempts", "outbox_circuit_breaker_open", "process_cpu_seconds"} <= names


def test_a_silent_connection_delays_no_other() -> None:
    with (
        metrics.serving("127.0.0.1:0", {"/livez": lambda: True}) as port,
        socket.create_connection(("127.0.0.1", port)),
    ):
        assert requests.get(f"http://127.0.0.1:{port}/livez", timeout=5).status_code == 200


def test_every_attempt_is_counted_by_its_outcome(dispatcher: Dispatcher, destination: Destination) -> None:
    before = {outcome: attempts(outcome) for outcome in ("done", "postponed", "rejected")}

    enqueue(dispatcher, "a", inline=True)
    destination.before = down
    enqueue(dispatcher, "b", inline=True)
    destination.before = refuse
    enqueue(dispatcher, "c", inline=True)

    assert {outcome: attempts(outcome) - before[outcome] for outcome in before} == {
        "done": 1,
        "postponed": 1,
        "rejected": 1,
    }


def test_an_open_circuit_breaker_is_shown_until_the_destination_answers(
    dispatcher: Dispatcher, destination: Destination
) -> None:
    destination.before = down
    for name in "abc":
        enqueue(dispatcher, name, inline=True)
    assert REGISTRY.get_sample_value("outbox_circuit_breaker_open", {"executor": "parcels"}) == 1

    destination.before = lambda _: None
    dispatcher.clock.now = max(row.due_at for row in rows(dispatcher.database))
    dispatcher.run_once()
    assert REGISTRY.get_sample_value("outbox_circuit_breaker_open", {"executor": "parcels"}) == 0


@pytest.mark.parametrize(("is_tried", "age"), [(True, 5400), (False, 600)])
def test_the_age_of_a_message_for_later_counts_from_then_until_it_is_tried(
    dispatcher: Dispatcher, destination: Destination, is_tried: bool, age: int
) -> None:
    begun = dispatcher.clock()
    destination.before = down
    if is_tried:
        enqueue(dispatcher, "tried", inline=True)
    with dispatcher.database.begin(all_tenants("test")) as session:
        message = OutboxMessage(kind="parcel", payload={}, tenant="t", due_at=begun + timedelta(seconds=4800))
        dispatcher.enqueue(session, message)

    def oldest(at: int) -> float:
        dispatcher.clock.now = begun + timedelta(seconds=at)
        metrics = list(OutboxCollector(dispatcher.database, dispatcher.clock).collect())
        samples = [sample for metric in metrics for sample in metric.samples]
        return max(sample.value for sample in samples if sample.name == "outbox_oldest_age_seconds")

    assert oldest(3600) == (3600 if is_tried else 0)
    assert oldest(5400) == age


def test_messages_are_shown_by_state(dispatcher: Dispatcher, destination: Destination) -> None:
    destination.before = down
    enqueue(dispatcher, "waiting", inline=True)
    enqueue(dispatcher, "due")

    collected = OutboxCollector(dispatcher.database, dispatcher.clock).collect()
    depth = {
        (sample.name, sample.labels.get("state")): sample.value for metric in collected for sample in metric.samples
    }
    assert depth["outbox_messages", "waiting"] == 1
    assert depth["outbox_messages", "due"] == 1
    assert depth["outbox_workers", None] == 0
