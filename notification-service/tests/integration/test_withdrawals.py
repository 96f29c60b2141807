"""A withdrawn dispatch: what is queued is cancelled, what was sent stays."""

import pytest
from notification_service.domain.access import ANONYMOUS, Principal
from notification_service.domain.model import DispatchNotFound, Notice, Status
from notification_service.usecases.announcements import Announcements
from notification_service.usecases.withdrawals import Withdrawals
from shared_lib.errors import Unreachable
from shared_lib.idempotency import RequestKey
from shared_lib.outbox import Dispatcher

from ..builders import A_MOMENT, an_announcement
from ..fakes import FakeAcknowledgements, FakeMailer, MovableClock

pytestmark = pytest.mark.usefixtures("people")


ORCHESTRATOR = Principal(id="orchestrator-service", is_service=True)
EXPIRED = an_announcement(Notice.CERT_EXPIRY, expiry_date=A_MOMENT)


def a_key(key: str) -> RequestKey:
    return RequestKey(principal=ORCHESTRATOR.caller, operation=Notice.CERT_EXPIRY, key=key, fingerprint=b"")


def test_queued_messages_are_never_sent(
    announcements: Announcements,
    withdrawals: Withdrawals,
    mailer: FakeMailer,
    dispatcher: Dispatcher,
    clock: MovableClock,
) -> None:
    mailer.failure = Unreachable("down")
    announcements.announce(EXPIRED, ORCHESTRATOR, key=a_key("a"))

    withdrawn = withdrawals.withdraw("a", ORCHESTRATOR)

    mailer.failure = None
    clock.pass_by(minutes=1)
    assert dispatcher.run_once() == 0
    assert mailer.taken == []
    assert [(row.status, row.reason) for row in withdrawn.messages] == [(Status.SKIPPED, "withdrawn")] * 2


def test_a_lapse_that_is_not_open_yet_is_never_opened(
    announcements: Announcements,
    withdrawals: Withdrawals,
    acknowledgements: FakeAcknowledgements,
    dispatcher: Dispatcher,
    clock: MovableClock,
) -> None:
    acknowledgements.failure = Unreachable("down")
    announcements.announce(EXPIRED, ORCHESTRATOR, key=a_key("a"))

    withdrawals.withdraw("a", ORCHESTRATOR)

    acknowledgements.failure = None
    clock.pass_by(minutes=1)
    dispatcher.run_once()
    assert acknowledgements.opened == []


def test_what_was_sent_stays_sent(announcements: Announcements, withdrawals: Withdrawals) -> None:
    announcements.announce(EXPIRED, ORCHESTRATOR, key=a_key("a"))

    withdrawn = withdrawals.withdraw("a", ORCHESTRATOR)

    assert [row.status for row in withdrawn.messages] == [Status.SENT, Status.SENT]
    assert withdrawn.withdrawn_at is None


def test_a_withdrawn_notice_may_be_announced_again(
    announcements: Announcements, withdrawals: Withdrawals, mailer: FakeMailer
) -> None:
    mailer.failure = Unreachable("down")
    announcements.announce(EXPIRED, ORCHESTRATOR, key=a_key("a"))
    withdrawals.withdraw("a", ORCHESTRATOR)
    mailer.failure = None

    answer = announcements.announce(EXPIRED, ORCHESTRATOR, key=a_key("b"))

    assert answer.status == 201
    assert len(mailer.taken) == 2


def test_withdrawing_again_changes_nothing(
    announcements: Announcements, withdrawals: Withdrawals, mailer: FakeMailer, clock: MovableClock
) -> None:
    mailer.failure = Unreachable("down")
    announcements.announce(EXPIRED, ORCHESTRATOR, key=a_key("a"))
    first = withdrawals.withdraw("a", ORCHESTRATOR)
    clock.pass_by(minutes=1)

    assert withdrawals.withdraw("a", ORCHESTRATOR) == first


@pytest.mark.parametrize(("key", "principal"), [("b", ORCHESTRATOR), ("a", ANONYMOUS)])
def test_only_ones_own_keys_can_be_withdrawn(
    announcements: Announcements, withdrawals: Withdrawals, key: str, principal: Principal
) -> None:
    announcements.announce(EXPIRED, ORCHESTRATOR, key=a_key("a"))

    with pytest.raises(DispatchNotFound):
        withdrawals.withdraw(key, principal)
