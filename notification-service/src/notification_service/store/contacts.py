"""Our copy of people and organisations."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import date, time
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from notification_service.domain.model import Channel, Contact, NoticeSettings, Organisation

from .tables import Base, ContactRow, OrganisationRow

_CONTACT_FIELDS = [field.name for field in fields(Contact) if field.name != "is_erased"]
_ORGANISATION_FIELDS = [field.name for field in fields(Organisation) if field.name != "settings"]
_CONTACT, _ORGANISATION = Base.metadata.tables["contact"], Base.metadata.tables["organisation"]


def contact_columns(table: FromClause) -> list[ColumnElement[Any]]:
    """The columns of `contact`, or of an alias of it, that `contact_of` takes, in its order."""
    return [table.c[name] for name in [*_CONTACT_FIELDS, "erased_at"]]


def organisation_columns() -> list[ColumnElement[Any]]:
    """The columns that `organisation_of` takes, in its order."""
    return [_ORGANISATION.c[name] for name in _ORGANISATION_FIELDS]


# Statements are built once: building one takes longer than PostgreSQL needs for it.
_IS_OWN = _CONTACT.c.organisation_id == bindparam("organisation_id")
_BY_IDS = select(*contact_columns(_CONTACT)).where(_CONTACT.c.id.in_(bindparam("ids", expanding=True)), _IS_OWN)
_LOCKED = (
    select(*contact_columns(_CONTACT), *organisation_columns())
    .outerjoin_from(_CONTACT, _ORGANISATION, _ORGANISATION.c.id == _CONTACT.c.organisation_id)
    .where(_CONTACT.c.id == bindparam("contact_id"))
    .with_for_update(of=_CONTACT, key_share=True)
)
_LOCKED_OWN = _LOCKED.where(_IS_OWN)
CONTACT_WIDTH = len(contact_columns(_CONTACT))


def find(session: Session, contact_ids: Collection[str], *, organisation_id: str) -> dict[str, Contact]:
    """Those of them who are known in the organisation, by id."""
    if not contact_ids:
        return {}
    rows = session.execute(_BY_IDS, {"ids": list(contact_ids), "organisation_id": organisation_id})
    found = [_known_contact(row) for row in rows]
    return {contact.id: contact for contact in found}


def lock(session: Session, contact_id: str, *, organisation_id: str | None) -> tuple[Contact, Organisation] | None:
    """The contact and its organisation; the contact stays locked against other announcements about this person.

    Without an organisation, of whichever it is: the contract lets a client name a mentor alone.
    """
    values = {"contact_id": contact_id, "organisation_id": organisation_id}
    row = session.execute(_LOCKED if organisation_id is None else _LOCKED_OWN, values).one_or_none()
    if row is None:
        return None
    contact = _known_contact(row[:CONTACT_WIDTH])
    return contact, organisation_of(row[CONTACT_WIDTH:], contact.organisation_id)


def put(session: Session, *, organisations: Sequence[Organisation], contacts: Sequence[Contact]) -> int:
    """Store the newest version of each: a repeated or older one changes nothing, nor does any for an erased person.

    Returns how many are older than what is stored.
    """
    older = _upsert(session, OrganisationRow, [_organisation_values(item) for item in organisations])
    is_kept = ContactRow.erased_at.is_(None)
    return older + _upsert(session, ContactRow, [_contact_values(item) for item in contacts], is_kept)


def settings_of(session: Session, organisation_id: str) -> tuple[NoticeSettings, str]:
    """The settings and the time zone: the defaults for an organisation without any, or that has not arrived yet."""
    columns = select(OrganisationRow.settings, OrganisationRow.time_zone)
    row = session.execute(columns.where(OrganisationRow.id == organisation_id)).one_or_none()
    if row is None:
        return NoticeSettings(), Organisation.unknown(organisation_id).time_zone
    document, time_zone = row
    if document is None:
        return NoticeSettings(), time_zone
    values = {
        **document,
        "send_time": time.fromisoformat(document["send_time"]),
        "quiet_from": time.fromisoformat(document["quiet_from"]),
        "quiet_until": time.fromisoformat(document["quiet_until"]),
        "working_days": tuple(document["working_days"]),
        "holidays": tuple(date.fromisoformat(day) for day in document["holidays"]),
    }
    return NoticeSettings(**values), time_zone


def contact_of(row: Sequence[Any]) -> Contact | None:
    """From the values of `contact_columns`; None for those of an outer join that found no contact."""
    return _known_contact(row) if row[0] is not None else None


def organisation_of(row: Sequence[Any], organisation_id: str) -> Organisation:
    """From the values of `organisation_columns`; the defaults for those of an outer join that found no organisation.

    Contacts may arrive before their organisation.
    """
    if row[0] is None:
        return Organisation.unknown(organisation_id)
    values = dict(zip(_ORGANISATION_FIELDS, row, strict=True))
    return Organisation(**{**values, "admin_ids": tuple(values["admin_ids"])})


def _known_contact(row: Sequence[Any]) -> Contact:
    *members, erased_at = row
    values = dict(zip(_CONTACT_FIELDS, members, strict=True))
    channels = tuple(Channel(name) for name in values["channels"])
    return Contact(**{**values, "channels": channels, "is_erased": erased_at is not None})


def _upsert(
    session: Session,
    table: type[OrganisationRow | ContactRow],
    rows: list[dict[str, Any]],
    *conditions: ColumnElement[bool],
) -> int:
    newest: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["version"]):
        newest[row["id"]] = row
    if not newest:
        return 0
    # In order of id, so that two batches never wait for each other.
    insertion = insert(table).values([newest[key] for key in sorted(newest)])
    updated = {column.name: column for column in insertion.excluded if column.name in rows[0] and column.name != "id"}
    session.execute(
        insertion.on_conflict_do_update(
            index_elements=["id"], set_=updated, where=and_(table.version < insertion.excluded.version, *conditions)
        )
    )
    stored = session.execute(select(table.id, table.version).where(table.id.in_(newest), *conditions))
    return sum(version > newest[key]["version"] for key, version in stored)


def _contact_values(contact: Contact) -> dict[str, Any]:
    values = {name: getattr(contact, name) for name in _CONTACT_FIELDS}
    return {**values, "channels": [channel.value for channel in contact.channels]}


def _organisation_values(organisation: Organisation) -> dict[str, Any]:
    own = organisation.settings
    return {
        **vars(organisation),
        "admin_ids": list(organisation.admin_ids),
        "settings": None if own is None else _document(own),
    }


def _document(own: NoticeSettings) -> dict[str, Any]:
    return {
        **vars(own),
        "send_time": own.send_time.isoformat(),
        "quiet_from": own.quiet_from.isoformat(),
        "quiet_until": own.quiet_until.isoformat(),
        "holidays": [day.isoformat() for day in own.holidays],
    }
