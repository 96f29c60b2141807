"""A web service is replaced while requests come in; nobody is refused for good."""

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from asking import LAPSES, PAUSES
from containers.docker import run
from containers.load import Wish, steady
from running import REPOSITORY

PER_SECOND = 30.0
READS_PER_WRITE = 5
"""Every write waits for mails or a neighbour: thirty of those a second is more than two cores carry at all."""

OURS = "systemtest"
COORDINATOR = "st-coordinator"
MENTORS = itertools.cycle([f"st-mentor-{number:03}" for number in range(60, 100)])
_minutes = itertools.count()


def moment():
    """A time that no other event or expiry has."""
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=next(_minutes))
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def an_event(caller):
    body = {"peer_mentor_id": next(MENTORS), "event_type": "pause_activated", "effective_date": moment()}
    return Wish(method="POST", target=PAUSES, token=caller, body=body, status=201)


def an_expiry(**more):
    body = {"mentor_id": next(MENTORS), "expiry_date": moment()}
    return Wish(method="POST", target=f"{PAUSES}/cert-expiry", body=body, status=201, **more)


@pytest.fixture
def caller(token):
    return token("coordinator", COORDINATOR)


@pytest.fixture
def wishes(caller, token):
    """`wishes("notification")`: what clients want of a service, a write and then some reading."""
    admin = token("org_admin", "st-admin")

    def of(service):
        lapse = {"coordinator_id": "coord_maya_patel", "notification_id": "b2c3d4e5-f6a7-8901-bcde-f12345678901"}
        writing = {
            "orchestrator": lambda: an_event(caller),
            "notification": an_expiry,
            "acknowledgement": lambda: Wish(method="POST", target=LAPSES, body=lapse, status=201),
        }[service]
        reading = {
            "orchestrator": Wish(method="GET", target=PAUSES, token=caller, status=200),
            "notification": Wish(method="GET", target="/api/v1/audit/notification", token=admin, status=200),
            "acknowledgement": Wish(method="GET", target=f"{LAPSES}?coordinator_id={COORDINATOR}", status=200),
        }[service]
        while True:
            yield writing()
            yield from itertools.repeat(reading, READS_PER_WRITE)

    return of


@pytest.mark.parametrize("service", ["orchestrator", "notification", "acknowledgement"])
def test_a_web_service_is_replaced_under_load_and_every_request_is_answered(stack, gateway, wishes, service):
    before = stack.container(f"{service}-web")

    with steady(gateway, wishes(service), per_second=PER_SECOND) as outcomes:
        run(["sh", "deploy/compose/roll.sh", f"{service}-web"], env=stack.environment, cwd=REPOSITORY)

    assert stack.container(f"{service}-web") != before
    asked = outcomes()
    assert len(asked) > 5 * PER_SECOND
    assert [outcome for outcome in asked if outcome.answer is None] == []
    print(f"{service}: {len(asked)} requests, repeats {Counter(len(outcome.failures) for outcome in asked)}")
