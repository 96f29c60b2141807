"""Names and texts are deleted when their time is up; duplicates are found all the same."""

from datetime import timedelta

import pytest
from notification_service.__main__ import main
from notification_service.domain.access import ANONYMOUS
from notification_service.domain.model import ActingPerson, Channel
from notification_service.store.person_data import retention_rules
from notification_service.store.tables import DispatchRow, InboxRow
from notification_service.usecases.announcements import Accepted, Announcements
from notification_service.usecases.person_data import Contacts
from shared_lib.cli.data import run_retention
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Rejected, Unreachable
from shared_lib.outbox import Dispatcher, dead_letters
from shared_lib.privacy.retention import BATCH
from shared_lib_testing.issuer import Issuer
from sqlalchemy import func, insert, select

from ..builders import A_MOMENT, a_contact, a_context, an_announcement
from ..fakes import FakeMailer, MovableClock
from .announcing import EXPIRED, rows

pytestmark = pytest.mark.usefixtures("people")
Output = pytest.CaptureFixture[str]
BY_OLA = an_announcement(context=a_context(acted_by=ActingPerson(id="coordinator-007", name="Ola Hansen")))
MESSAGE_DAYS, INBOX_RETENTION_DAYS = 90, 365


@pytest.fixture
def environ(issuer: Issuer, database_url: str) -> dict[str, str]:
    return issuer.environ(
        DATABASE_URL=database_url,
        ACKNOWLEDGEMENT_URL="http://127.0.0.1:9",
        SMTP_URL="smtp://127.0.0.1:9",
        MAIL_FROM="likeperson@portal.example",
    )


def purge(database: Database, clock: MovableClock, *, message_days: int = MESSAGE_DAYS) -> None:
    rules = retention_rules(now=clock(), message_days=message_days, inbox_retention_days=INBOX_RETENTION_DAYS)
    assert run_retention(database, rules) == 0


def names(database: Database) -> list[str | None]:
    with database.begin(all_tenants("test")) as session:
        return list(session.scalars(select(DispatchRow.acted_by_name).order_by(DispatchRow.id)))


def inbox(database: Database) -> int:
    with database.begin(all_tenants("test")) as session:
        return session.scalar(select(func.count()).select_from(InboxRow)) or 0


def in_the_app(contacts: Contacts) -> None:
    contacts.put(people=[a_contact(channels=(Channel.EMAIL, Channel.IN_APP), version=2)])


def test_the_name_of_an_acting_person_is_deleted_when_the_messages_ended_long_ago(
    announcements: Announcements, database: Database, clock: MovableClock
) -> None:
    announcements.announce(BY_OLA, ANONYMOUS)

    clock.pass_by(days=MESSAGE_DAYS)
    purge(database, clock)
    kept = names(database)
    clock.pass_by(minutes=1)
    purge(database, clock)

    assert (kept, names(database)) == (["Ola Hansen"], [None])


def test_the_name_stays_while_a_message_is_queued(
    announcements: Announcements, database: Database, clock: MovableClock, mailer: FakeMailer, dispatcher: Dispatcher
) -> None:
    mailer.failures = {"kari.nordmann@lhl.example": Unreachable("down")}
    announcements.announce(BY_OLA, ANONYMOUS)

    clock.pass_by(days=MESSAGE_DAYS + 1)
    purge(database, clock)
    assert names(database) == ["Ola Hansen"]

    dispatcher.run_once()  # gives it up: it is too old
    purge(database, clock)
    assert names(database) == ["Ola Hansen"]
    clock.pass_by(days=MESSAGE_DAYS + 1)
    purge(database, clock)
    assert names(database) == [None]


def test_a_message_that_is_replayed_after_that_has_a_whole_text(
    announcements: Announcements, database: Database, clock: MovableClock, mailer: FakeMailer, dispatcher: Dispatcher
) -> None:
    mailer.failures = {"kari.nordmann@lhl.example": Rejected("smtp_550")}
    announcements.announce(BY_OLA, ANONYMOUS)
    clock.pass_by(days=MESSAGE_DAYS + 1)
    purge(database, clock)

    mailer.failures, mailer.taken = {}, []
    with database.begin(all_tenants("test")) as session:
        (row,) = dead_letters.newest(session, limit=9)
        assert dead_letters.replay(session, row.id, now=clock())
    dispatcher.run_once()

    (mail,) = mailer.taken
    assert mail.text.paragraphs[0] == "Koordinator har registrert en pause for deg som likeperson i LHL."


def test_inbox_texts_are_deleted_after_their_time(
    announcements: Announcements, contacts: Contacts, database: Database, clock: MovableClock
) -> None:
    in_the_app(contacts)
    announcements.announce(EXPIRED, ANONYMOUS)

    clock.pass_by(days=INBOX_RETENTION_DAYS)
    purge(database, clock)
    kept = inbox(database)
    clock.pass_by(minutes=1)
    purge(database, clock)

    assert (kept, inbox(database)) == (1, 0)


def test_a_duplicate_is_found_after_the_texts_are_gone(
    announcements: Announcements, contacts: Contacts, database: Database, clock: MovableClock, mailer: FakeMailer
) -> None:
    in_the_app(contacts)
    first = announcements.announce(EXPIRED, ANONYMOUS)
    sent = len(mailer.taken)

    clock.pass_by(days=INBOX_RETENTION_DAYS + 1)
    purge(database, clock)
    again = announcements.announce(EXPIRED, ANONYMOUS)

    def ids(accepted: Accepted) -> list[str]:
        return [message.message_id for message in accepted.dispatch.messages]

    assert (again.status, rows(again), ids(again)) == (200, rows(first), ids(first))
    assert len(mailer.taken) == sent


def test_more_than_a_batch_goes_in_one_run_and_a_second_one_changes_nothing(
    announcements: Announcements, database: Database, clock: MovableClock, environ: dict[str, str], capsys: Output
) -> None:
    clock.now = A_MOMENT - timedelta(days=INBOX_RETENTION_DAYS)
    announcements.announce(BY_OLA, ANONYMOUS)
    many = BATCH + 10
    with database.begin(all_tenants("test")) as session:
        table = DispatchRow.__table__
        others = [column.name for column in table.columns if column.name not in ("id", "natural_key", "number")]
        series = func.generate_series(1, many).table_valued("n").render_derived()
        copies = select(func.gen_random_uuid(), func.concat("copy:", series.c.n), *(table.c[name] for name in others))
        copies = copies.select_from(series.join(table, series.c.n > 0))
        session.execute(insert(DispatchRow).from_select(["id", "natural_key", *others], copies))

    assert [main(["retention", "run"], environ), main(["retention", "run"], environ)] == [0, 0]

    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Removed: ")]
    assert said == [
        f"Removed: {many + 1} names, 0 inbox texts, 0 keys, 2 closed deliveries.",
        "Removed: 0 names, 0 inbox texts, 0 keys, 0 closed deliveries.",
    ]


def test_no_days_mean_never(announcements: Announcements, database: Database, clock: MovableClock) -> None:
    announcements.announce(BY_OLA, ANONYMOUS)

    clock.pass_by(days=3650)
    purge(database, clock, message_days=0)

    assert names(database) == ["Ola Hansen"]
