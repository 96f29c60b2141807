"""Contacts as the notification service gets them, and which of them have changed since they were last sent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, CTE, Select, Text, cast, false, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from orchestrator_service.domain.holidays import days_off
from orchestrator_service.domain.ports import Contacts, NoticeSettings, OrganisationContact, PersonContact
from orchestrator_service.domain.settings import Settings

from . import people as directory
from . import settings
from .tables import (
    ContactRow,
    MembershipRow,
    OrganisationContactRow,
    OrganisationRow,
    OrganisationSettingsRow,
    PersonRow,
)

BATCH = 200
DAYS_AHEAD = 400
"""For how many days the days off are sent, at least: they are sent again each month."""
MONTH = 31


@dataclass(frozen=True, kw_only=True)
class ChangedContacts:
    """People of one organisation whose contact is to be sent again; the organisation goes with every batch."""

    organisation_id: str
    people: list[str]


def record_changes(session: Session, *, at: datetime) -> Iterator[ChangedContacts]:
    """Give every contact that differs, at this time, from what was last sent a new version; yields them in batches."""
    for organisation_id in _changed_organisations(session, at):
        yield ChangedContacts(organisation_id=organisation_id, people=[])
    for organisation_id, people in _changed_people(session, at):
        yield ChangedContacts(organisation_id=organisation_id, people=people)


def forget_sent(session: Session) -> None:
    """Let every contact of the transaction's tenant differ from what was last sent."""
    for table in (OrganisationContactRow, ContactRow):
        session.execute(update(table).values(digest=b""))


def batch(session: Session, organisation_id: str, people: Sequence[str], *, at: datetime) -> Contacts:
    """The contacts as they are at this time, which may be newer than when their outbox message was stored."""
    found = settings.get(session, organisation_id)
    row = (
        session.execute(
            _organisations()
            .add_columns(OrganisationContactRow.version)
            .join(OrganisationContactRow, OrganisationContactRow.organisation_id == OrganisationRow.id)
            .where(OrganisationRow.id == organisation_id)
        )
        .mappings()
        .one()
    )
    own = _notice_settings(found.settings if found else Settings(), at=at)
    organisation = OrganisationContact(**{**row, "admin_ids": tuple(row["admin_ids"])}, settings=own)
    rows = session.execute(
        _people(at, people)
        .add_columns(ContactRow.version)
        .join(ContactRow, ContactRow.person_id == PersonRow.id)
        .where(PersonRow.organisation_id == organisation_id)
    )
    contacts = (PersonContact(**{**row, "channels": tuple(row["channels"])}) for row in rows.mappings())
    return Contacts(organisation=organisation, people=tuple(contacts))


def _organisations() -> Select[*tuple[Any, ...]]:
    first_admins = (
        select(PersonRow.id)
        .where(PersonRow.organisation_id == OrganisationRow.id, PersonRow.is_admin)
        .order_by(PersonRow.id)
        .limit(directory.MAX_ADMINS)
        .scalar_subquery()
    )
    query: Select[*tuple[Any, ...]] = select(
        OrganisationRow.id,
        OrganisationRow.name,
        OrganisationRow.locale,
        OrganisationRow.time_zone,
        OrganisationRow.mentor_word,
        OrganisationRow.coordinator_word,
        OrganisationRow.reply_to,
        func.array(first_admins, type_=ARRAY(Text)).label("admin_ids"),
    )
    return query


def _people(at: datetime, ids: Sequence[str] | None = None) -> Select[*tuple[Any, ...]]:
    """The contacts of all people, or of the people named; never of a person whose data were removed."""
    coordinators = directory.all_responsible(at)
    if ids is not None:
        coordinators = coordinators.where(MembershipRow.mentor_id.in_(ids))
    of_mentor = coordinators.subquery()
    roles = (PersonRow.is_mentor, PersonRow.is_coordinator, PersonRow.is_admin)
    query = select(
        PersonRow.id,
        PersonRow.organisation_id,
        PersonRow.name,
        PersonRow.email,
        PersonRow.push_token,
        PersonRow.channels,
        PersonRow.locale,
        of_mentor.c.coordinator_id,
        func.coalesce(PersonRow.is_mentor, false()).label("is_mentor"),
        or_(*(func.coalesce(role, false()) for role in roles)).label("active"),
    ).outerjoin(of_mentor, of_mentor.c.mentor_id == PersonRow.id)
    query = query.where(PersonRow.erased_at.is_(None))
    return query if ids is None else query.where(PersonRow.id.in_(ids)).order_by(PersonRow.id)


def _notice_settings(own: Settings, *, at: datetime) -> NoticeSettings:
    first = at.date().replace(day=1)
    return NoticeSettings(
        lapse_reminder_days=own.lapse_reminder_days,
        lapse_escalation_days=own.lapse_escalation_days,
        send_time=own.send_time,
        quiet_from=own.quiet_from,
        quiet_until=own.quiet_until,
        working_days=own.working_days,
        holidays=tuple(days_off(first, days=DAYS_AHEAD + MONTH, holidays=own.holidays, extra=own.extra_holidays)),
    )


def _changed_organisations(session: Session, at: datetime) -> list[str]:
    """Those with other words, admins or settings than were sent, or with days off of another month."""
    document = select(OrganisationSettingsRow.document).where(
        OrganisationSettingsRow.organisation_id == OrganisationRow.id
    )
    sent = _organisations().add_columns(document.scalar_subquery(), literal(f"{at:%Y-%m}").label("month"))
    changed = _versioned(OrganisationContactRow.organisation_id, sent)
    return sorted(session.scalars(select(changed.c.organisation_id)))


def _changed_people(session: Session, at: datetime) -> list[tuple[str, list[str]]]:
    changed = _versioned(ContactRow.person_id, _people(at))
    turn = func.row_number().over(partition_by=PersonRow.organisation_id, order_by=PersonRow.id) - 1
    numbered = (
        select(PersonRow.id, PersonRow.organisation_id, (turn // literal(BATCH)).label("batch"))
        .join(changed, changed.c.person_id == PersonRow.id)
        .subquery()
    )
    batches = select(numbered.c.organisation_id, func.array_agg(numbered.c.id)).group_by(
        numbered.c.organisation_id, numbered.c.batch
    )
    return [(row[0], row[1]) for row in session.execute(batches)]


def _versioned(key: InstrumentedAttribute[str], contacts: Select[*tuple[Any, ...]]) -> CTE:
    """Gives every contact that differs from what was last sent its digest and a new version; holds their keys."""
    now, sent = _digested(contacts), key.class_
    query = insert(sent).from_select(
        [key.name, "digest", "version"],
        select(now.c.id, now.c.digest, func.version_after(0))
        .outerjoin(sent, key == now.c.id)
        .where(sent.digest.is_distinct_from(now.c.digest)),
    )
    newer = {"digest": query.excluded.digest, "version": func.version_after(sent.version)}
    query = query.on_conflict_do_update(index_elements=[key.name], set_=newer)
    return query.returning(key).cte("changed")


def _digested(contacts: Select[*tuple[Any, ...]]) -> Any:
    """Each contact's id and a digest of all that is sent of it."""
    sent = contacts.subquery()
    text = cast(func.jsonb_build_array(*sent.c), Text)
    return select(sent.c.id, func.sha256(func.convert_to(text, "UTF8")).label("digest")).subquery()
