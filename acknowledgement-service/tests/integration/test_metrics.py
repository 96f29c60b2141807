"""The metrics of lapses."""

from datetime import timedelta

from acknowledgement_service.api import metrics
from acknowledgement_service.usecases.lapses import Lapses
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY

from ..builders import an_opening
from ..conftest import MovableClock

BASE = "/api/v1/lapse-acknowledgements"


def acknowledged_within(le: str) -> float:
    return REGISTRY.get_sample_value("lapse_acknowledgement_seconds_bucket", {"le": le}) or 0.0


def test_open_lapses_are_counted_by_age(client: FlaskClient, app: Flask, clock: MovableClock, lapses: Lapses) -> None:
    for days in (8, 4, 0):
        clock.now -= timedelta(days=days)
        lapse = lapses.open(an_opening(), by="notification-service").lapse
        clock.now += timedelta(days=days)

    text = client.get("/metrics").text
    assert 'lapses_open{at_least="0d"} 3.0' in text
    assert 'lapses_open{at_least="3d"} 2.0' in text
    assert 'lapses_open{at_least="7d"} 1.0' in text

    body = {"notification_id": str(lapse.notification_id), "coordinator_id": lapse.coordinator_id}
    assert client.post(BASE, json=body).status_code == 201
    assert 'lapses_open{at_least="0d"} 2.0' in client.get("/metrics").text


def test_the_time_until_the_first_acknowledgement_is_measured(
    client: FlaskClient, clock: MovableClock, lapses: Lapses
) -> None:
    before = acknowledged_within(str(metrics.DAY)), acknowledged_within(str(2 * metrics.DAY))
    lapse = lapses.open(an_opening(), by="notification-service").lapse
    clock.now += timedelta(hours=30)

    body = {"notification_id": str(lapse.notification_id), "coordinator_id": lapse.coordinator_id}
    assert [client.post(BASE, json=body).status_code for _ in range(2)] == [201, 200]

    after = acknowledged_within(str(metrics.DAY)), acknowledged_within(str(2 * metrics.DAY))
    assert (after[0] - before[0], after[1] - before[1]) == (0, 1)
