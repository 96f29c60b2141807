"""Our copy of people and organisations."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from notification_service.domain.model import Channel, Contact, Organisation

from .tables import ContactRow, OrganisationRow, columns_of


def find(session: Session, contact_id: str, *, organisation_id: str) -> Contact | None:
    return known(session, [contact_id], organisation_id=organisation_id).get(contact_id)


def lock(session: Session, contact_id: str, *, organisation_id: str | None) -> Contact | None:
    """The contact, held against other announcements about this person until the transaction ends.

    Without an organisation of whichever it is: the contract lets a mentor be named alone.
    """
    query = select(ContactRow).where(ContactRow.id == contact_id)
    if organisation_id is not None:
        query = query.where(ContactRow.organisation_id == organisation_id)
    row = session.scalars(query.with_for_update(key_share=True)).one_or_none()
    return _contact(row) if row else None


def known(session: Session, contact_ids: Iterable[str], *, organisation_id: str) -> dict[str, Contact]:
    """Those of them whom we know in the organisation."""
    own = ContactRow.organisation_id == organisation_id
    rows = session.scalars(select(ContactRow).where(ContactRow.id.in_(list(contact_ids)), own))
    return {row.id: _contact(row) for row in rows}


def organisation(session: Session, organisation_id: str) -> Organisation:
    """What we know of it, or the defaults when its news has not reached us yet."""
    row = session.get(OrganisationRow, organisation_id)
    if row is None:
        return Organisation.unheard_of(organisation_id)
    return Organisation(**{**columns_of(row), "admin_ids": tuple(row.admin_ids)})


def put(session: Session, *, organisations: Sequence[Organisation], contacts: Sequence[Contact]) -> None:
    """Keep the newest of each by version: repeated and overtaken news changes nothing."""
    _upsert(session, OrganisationRow, [_organisation_values(item) for item in organisations])
    _upsert(session, ContactRow, [_contact_values(item) for item in contacts])


def _upsert(session: Session, table: type[OrganisationRow | ContactRow], rows: list[dict[str, Any]]) -> None:
    newest: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["version"]):
        newest[row["id"]] = row
    if not newest:
        return
    # In order of id, so that two batches never wait for each other.
    insertion = insert(table).values([newest[key] for key in sorted(newest)])
    news = {column.name: column for column in insertion.excluded if column.name != "id"}
    session.execute(
        insertion.on_conflict_do_update(
            index_elements=["id"], set_=news, where=table.version < insertion.excluded.version
        )
    )


def _contact(row: ContactRow) -> Contact:
    return Contact(**{**columns_of(row), "channels": tuple(Channel(name) for name in row.channels)})


def _contact_values(contact: Contact) -> dict[str, Any]:
    return {**vars(contact), "channels": [channel.value for channel in contact.channels]}


def _organisation_values(organisation: Organisation) -> dict[str, Any]:
    return {**vars(organisation), "admin_ids": list(organisation.admin_ids)}
