"""Row-level security: the database itself keeps organisations apart, whatever the queries ask for."""

from datetime import timedelta

import pytest
from notification_service.domain.access import ANONYMOUS, ORG_ADMIN, Principal
from notification_service.domain.lapses import Certification, ClosedReason
from notification_service.domain.model import Channel, Notice
from notification_service.store.tables import GRANTS
from notification_service.usecases.announcements import Announcements
from notification_service.usecases.person_data import Contacts
from shared_lib.agenda import AgendaLoop
from shared_lib.database.roles import BASE_PRIVILEGES
from shared_lib.database.row_level_security import all_tenants, tenant
from shared_lib.errors import Unreachable
from shared_lib.idempotency import RequestKey
from shared_lib_testing import row_level_security
from shared_lib_testing.postgres import Addresses

from ..builders import A_MOMENT, a_contact, a_coordinator, an_announcement, an_organisation
from ..fakes import FakeMailer, MovableClock

EVERYTHING = all_tenants("test")
ORGANISATIONS = ("lhl", "nhf")


def an_admin_of(organisation_id: str) -> Principal:
    return Principal(id="admin", roles=frozenset({ORG_ADMIN}), organisation_id=organisation_id)


@pytest.fixture
def two_full_organisations(
    contacts: Contacts, announcements: Announcements, mailer: FakeMailer, agenda: AgendaLoop, clock: MovableClock
) -> None:
    """Rows of both in every table: a notice in the app, a mail that was sent and one that waits, a lapse that waits."""
    for name in ORGANISATIONS:
        mentor = a_contact(id=f"mentor-{name}", organisation_id=name, coordinator_id=f"coordinator-{name}")
        coordinator = a_coordinator(
            id=f"coordinator-{name}", organisation_id=name, channels=(Channel.EMAIL, Channel.IN_APP)
        )
        contacts.put(organisations=[an_organisation(id=name)], people=[mentor, coordinator])
        contacts.lapse_news.certification(
            Certification(
                mentor_id=mentor.id, organisation_id=name, expires_at=A_MOMENT, reason=ClosedReason.RENEWED, version=1
            )
        )
        for failure, notice in ((None, Notice.PAUSE_ACTIVATED), (Unreachable("down"), Notice.PAUSE_LIFTED)):
            mailer.failure = failure
            key = RequestKey(principal=name, operation=notice, key="1", fingerprint=b"")
            announcements.announce(an_announcement(notice, mentor_id=mentor.id), an_admin_of(name), key=key)
    for expiry_date in (A_MOMENT, A_MOMENT + timedelta(days=400)):
        for name in ORGANISATIONS:
            expired = an_announcement(Notice.CERT_EXPIRY, mentor_id=f"mentor-{name}", expiry_date=expiry_date)
            announcements.announce(expired, an_admin_of(name))
        if expiry_date == A_MOMENT:  # the first one's reminder is decided, the second one's facts have changed
            clock.now = agenda.poll() or clock.now
            agenda.poll()


def test_without_an_organisation_there_is_nothing_to_see(two_full_organisations: None, addresses: Addresses) -> None:
    filled = row_level_security.visible_rows(addresses, EVERYTHING)

    assert set(filled) | set(row_level_security.TABLES_WITHOUT_TENANT) >= set(row_level_security.tables_of(addresses))
    assert row_level_security.visible_rows(addresses) == {}


def test_every_row_is_seen_within_its_own_organisation_alone(
    two_full_organisations: None, addresses: Addresses
) -> None:
    everything = row_level_security.visible_rows(addresses, EVERYTHING)
    lhl, nhf = (row_level_security.visible_rows(addresses, tenant(name)) for name in ORGANISATIONS)

    assert lhl == nhf == {table: rows // 2 for table, rows in everything.items()}
    assert row_level_security.visible_rows(addresses, tenant("nobody")) == {}


def test_nothing_is_written_into_another_organisation(two_full_organisations: None, addresses: Addresses) -> None:
    assert row_level_security.tables_accepting(addresses, tenant("lhl"), rows_of=tenant("nhf")) == []
    assert not any(row_level_security.deleted_rows(addresses, tenant("nobody"), GRANTS).values())


def test_a_key_used_in_two_organisations_is_two_keys(
    two_full_organisations: None, announcements: Announcements, mailer: FakeMailer
) -> None:
    mailer.failure = None
    key = RequestKey(principal="lhl", operation=Notice.PAUSE_ACTIVATED, key="1", fingerprint=b"")

    def is_replay(principal: Principal) -> bool:
        return announcements.announce(an_announcement(mentor_id="mentor-nhf"), principal, key=key).is_replay

    assert [is_replay(an_admin_of("nhf")) for _ in range(2)] == [False, True]
    assert [is_replay(ANONYMOUS) for _ in range(2)] == [False, True]


def test_the_roles_may_do_what_is_written_down_and_nothing_else(addresses: Addresses) -> None:
    tables = row_level_security.tables_of(addresses)

    assert row_level_security.privileges_of(addresses, "app") == row_level_security.declared_privileges(
        {**GRANTS, **BASE_PRIVILEGES}
    )
    assert row_level_security.privileges_of(addresses, "read") == {key: {"SELECT"} for key in tables}
