"""What is read past the mapped classes is what they read."""

from dataclasses import replace

import pytest
from notification_service.domain.model import Status
from notification_service.store import contacts, dispatches, messages
from notification_service.store.messages import Addressed
from notification_service.store.tables import ContactRow, DispatchRow, OrganisationRow, columns_of
from notification_service.usecases.announcements import Announcements
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import tenant
from sqlalchemy import select

from .asking import ANYBODY, EXPIRED

pytestmark = pytest.mark.usefixtures("people")
LHL = "lhl"


def test_people_and_organisations(database: Database) -> None:
    with database.begin(tenant(LHL)) as session:
        mapped = {row.id: columns_of(row) for row in session.scalars(select(ContactRow))}
        assert {columns.pop("erased_at") for columns in mapped.values()} == {None}
        found = contacts.known(session, [*mapped, "nobody"], organisation_id=LHL).value
        held = contacts.lock(session, "mentor-042", organisation_id=LHL).value
        row = session.scalars(select(OrganisationRow)).one()

    assert {key: {**vars(contact), "channels": list(contact.channels)} for key, contact in found.items()} == mapped
    assert held is not None
    mentor, organisation = held
    assert mentor == found["mentor-042"]
    assert {**vars(organisation), "admin_ids": list(organisation.admin_ids)} == columns_of(row)


def test_a_dispatch_with_its_messages(database: Database, announcements: Announcements) -> None:
    told = announcements.announce(EXPIRED, ANYBODY).dispatch
    with database.begin(tenant(LHL)) as session:
        row = session.scalars(select(DispatchRow).where(DispatchRow.id == told.id)).one()
        mapped, messages = columns_of(row), [columns_of(message) for message in row.messages]
        found = dispatches.get(session, told.id, organisation_id=LHL).value

    own = {name: value for name, value in vars(found).items() if name not in ("messages", "acted_by")}
    assert own == {name: mapped[name] for name in own}
    assert [vars(message) for message in found.messages] == [
        {name: message[name] for name in vars(found.messages[0])} for message in messages
    ]


def test_a_message_with_its_dispatch_and_people(database: Database, announcements: Announcements) -> None:
    told = announcements.announce(EXPIRED, ANYBODY).dispatch
    with database.begin(tenant(LHL)) as session:
        whole = dispatches.get(session, told.id, organisation_id=LHL).value
        people = contacts.known(session, [told.mentor_id, told.coordinator_id or ""], organisation_id=LHL).value
        held = contacts.lock(session, told.mentor_id, organisation_id=LHL).value
        found = [messages.addressed(session, message.number, organisation_id=LHL).value for message in whole.messages]
        assert messages.addressed(session, 0, organisation_id=LHL).value is None
    with database.begin(tenant("nhf")) as session:
        assert messages.addressed(session, whole.messages[0].number, organisation_id="nhf").value is None

    assert held is not None
    assert found == [
        Addressed(
            dispatch=replace(whole, messages=(message,)),
            message=message,
            recipient=people[message.recipient_id],
            mentor=people[told.mentor_id],
            organisation=held[1],
        )
        for message in whole.messages
    ]


def test_what_was_sent_stays_so(database: Database, announcements: Announcements) -> None:
    first, *_ = announcements.announce(EXPIRED, ANYBODY).dispatch.messages
    with database.begin(tenant(LHL)) as session:
        messages.settle(session, first.number, Status.FAILED, organisation_id=LHL, at=utc_now(), reason="late")
        found = messages.addressed(session, first.number, organisation_id=LHL).value

    assert first.status is Status.SENT
    assert found is not None
    assert found.message == first


def test_what_is_answered_is_what_would_be_read(database: Database, announcements: Announcements) -> None:
    told = announcements.announce(EXPIRED, ANYBODY).dispatch
    with database.begin(tenant(LHL)) as session:
        assert dispatches.get(session, told.id, organisation_id=LHL).value == told
