"""The database is restarted while events come in: repeated requests are answered, and nothing is lost."""

import itertools

import pytest
from containers.load import steady
from containers.notices import assert_each_is_notified_once, settle
from containers.wishes import an_event
from people import COORDINATOR, MENTORS

pytestmark = pytest.mark.timeout(300)  # leases have to run out, and the orchestrator to look again

PER_SECOND = 4.0
ATTEMPTS = 60
"""Once a second or so, for as long as a database takes to start."""


@pytest.fixture
def events(token):
    """One lapsed certification after the other."""
    caller = token("coordinator", COORDINATOR)
    return (an_event(mentor, caller) for mentor in itertools.cycle(MENTORS))


def test_events_accepted_while_the_database_restarts_are_notified_once(stack, gateway, events, maildir):
    settle(stack)
    maildir.forget()

    with steady(gateway, events, per_second=PER_SECOND, attempts=ATTEMPTS) as outcomes:
        stack.restart("database")

    asked = outcomes()
    refusals = [failure for outcome in asked for failure in outcome.failures]
    assert refusals, "the restart was not noticed"
    assert [refusal for refusal in refusals if not refusal.startswith("503 ")] == []
    assert [outcome for outcome in asked if outcome.answer is None] == []
    assert_each_is_notified_once(stack, maildir, [outcome.wish.body["peer_mentor_id"] for outcome in asked])
