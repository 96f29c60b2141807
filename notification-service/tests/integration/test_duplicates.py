"""Which announcements are duplicates, so that each person is notified once and none is left out."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import product

import pytest
from notification_service.domain.access import ANONYMOUS, MentorNotFound
from notification_service.domain.model import Announcement, Notice
from notification_service.usecases.announcements import Announcements
from notification_service.usecases.person_data import Contacts
from shared_lib.idempotency import IdempotencyKeyReused

from ..builders import A_MOMENT, a_contact, a_context, an_announcement
from ..fakes import FakeAcknowledgements, FakeMailer, MovableClock
from .announcing import EXPIRED, PUBLIC, a_key, reminder, rows

pytestmark = pytest.mark.usefixtures("people")

NEVER = None
EXAMPLES: Mapping[Notice, tuple[Announcement, Announcement, timedelta | None]] = {
    Notice.PAUSE_ACTIVATED: (
        an_announcement(Notice.PAUSE_ACTIVATED),
        an_announcement(Notice.PAUSE_ACTIVATED, expected_return_date=A_MOMENT),
        timedelta(minutes=10),
    ),
    Notice.PAUSE_LIFTED: (
        an_announcement(Notice.PAUSE_LIFTED),
        an_announcement(Notice.PAUSE_LIFTED, mentor_id="mentor-043"),
        timedelta(minutes=10),
    ),
    Notice.CERT_EXPIRY: (
        EXPIRED,
        an_announcement(Notice.CERT_EXPIRY, expiry_date=A_MOMENT + timedelta(days=1)),
        NEVER,
    ),
    Notice.CERT_EXPIRY_REMINDER: (reminder(14), reminder(13), timedelta(hours=12)),
}
"""Of each type: a notice, one that is no duplicate of it, and after how long the first is a new one."""


@pytest.fixture(autouse=True)
def at_noon(clock: MovableClock) -> None:
    """The day must not end within these tests."""
    clock.now = clock.now.replace(hour=10, minute=0)


@pytest.mark.parametrize("notice", PUBLIC)
def test_a_duplicate_is_sent_once_and_everything_else_is_sent(
    announcements: Announcements, contacts: Contacts, clock: MovableClock, notice: Notice
) -> None:
    contacts.put(people=[a_contact(id="mentor-043")])
    first, another, again_after = EXAMPLES[notice]

    statuses = [announcements.announce(announcement, ANONYMOUS).status for announcement in (first, first, another)]
    clock.now += again_after or timedelta(days=400)
    clock.now += timedelta(hours=3)
    much_later = announcements.announce(first, ANONYMOUS).status

    assert statuses == [201, 200, 201]
    assert much_later == (200 if again_after is NEVER else 201)


@pytest.mark.parametrize("hosts", list(product((0, 2), repeat=4)))
def test_hosts_whose_clocks_are_apart_agree_which_change_was_the_last(
    announcements: Announcements, clock: MovableClock, hosts: tuple[int, ...]
) -> None:
    """Each change comes to one of two hosts, twice to the same or to the other one; one clock is ahead by 2 s."""
    statuses = []
    for seconds, notice in zip(hosts, 2 * (Notice.PAUSE_ACTIVATED, Notice.PAUSE_LIFTED), strict=True):
        noon = clock.now
        for ahead in (seconds, 2 - seconds):
            clock.now = noon + timedelta(seconds=ahead)
            statuses.append(announcements.announce(an_announcement(notice), ANONYMOUS).status)
        clock.now = noon + timedelta(milliseconds=100)

    assert statuses == [201, 200] * 4


def test_the_same_expiry_is_sent_once(
    announcements: Announcements, mailer: FakeMailer, acknowledgements: FakeAcknowledgements
) -> None:
    first = announcements.announce(EXPIRED, ANONYMOUS, key=a_key("a"))
    again, once_more = (announcements.announce(EXPIRED, ANONYMOUS, key=a_key("b")) for _ in range(2))

    assert [answer.status for answer in (first, again, once_more)] == [201, 200, 200]
    assert [answer.is_replay for answer in (first, again, once_more)] == [False, False, True]
    assert rows(once_more) == rows(again) == rows(first)
    assert (len(mailer.taken), len(acknowledgements.opened)) == (2, 1)


def test_twenty_at_once_are_one(
    announcements: Announcements, mailer: FakeMailer, acknowledgements: FakeAcknowledgements
) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: announcements.announce(EXPIRED, ANONYMOUS), range(20)))

    assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
    assert len({answer.dispatch.id for answer in answers}) == 1
    assert (len(mailer.taken), len(acknowledgements.opened)) == (2, 1)


def test_twenty_under_one_key_at_once_are_one(announcements: Announcements, mailer: FakeMailer) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(
            pool.map(lambda _: announcements.announce(an_announcement(), ANONYMOUS, key=a_key("k")), range(20))
        )

    assert sum(not answer.is_replay for answer in answers) == 1
    assert {answer.status for answer in answers} == {201}
    assert len(mailer.taken) == 2


def test_another_expiry_date_is_another_notice(announcements: Announcements, mailer: FakeMailer) -> None:
    announcements.announce(EXPIRED, ANONYMOUS)
    announcements.announce(an_announcement(Notice.CERT_EXPIRY, expiry_date=A_MOMENT + timedelta(days=1)), ANONYMOUS)

    assert len(mailer.taken) == 4


@pytest.mark.parametrize(("hours", "days", "status"), [(1, 14, 200), (1, 13, 201), (24, 14, 201)])
def test_a_reminder_is_one_per_tier_and_day(
    announcements: Announcements, clock: MovableClock, hours: int, days: int, status: int
) -> None:
    announcements.announce(reminder(14), ANONYMOUS)
    clock.pass_by(hours=hours)

    assert announcements.announce(reminder(days), ANONYMOUS).status == status


@pytest.mark.parametrize(("minutes", "mails"), [(9.9, 2), (10.1, 4)])
def test_a_pause_is_the_same_for_ten_minutes(
    announcements: Announcements, mailer: FakeMailer, clock: MovableClock, minutes: float, mails: int
) -> None:
    announcements.announce(an_announcement(), ANONYMOUS)
    clock.pass_by(minutes=minutes)
    announcements.announce(an_announcement(), ANONYMOUS)

    assert len(mailer.taken) == mails


def test_a_pause_after_its_opposite_is_a_new_one(
    announcements: Announcements, mailer: FakeMailer, clock: MovableClock
) -> None:
    for notice in (Notice.PAUSE_ACTIVATED, Notice.PAUSE_LIFTED, Notice.PAUSE_ACTIVATED):
        announcements.announce(an_announcement(notice), ANONYMOUS)
        clock.pass_by(seconds=1)

    assert len(mailer.taken) == 6


def test_pauses_of_the_orchestrator_are_duplicates_by_their_key_alone(
    announcements: Announcements, mailer: FakeMailer
) -> None:
    event = an_announcement(context=a_context())
    first, again = (announcements.announce(event, ANONYMOUS, key=a_key("event-1")) for _ in range(2))
    other = announcements.announce(event, ANONYMOUS, key=a_key("event-2"))

    assert again.dispatch.id == first.dispatch.id != other.dispatch.id
    assert len(mailer.taken) == 4


def test_another_return_date_is_another_notice(announcements: Announcements, mailer: FakeMailer) -> None:
    announcements.announce(an_announcement(), ANONYMOUS)
    announcements.announce(an_announcement(expected_return_date=A_MOMENT), ANONYMOUS)

    assert len(mailer.taken) == 4


def test_a_key_stands_for_one_request_only(announcements: Announcements) -> None:
    announcements.announce(an_announcement(), ANONYMOUS, key=a_key("k", b"one"))

    with pytest.raises(IdempotencyKeyReused):
        announcements.announce(an_announcement(Notice.PAUSE_LIFTED), ANONYMOUS, key=a_key("k", b"another"))


def test_a_key_that_named_an_unknown_mentor_is_free_again(announcements: Announcements, contacts: Contacts) -> None:
    unknown = an_announcement(mentor_id="mentor-new")
    with pytest.raises(MentorNotFound):
        announcements.announce(unknown, ANONYMOUS, key=a_key("k"))
    contacts.put(people=[a_contact(id="mentor-new")])

    assert announcements.announce(unknown, ANONYMOUS, key=a_key("k")).status == 201
