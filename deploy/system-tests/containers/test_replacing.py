"""A service is replaced while requests come in: every request is accepted in the end, and notified once."""

import itertools
from collections import Counter

import pytest
from asking import LAPSES, PAUSES
from containers.load import Wish, steady
from containers.notices import assert_each_is_notified_once, settle
from containers.wishes import an_event, an_expiry
from people import COORDINATOR, MENTORS

pytestmark = pytest.mark.timeout(300)  # the load, and the deliveries after it

PER_SECOND = 30.0
READS_PER_WRITE = {"orchestrator": 5, "notification": 5, "acknowledgement": 0}
"""A write of the first two is a chain over three services and two mails: thirty of those a second are more than the two
cores of CI carry, replaced or not (tried: a third were refused for good)."""

SAMPLE = {"coordinator_id": "coord_maya_patel", "notification_id": "b2c3d4e5-f6a7-8901-bcde-f12345678901"}


@pytest.fixture
def wishes(token):
    """`wishes("notification")`: what clients want of a service, a write and then some reading."""
    caller, admin = token("coordinator", COORDINATOR), token("org_admin", "st-admin")
    mentors = itertools.cycle(MENTORS)
    writing = {
        "orchestrator": lambda: an_event(next(mentors), caller),
        "notification": lambda: an_expiry(next(mentors)),
        "acknowledgement": lambda: Wish(method="POST", target=LAPSES, body=SAMPLE, status=201),
    }
    reading = {
        "orchestrator": Wish(method="GET", target=PAUSES, token=caller, status=200),
        "notification": Wish(method="GET", target="/api/v1/audit/notification", token=admin, status=200),
        "acknowledgement": Wish(method="GET", target=f"{LAPSES}?coordinator_id={COORDINATOR}", status=200),
    }

    def of(service):
        while True:
            yield writing[service]()
            yield from itertools.repeat(reading[service], READS_PER_WRITE[service])

    return of


def mentors_of(outcomes):
    """Whom the accepted notices are about, each as often as there are such notices."""
    bodies = [outcome.wish.body for outcome in outcomes if outcome.wish.body not in (None, SAMPLE)]
    return [body.get("peer_mentor_id") or body["mentor_id"] for body in bodies]


@pytest.mark.parametrize("service", ["orchestrator", "notification", "acknowledgement"])
def test_a_service_is_replaced_under_load_and_every_request_is_answered(stack, gateway, wishes, maildir, service):
    before = stack.containers(f"{service}-web") + stack.containers(f"{service}-relay")
    settle(stack)
    maildir.forget()

    with steady(gateway, wishes(service), per_second=PER_SECOND) as outcomes:
        stack.replace(service)

    assert not {*before} & {*stack.containers(f"{service}-web"), *stack.containers(f"{service}-relay")}
    asked = outcomes()
    print(f"{service}: {len(asked)} requests, repeats {Counter(len(outcome.failures) for outcome in asked)}")
    assert len(asked) > 5 * PER_SECOND
    assert Counter(refusal for outcome in asked if outcome.answer is None for refusal in outcome.failures) == {}
    assert_each_is_notified_once(stack, maildir, mentors_of(asked))
