"""Our copy of people and organisations."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from notification_service.domain.model import Channel, Contact, Organisation

from .tables import ContactRow, OrganisationRow

_CONTACT_COLUMNS = [field.name for field in fields(Contact) if field.name != "is_erased"]
_ORGANISATION_COLUMNS = [field.name for field in fields(Organisation)]


# Statements are built once: building one takes longer than PostgreSQL needs for it.
_IS_OWN = ContactRow.organisation_id == bindparam("organisation_id")
_BY_IDS = select(ContactRow).where(ContactRow.id.in_(bindparam("ids", expanding=True)), _IS_OWN)
_LOCKED = (
    select(ContactRow, OrganisationRow)
    .outerjoin(OrganisationRow, OrganisationRow.id == ContactRow.organisation_id)
    .where(ContactRow.id == bindparam("contact_id"))
    .with_for_update(of=ContactRow, key_share=True)
)
_LOCKED_OWN = _LOCKED.where(_IS_OWN)


def find(session: Session, contact_ids: Collection[str], *, organisation_id: str) -> dict[str, Contact]:
    """Those of them who are known in the organisation, by id."""
    if not contact_ids:
        return {}
    rows = session.scalars(_BY_IDS, {"ids": list(contact_ids), "organisation_id": organisation_id})
    return {row.id: contact_of(row) for row in rows}


def lock(session: Session, contact_id: str, *, organisation_id: str | None) -> tuple[Contact, Organisation] | None:
    """The contact and its organisation; the contact stays locked against other announcements about this person.

    Without an organisation, of whichever it is: the contract lets a client name a mentor alone.
    """
    values = {"contact_id": contact_id, "organisation_id": organisation_id}
    found = session.execute(_LOCKED if organisation_id is None else _LOCKED_OWN, values).one_or_none()
    if found is None:
        return None
    contact, organisation = found
    return contact_of(contact), organisation_of(organisation, contact.organisation_id)


def put(session: Session, *, organisations: Sequence[Organisation], contacts: Sequence[Contact]) -> None:
    """Store the newest version of each: a repeated or older one changes nothing, nor does any for an erased person."""
    _upsert(session, OrganisationRow, [_organisation_values(item) for item in organisations])
    _upsert(session, ContactRow, [_contact_values(item) for item in contacts], ContactRow.erased_at.is_(None))


def contact_of(row: ContactRow) -> Contact:
    values = {name: getattr(row, name) for name in _CONTACT_COLUMNS}
    channels = tuple(Channel(name) for name in row.channels)
    return Contact(**{**values, "channels": channels, "is_erased": row.erased_at is not None})


def organisation_of(row: OrganisationRow | None, organisation_id: str) -> Organisation:
    """The defaults without a row: contacts may arrive before their organisation."""
    if row is None:
        return Organisation.unknown(organisation_id)
    values = {name: getattr(row, name) for name in _ORGANISATION_COLUMNS}
    return Organisation(**{**values, "admin_ids": tuple(row.admin_ids)})


def _upsert(
    session: Session,
    table: type[OrganisationRow | ContactRow],
    rows: list[dict[str, Any]],
    *conditions: ColumnElement[bool],
) -> None:
    newest: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["version"]):
        newest[row["id"]] = row
    if not newest:
        return
    # In order of id, so that two batches never wait for each other.
    insertion = insert(table).values([newest[key] for key in sorted(newest)])
    updated = {column.name: column for column in insertion.excluded if column.name in rows[0] and column.name != "id"}
    session.execute(
        insertion.on_conflict_do_update(
            index_elements=["id"], set_=updated, where=and_(table.version < insertion.excluded.version, *conditions)
        )
    )


def _contact_values(contact: Contact) -> dict[str, Any]:
    values = {name: getattr(contact, name) for name in _CONTACT_COLUMNS}
    return {**values, "channels": [channel.value for channel in contact.channels]}


def _organisation_values(organisation: Organisation) -> dict[str, Any]:
    return {**vars(organisation), "admin_ids": list(organisation.admin_ids)}
