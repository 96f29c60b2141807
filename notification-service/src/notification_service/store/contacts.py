"""Our copy of people and organisations."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from shared_lib.statements import ask, ask_one
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from notification_service.domain.model import Channel, Contact, Organisation

from .tables import ContactRow, OrganisationRow, columns_of


def _columns(kind: type[Contact] | type[Organisation]) -> str:
    return ", ".join(field.name for field in fields(kind))


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


# Read for every single mail: past the mapped classes, whose making costs several times the reading.
_KNOWN = f"""
SELECT {_columns(Contact)} FROM contact WHERE id = ANY(%(ids)s) AND organisation_id = %(organisation_id)s
"""  # noqa: S608 - our own fields
_ERASED = "SELECT 1 FROM contact WHERE id = %(id)s AND erased_at IS NOT NULL"
_ORGANISATION = f"SELECT {_columns(Organisation)} FROM organisation WHERE id = %(id)s"  # noqa: S608 - our own fields


def known(session: Session, contact_ids: Iterable[str], *, organisation_id: str) -> dict[str, Contact]:
    """Those of them whom we know in the organisation."""
    rows = ask(session, _KNOWN, {"ids": list(contact_ids), "organisation_id": organisation_id})
    return {row.id: _contact_of(row._asdict()) for row in rows}


def organisation(session: Session, organisation_id: str) -> Organisation:
    """What we know of it, or the defaults when its news has not reached us yet."""
    row = ask_one(session, _ORGANISATION, {"id": organisation_id})
    if row is None:
        return Organisation.unheard_of(organisation_id)
    return Organisation(**{**row._asdict(), "admin_ids": tuple(row.admin_ids)})


def is_erased(session: Session, contact_id: str) -> bool:
    """Were this person's data removed?"""
    return ask_one(session, _ERASED, {"id": contact_id}) is not None


def put(session: Session, *, organisations: Sequence[Organisation], contacts: Sequence[Contact]) -> None:
    """Keep the newest of each by version: repeated and overtaken news changes nothing, and none of an erased person."""
    _upsert(session, OrganisationRow, [_organisation_values(item) for item in organisations])
    _upsert(session, ContactRow, [_contact_values(item) for item in contacts], ContactRow.erased_at.is_(None))


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
    news = {column.name: column for column in insertion.excluded if column.name in rows[0] and column.name != "id"}
    session.execute(
        insertion.on_conflict_do_update(
            index_elements=["id"], set_=news, where=and_(table.version < insertion.excluded.version, *conditions)
        )
    )


def _contact(row: ContactRow) -> Contact:
    values = columns_of(row)
    del values["erased_at"]
    return _contact_of(values)


def _contact_of(values: dict[str, Any]) -> Contact:
    return Contact(**{**values, "channels": tuple(Channel(name) for name in values["channels"])})


def _contact_values(contact: Contact) -> dict[str, Any]:
    return {**vars(contact), "channels": [channel.value for channel in contact.channels]}


def _organisation_values(organisation: Organisation) -> dict[str, Any]:
    return {**vars(organisation), "admin_ids": list(organisation.admin_ids)}
