"""Three relays on one database: a mail server stands still until each of them has something in hand."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from containers.docker import docker
from containers.load import fulfil
from containers.notices import assert_each_is_notified_once, settle
from containers.wishes import an_expiry
from people import MENTORS
from running import eventually

pytestmark = pytest.mark.timeout(300)  # leases have to run out, and the orchestrator to look again

NOTIFIED = MENTORS[:40]
"""Two mails each: more than the web process and three relays can have in hand, eight each."""

RELAYS = 3
HOLDING_SOMETHING = """
SELECT count(DISTINCT leased_by) FROM outbox JOIN outbox_worker w ON w.id = leased_by WHERE kind = 'mail'
"""


@pytest.fixture
def relays(stack, maildir):
    """The containers of the notification service's relays, with nothing to do."""
    stack.scale("notification-relay", RELAYS)
    settle(stack)
    maildir.forget()
    yield stack.containers("notification-relay")
    stack.scale("notification-relay", 1)


def occupy(stack, gateway):
    """Notices are accepted until every relay has something in hand."""
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda mentor: fulfil(gateway, an_expiry(mentor)), NOTIFIED))
    assert [outcome for outcome in outcomes if outcome.answer is None] == []
    eventually(lambda: stack.query("notification", HOLDING_SOMETHING) == [[str(RELAYS)]])


@pytest.mark.usefixtures("relays")
def test_three_relays_send_every_message_once(stack, gateway, maildir):
    with stack.frozen("mailbox"):
        occupy(stack, gateway)

    assert_each_is_notified_once(stack, maildir, NOTIFIED)


def test_what_a_killed_relay_had_in_hand_is_sent_once_by_the_others(stack, gateway, maildir, relays):
    with stack.frozen("mailbox"):
        occupy(stack, gateway)
        docker("rm", "--force", relays[0])

    assert_each_is_notified_once(stack, maildir, NOTIFIED)
