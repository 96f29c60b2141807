"""Callers without a token: how many notices they may cause, what the audit log says of them, what a start says."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from notification_service.app.relay import Ports
from notification_service.app.web import create_app
from notification_service.config import Config
from notification_service.usecases.person_data import Contacts
from shared_lib.web.app import close_app
from shared_lib_testing.issuer import Issuer
from werkzeug.test import TestResponse

from ..builders import a_contact
from ..fakes import MovableClock

pytestmark = pytest.mark.usefixtures("people")

BASE = "/api/v1/pause-notifications"
MENTOR = "mentor-042"
Headers = dict[str, str]


@pytest.fixture
def start(config: Config, ports: Ports, clock: MovableClock) -> Iterator[Callable[..., Flask]]:
    apps: list[Flask] = []

    def make(**changes: Any) -> Flask:
        apps.append(create_app(replace(config, **changes), ports=ports, clock=clock))
        return apps[-1]

    yield make
    for app in apps:
        close_app(app)


def remind(client: FlaskClient, days: int, mentor: str = MENTOR, **options: Any) -> TestResponse:
    """Each number of days is a notice of its own."""
    headers = {"Prefer": "respond-async", **options.pop("headers", {})}
    body = {"mentor_id": mentor, "days_remaining": days}
    return client.post(f"{BASE}/cert-expiry-reminder", json=body, headers=headers, **options)


def test_ten_new_notices_an_hour_about_one_mentor(client: FlaskClient, clock: MovableClock) -> None:
    assert [remind(client, days).status_code for days in range(8)] == [201] * 8
    clock.now += timedelta(minutes=20)
    assert [remind(client, days).status_code for days in (8, 9)] == [201] * 2

    refused = remind(client, 10)
    pause = client.post(f"{BASE}/pause-activated", json={"mentor_id": MENTOR})
    expired = client.post(f"{BASE}/cert-expiry", json={"mentor_id": MENTOR, "expiry_date": "2026-03-31T00:00:00Z"})

    for answer in (refused, pause, expired):
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2400")
        assert answer.json["type"] == "urn:pause-notices:problem:too-many-notices"
    clock.now += timedelta(minutes=40)
    assert [remind(client, days).status_code for days in range(10, 19)] == [201] * 8 + [429]


def test_repeats_count_as_nothing_and_are_never_refused(client: FlaskClient) -> None:
    key = {"Idempotency-Key": "first"}
    assert remind(client, 0, headers=key).status_code == 201
    assert [remind(client, 0).status_code for _ in range(20)] == [200] * 20
    assert [remind(client, days).status_code for days in range(1, 11)] == [201] * 9 + [429]
    assert (remind(client, 0).status_code, remind(client, 0, headers=key).status_code) == (200, 201)


def test_other_mentors_and_callers_with_a_token_are_not_limited(
    client: FlaskClient, contacts: Contacts, as_service: Headers, as_person: Callable[..., Headers]
) -> None:
    contacts.put(people=[a_contact(id="mentor-043")])
    coordinator = as_person("coordinator-007", "coordinator")
    assert [remind(client, days, headers=as_service).status_code for days in range(12)] == [201] * 12
    assert [remind(client, days, headers=coordinator).status_code for days in range(12, 24)] == [201] * 12

    assert [remind(client, days).status_code for days in range(30, 41)] == [201] * 10 + [429]

    assert remind(client, 1, mentor="mentor-043").status_code == 201
    assert [remind(client, 50, headers=headers).status_code for headers in (coordinator, as_service)] == [201, 200]


def test_all_processes_and_simultaneous_requests_share_the_limit(start: Callable[..., Flask]) -> None:
    clients = [start().test_client() for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda days: remind(clients[days % 2], days).status_code, range(24)))
    assert sorted(statuses) == [201] * 10 + [429] * 14


def test_a_refused_request_may_be_repeated_under_its_key(client: FlaskClient, clock: MovableClock) -> None:
    for days in range(10):
        remind(client, days)
    key = {"Idempotency-Key": "later"}
    assert remind(client, 10, headers=key).status_code == 429
    clock.now += timedelta(hours=1)
    again = remind(client, 10, headers=key)
    assert (again.status_code, again.headers.get("Idempotency-Replayed")) == (201, None)


@pytest.mark.parametrize(("limit", "accepted"), [(0, 12), (3, 3)])
def test_the_limit_is_a_setting(start: Callable[..., Flask], limit: int, accepted: int) -> None:
    client = start(anonymous_notice_limit=limit).test_client()
    assert [remind(client, days).status_code for days in range(12)] == [201] * accepted + [429] * (12 - accepted)


def test_the_audit_log_has_a_keyed_hash_of_the_callers_address(
    start: Callable[..., Flask], config: Config, as_person: Callable[..., Headers]
) -> None:
    client = start(rate_limits=replace(config.rate_limits, trusted_proxies=1)).test_client()
    addresses = ("198.51.100.7", "198.51.100.8", "::ffff:198.51.100.7", "2001:db8::1", "2001:db8::2")
    for days, address in enumerate(addresses):
        assert remind(client, days, headers={"X-Forwarded-For": address}).status_code == 201

    log = client.get("/api/v1/audit", headers=as_person("root", "global_admin", None))
    one, other, mapped, *network = [entry["actor_id"] for entry in reversed(log.json["data"])]

    assert one.startswith("anonymous:")
    assert (one == mapped, one == other, len(set(network))) == (True, False, 1)
    assert not any(address in log.text for address in addresses)


@pytest.mark.parametrize("mode", ["open", "token"])
def test_a_start_in_open_mode_is_said_loudly(mode: str, database_url: str, issuer: Issuer) -> None:
    settings = issuer.environ(
        DATABASE_URL=database_url,
        ACKNOWLEDGEMENT_URL="http://127.0.0.1:9",
        SMTP_URL="smtp://127.0.0.1:9",
        MAIL_FROM="likeperson@portal.example",
        AUTH_MODE=mode,
    )
    command = [sys.executable, "-c", "import notification_service.wsgi"]
    said = subprocess.run(command, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert ("AUTH_MODE=open" in said, '"level": "warning"' in said) == (mode == "open",) * 2
