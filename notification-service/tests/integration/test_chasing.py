"""A lapse that nobody acknowledges is told again at its moments, after the acknowledgement service was asked."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from notification_service.__main__ import main
from notification_service.domain.access import ANONYMOUS
from notification_service.domain.lapses import Certification, ClosedReason, LapseState
from notification_service.domain.model import Channel, Notice, NoticeSettings
from notification_service.usecases.announcements import Announcements
from notification_service.usecases.chasing import count_nobody_to_tell
from notification_service.usecases.person_data import Contacts, PersonData
from shared_lib.agenda import AgendaLoop
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Rejected, Unreachable
from shared_lib.outbox import Dispatcher
from sqlalchemy import text

from ..builders import a_contact, a_coordinator, an_announcement, an_organisation
from ..fakes import FakeAcknowledgements, FakeMailer, MovableClock

HOLIDAYS = tuple(date.fromisoformat(day) for day in ("2026-04-02", "2026-04-03", "2026-04-06", "2026-05-01"))
MENTOR, COORDINATOR, NEW, ADMINS = (
    "kari.nordmann@lhl.example",
    "ola.hansen@lhl.example",
    "new@lhl.example",
    ("a1", "a2"),
)
REMINDER, ESCALATION = "Husk å bekrefte en utløpt sertifisering", "En utløpt sertifisering er ikke bekreftet"
EXPIRED = "En sertifisering har gått ut. Bekreft at du har sett det"
ESCALATED = [(f"{admin}@lhl.example", ESCALATION) for admin in ADMINS]
Expire = Callable[[str], str]
Play = Callable[[str], list[tuple[str, str, str]]]


def utc(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.fixture(autouse=True)
def organisation(contacts: Contacts, clock: MovableClock) -> None:
    clock.now = utc("2026-03-01T00:00")
    admins = [a_coordinator(id=admin, email=f"{admin}@lhl.example") for admin in ADMINS]
    new = a_coordinator(id="coordinator-new", email=NEW)
    own = an_organisation(admin_ids=ADMINS, settings=NoticeSettings(holidays=HOLIDAYS))
    contacts.put(organisations=[own], people=[a_contact(), a_coordinator(), new, *admins])


@pytest.fixture
def expire(announcements: Announcements, clock: MovableClock) -> Expire:
    """Announces at its moment that the certification has run out; returns the subject on the agenda."""

    def announce(moment: str) -> str:
        clock.now = utc(moment)
        expired = an_announcement(Notice.CERT_EXPIRY, expiry_date=clock.now)
        return f"lapse:{announcements.announce(expired, ANONYMOUS).dispatch.id}"

    return announce


@pytest.fixture
def play(agenda: AgendaLoop, dispatcher: Dispatcher, mailer: FakeMailer, clock: MovableClock) -> Play:
    """Lets a relay work until then, from moment to moment; returns the mails that were sent: when, to whom, what."""

    def until(moment: str) -> list[tuple[str, str, str]]:
        end, found, seen = utc(moment), [], len(mailer.taken)
        while True:
            look_at = agenda.poll()
            while dispatcher.run_once():
                look_at = agenda.poll()
            sent = [(f"{clock():%Y-%m-%dT%H:%M}", mail.to, mail.text.title) for mail in mailer.taken[seen:]]
            found += sorted(sent)
            seen = len(mailer.taken)
            if clock.now >= end:
                return found
            clock.now = min(filter(None, [look_at, next_attempt(dispatcher.database), end]))

    return until


def next_attempt(database: Database) -> datetime | None:
    with database.begin(all_tenants("test")) as session:
        found: datetime | None = session.scalar(text("SELECT min(due_at) FROM outbox"))
    return found


def decisions(database: Database) -> list[tuple[str, str | None]]:
    with database.begin(all_tenants("test")) as session:
        rows = session.execute(text("SELECT kind, reason FROM planned_act ORDER BY due_at, key"))
        return [(row.kind, row.reason) for row in rows]


def certified(contacts: Contacts, until: str, version: int) -> Any:
    news = Certification(
        mentor_id="mentor-042",
        organisation_id="lhl",
        expires_at=utc(until),
        reason=ClosedReason.RENEWED,
        version=version,
    )
    return contacts.lapse_news.certification(news)


@pytest.mark.parametrize(
    ("expiry", "reminder", "escalation"),
    [
        ("2026-05-01T00:00", "2026-05-04T07:00", "2026-05-08T07:00"),  # a holiday
        ("2026-04-01T00:00", "2026-04-07T07:00", "2026-04-08T07:00"),  # before Easter
    ],
)
def test_in_a_year_the_coordinator_is_reminded_once_and_the_admins_are_notified_once(
    expire: Expire, play: Play, *, expiry: str, reminder: str, escalation: str, mailer: FakeMailer, database: Database
) -> None:
    expire(expiry)

    mails = play("2027-05-01T00:00")

    assert mails == [(reminder, COORDINATOR, REMINDER), *((escalation, *each) for each in ESCALATED)]
    assert sorted(mail.to for mail in mailer.taken[:-3]) == [MENTOR, COORDINATOR]
    assert decisions(database) == [("lapse_reminder", None), ("lapse_escalation", None)]
    assert [f"{mail.written_at:%Y-%m-%dT%H:%M}" for mail in mailer.taken[2:]] == [reminder, escalation, escalation]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(LapseState.ACKNOWLEDGED, "acknowledged"), (LapseState.CLOSED, "closed"), (None, "gone")],
)
def test_nobody_is_notified_of_a_lapse_that_is_open_no_more(
    expire: Expire,
    play: Play,
    acknowledgements: FakeAcknowledgements,
    database: Database,
    *,
    answer: LapseState | None,
    reason: str,
) -> None:
    expire("2026-05-11T10:00")
    play("2026-05-13T00:00")
    acknowledgements.answer = answer

    assert play("2026-06-13T00:00") == []
    assert len(acknowledgements.asked) == 1
    assert decisions(database) == [("lapse_reminder", reason), ("lapse_escalation", reason)]


@pytest.mark.parametrize("is_acknowledged", [True, False])
def test_without_an_answer_nobody_is_notified_and_the_question_is_asked_again(
    expire: Expire, play: Play, acknowledgements: FakeAcknowledgements, is_acknowledged: bool
) -> None:
    expire("2026-05-10T10:00")
    play("2026-05-13T00:00")
    acknowledgements.failure = Unreachable("down")
    assert play("2026-05-15T10:00") == []

    acknowledgements.failure = None
    acknowledgements.answer = LapseState.ACKNOWLEDGED if is_acknowledged else LapseState.OPEN
    mails = play("2026-05-15T10:11")

    assert [mail[1:] for mail in mails] == ([] if is_acknowledged else [(COORDINATOR, REMINDER)])
    assert play("2026-05-17T00:00") == []


def test_after_a_week_without_an_answer_it_is_a_dead_letter(
    expire: Expire, play: Play, acknowledgements: FakeAcknowledgements, database: Database
) -> None:
    expire("2026-05-10T10:00")
    play("2026-05-13T00:00")
    acknowledgements.failure = Rejected("http_401")
    assert play("2026-05-13T10:00") == []
    acknowledgements.failure = Unreachable("down")
    assert play("2026-06-01T00:00") == []

    assert decisions(database) == [("lapse_reminder", "no_answer"), ("lapse_escalation", "no_answer")]
    with database.begin(all_tenants("test")) as session:
        ended = session.execute(text("SELECT kind, final_state FROM outbox_closed WHERE kind = 'chase' ORDER BY seq"))
        assert ended.all() == [("chase", "rejected"), ("chase", "expired")]


@pytest.mark.parametrize("answer", [LapseState.ACKNOWLEDGED, LapseState.OPEN, Unreachable("down")])
def test_a_mail_that_could_not_be_sent_for_minutes_asks_again(
    expire: Expire,
    play: Play,
    acknowledgements: FakeAcknowledgements,
    mailer: FakeMailer,
    answer: LapseState | Unreachable,
) -> None:
    expire("2026-05-10T10:00")
    play("2026-05-13T00:00")
    mailer.failure = Unreachable("down")
    assert play("2026-05-13T07:30") == []

    mailer.failure = None
    if isinstance(answer, Unreachable):
        acknowledgements.failure = answer
    else:
        acknowledgements.answer = answer

    assert len(play("2026-05-13T12:00")) == (1 if answer is LapseState.OPEN else 0)
    acknowledgements.failure = None
    assert len(play("2026-05-13T13:00")) == (1 if isinstance(answer, Unreachable) else 0)


def test_a_new_coordinator_is_notified_and_has_days_of_their_own(
    contacts: Contacts, expire: Expire, play: Play, acknowledgements: FakeAcknowledgements, database: Database
) -> None:
    expire("2026-05-11T10:00")
    assert play("2026-05-13T19:30") == []
    contacts.put(people=[a_contact(coordinator_id="coordinator-new", version=2)])

    assert play("2026-05-30T00:00") == [
        ("2026-05-14T07:00", NEW, EXPIRED),
        *(("2026-05-18T07:00", *each) for each in (*ESCALATED, (NEW, REMINDER))),
    ]
    assert [news.coordinator_id for news in acknowledgements.reassigned] == ["coordinator-new"]
    assert len(acknowledgements.opened) == 1


def test_a_reminder_that_waits_to_be_sent_is_not_for_a_coordinator_who_was_replaced(
    contacts: Contacts, expire: Expire, play: Play, mailer: FakeMailer
) -> None:
    expire("2026-05-10T10:00")
    play("2026-05-13T00:00")
    mailer.failures = {COORDINATOR: Unreachable("down")}
    play("2026-05-13T07:00")
    contacts.put(people=[a_contact(coordinator_id="coordinator-new", version=2)])
    mailer.failures = {}

    assert play("2026-05-13T12:00") == [("2026-05-13T07:00", NEW, EXPIRED)]


def test_without_a_coordinator_the_admins_are_notified_twice_until_one_is_found(
    contacts: Contacts, expire: Expire, play: Play, acknowledgements: FakeAcknowledgements
) -> None:
    contacts.put(people=[a_contact(coordinator_id=None, version=2)])
    expire("2026-05-10T10:00")

    assert play("2026-05-14T00:00") == [("2026-05-13T07:00", *each) for each in ESCALATED]
    assert play("2026-05-30T00:00") == [("2026-05-18T07:00", *each) for each in ESCALATED]
    assert acknowledgements.asked == []
    contacts.put(people=[a_contact(coordinator_id="coordinator-new", version=3)])
    assert play("2026-07-01T00:00") == [("2026-05-30T00:00", NEW, EXPIRED), ("2026-06-04T07:00", NEW, REMINDER)]


def test_after_an_outage_of_all_relays_the_admins_are_notified_once_in_the_next_hours(
    contacts: Contacts, expire: Expire, play: Play, clock: MovableClock, database: Database
) -> None:
    contacts.put(people=[a_contact(coordinator_id=None, version=2)])
    expire("2026-05-10T10:00")
    clock.now = utc("2026-05-23T10:00")

    assert play("2026-05-30T00:00") == [("2026-05-25T07:00", *each) for each in ESCALATED]
    assert decisions(database) == [("lapse_reminder", "overtaken"), ("lapse_escalation", None)]


def test_a_lapse_that_nobody_can_be_reminded_of_is_counted(
    contacts: Contacts, expire: Expire, play: Play, database: Database, clock: MovableClock
) -> None:
    contacts.put(organisations=[an_organisation(admin_ids=(), version=2)])
    expire("2026-05-10T10:00")

    assert [mail[1] for mail in play("2026-05-30T00:00")] == [COORDINATOR]
    assert decisions(database) == [("lapse_reminder", None), ("lapse_escalation", "nobody")]
    assert count_nobody_to_tell(database, clock) == 1
    certified(contacts, "2028-05-10T00:00", 1)
    assert count_nobody_to_tell(database, clock) == 0


def test_a_renewal_ends_it_and_one_that_is_taken_back_begins_it_anew(
    contacts: Contacts, expire: Expire, play: Play, database: Database, mailer: FakeMailer
) -> None:
    expire("2026-05-10T10:00")
    play("2026-05-12T10:00")
    certified(contacts, "2028-05-10T00:00", 1)
    assert play("2026-05-12T11:00") == []
    assert decisions(database) == [("lapse_reminder", "renewed"), ("lapse_escalation", "renewed")]

    certified(contacts, "2026-05-10T00:00", 2)
    assert [mail[0] for mail in play("2026-06-30T00:00")] == ["2026-05-15T07:00"] + ["2026-05-19T07:00"] * 2


@pytest.mark.parametrize(
    ("own", "moments"),
    [
        (NoticeSettings(lapse_reminder_days=1, lapse_escalation_days=2), ["2026-05-12T07:00"] * 3),
        (NoticeSettings(lapse_reminder_days=None), ["2026-05-18T07:00"] * 2),
        (NoticeSettings(lapse_reminder_days=None, lapse_escalation_days=None), []),
    ],
)
def test_changed_settings_are_followed(
    contacts: Contacts, expire: Expire, play: Play, own: NoticeSettings, moments: list[str]
) -> None:
    expire("2026-05-10T10:00")
    play("2026-05-12T00:00")
    contacts.put(organisations=[an_organisation(admin_ids=ADMINS, settings=own, version=2)])

    assert [mail[0] for mail in play("2026-06-30T00:00")] == moments


def test_it_is_delivered_whatever_channels_the_recipients_chose(
    contacts: Contacts, expire: Expire, play: Play, database: Database
) -> None:
    silent = a_coordinator(channels=(), version=2)
    in_app = a_coordinator(id="a1", email="a1@lhl.example", channels=(Channel.IN_APP,), version=2)
    contacts.put(people=[silent, in_app])
    expire("2026-05-10T10:00")

    assert [mail[1:] for mail in play("2026-06-30T00:00")] == [(COORDINATOR, REMINDER), *ESCALATED]
    with database.begin(all_tenants("test")) as session:
        assert session.scalars(text("SELECT title FROM inbox")).all() == [ESCALATION]


def test_an_erased_or_former_mentor_is_mentioned_to_nobody(
    contacts: Contacts, expire: Expire, play: Play, database: Database, person_data: PersonData
) -> None:
    expire("2026-05-10T10:00")
    play("2026-05-11T00:00")
    assert len(person_data.export("mentor-042")["agenda"]) == 1
    person_data.erase("mentor-042")

    assert play("2026-06-30T00:00") == []
    assert decisions(database) == [("lapse_reminder", "inactive"), ("lapse_escalation", "inactive")]
    assert len(person_data.export("mentor-042")["planned_act"]) == 2
    assert len(person_data.export("coordinator-007")["planned_act"]) == 1


def test_a_thousand_polls_of_two_relays_tell_nothing_twice(
    expire: Expire, play: Play, agenda: AgendaLoop, *, dispatcher: Dispatcher, database: Database, mailer: FakeMailer
) -> None:
    expire("2026-05-10T10:00")
    play("2026-05-18T10:00")
    with database.begin(all_tenants("test")) as session:
        session.execute(text("INSERT INTO agenda_change (subject, tenant) SELECT subject, tenant FROM planned_act"))
    for _ in range(100):
        agenda.poll()
        dispatcher.run_once()

    assert len(mailer.taken) == 5


def test_the_agenda_explains_a_lapse(
    expire: Expire, play: Play, capsys: pytest.CaptureFixture[str], environ: dict[str, str]
) -> None:
    subject = expire("2026-05-10T10:00")
    play("2026-05-14T10:00")

    assert main(["agenda", "explain", subject], environ) == 0
    shown = capsys.readouterr().out
    assert "Next look: 2026-05-18 07:00Z" in shown
    assert "done" in shown
    assert "lapse_reminder/" in shown
