"""Taking back what has not been told yet."""

import pytest
from notification_service.domain.errors import DispatchNotFound
from notification_service.domain.model import Notice, Status
from notification_service.usecases.announcements import Announcements, Requester
from notification_service.usecases.withdrawals import Withdrawals
from shared_lib.errors import Unreachable
from shared_lib.idempotency import RequestKey
from shared_lib.outbox import Dispatcher

from ..builders import A_MOMENT, an_announcement
from ..fakes import FakeAcknowledgements, FakeMailer, MovableClock

pytestmark = pytest.mark.usefixtures("people")


CALLER = "service:orchestrator-service"
EXPIRED = an_announcement(Notice.CERT_EXPIRY, expiry_date=A_MOMENT)


def under(key: str) -> Requester:
    return Requester(
        subject=CALLER, key=RequestKey(principal=CALLER, operation=Notice.CERT_EXPIRY, key=key, fingerprint=b"")
    )


def test_what_is_queued_is_never_sent(
    announcements: Announcements,
    withdrawals: Withdrawals,
    mailer: FakeMailer,
    dispatcher: Dispatcher,
    clock: MovableClock,
) -> None:
    mailer.failure = Unreachable("down")
    announcements.announce(EXPIRED, under("a"))

    withdrawn = withdrawals.withdraw("a", caller=CALLER)

    mailer.failure = None
    clock.pass_by(minutes=1)
    assert dispatcher.run_once() == 0
    assert mailer.taken == []
    assert [(row.status, row.reason) for row in withdrawn.messages] == [(Status.SKIPPED, "withdrawn")] * 2


def test_a_lapse_that_is_not_open_yet_stays_shut(
    announcements: Announcements,
    withdrawals: Withdrawals,
    acknowledgements: FakeAcknowledgements,
    dispatcher: Dispatcher,
    clock: MovableClock,
) -> None:
    acknowledgements.failure = Unreachable("down")
    announcements.announce(EXPIRED, under("a"))

    withdrawals.withdraw("a", caller=CALLER)

    acknowledgements.failure = None
    clock.pass_by(minutes=1)
    dispatcher.run_once()
    assert acknowledgements.opened == []


def test_what_was_sent_stays_sent(announcements: Announcements, withdrawals: Withdrawals) -> None:
    announcements.announce(EXPIRED, under("a"))

    withdrawn = withdrawals.withdraw("a", caller=CALLER)

    assert [row.status for row in withdrawn.messages] == [Status.SENT, Status.SENT]
    assert withdrawn.withdrawn_at is None


def test_a_withdrawn_notice_may_be_told_anew(
    announcements: Announcements, withdrawals: Withdrawals, mailer: FakeMailer
) -> None:
    mailer.failure = Unreachable("down")
    announcements.announce(EXPIRED, under("a"))
    withdrawals.withdraw("a", caller=CALLER)
    mailer.failure = None

    answer = announcements.announce(EXPIRED, under("b"))

    assert answer.status == 201
    assert len(mailer.taken) == 2


def test_withdrawing_again_changes_nothing(
    announcements: Announcements, withdrawals: Withdrawals, mailer: FakeMailer, clock: MovableClock
) -> None:
    mailer.failure = Unreachable("down")
    announcements.announce(EXPIRED, under("a"))
    first = withdrawals.withdraw("a", caller=CALLER)
    clock.pass_by(minutes=1)

    assert withdrawals.withdraw("a", caller=CALLER) == first


@pytest.mark.parametrize(("key", "caller"), [("b", CALLER), ("a", "service:somebody-else")])
def test_only_ones_own_keys_can_be_withdrawn(
    announcements: Announcements, withdrawals: Withdrawals, key: str, caller: str
) -> None:
    announcements.announce(EXPIRED, under("a"))

    with pytest.raises(DispatchNotFound):
        withdrawals.withdraw(key, caller=caller)
