"""Our copy of people and organisations."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from shared_lib.pipeline import Later
from shared_lib.statements import send
from sqlalchemy import ColumnElement, and_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from notification_service.domain.model import Channel, Contact, Organisation

from .tables import ContactRow, OrganisationRow

_CONTACT = tuple(field.name for field in fields(Contact))
_ORGANISATION = tuple(field.name for field in fields(Organisation))

# Read for every announcement and every mail: past the mapped classes, whose making costs several times the reading.
_KNOWN = f"""
SELECT {", ".join(_CONTACT)} FROM contact WHERE id = ANY(%(ids)s) AND organisation_id = %(organisation_id)s
"""  # noqa: S608 - our own fields
_ERASED = "SELECT 1 FROM contact WHERE id = %(id)s AND erased_at IS NOT NULL"


def find(session: Session, contact_id: str, *, organisation_id: str) -> Contact | None:
    return known(session, [contact_id], organisation_id=organisation_id).value.get(contact_id)


def known(session: Session, contact_ids: Iterable[str], *, organisation_id: str) -> Later[dict[str, Contact]]:
    """Those of them whom we know in the organisation."""
    answer = send(session, _KNOWN, {"ids": list(contact_ids), "organisation_id": organisation_id})
    return answer.read(lambda rows: {row.id: _contact(row._asdict()) for row in rows})


def contact_columns(table: str) -> str:
    """For a statement that joins `contact` as `table`; `contact_of` reads them."""
    return ", ".join(f"{table}.{name} AS {table}__{name}" for name in _CONTACT)


def contact_of(row: Any, table: str) -> Contact | None:
    """None when the join found nobody."""
    values = {name: getattr(row, f"{table}__{name}") for name in _CONTACT}
    return None if values["id"] is None else _contact(values)


def organisation_columns(table: str) -> str:
    """For a statement that joins `organisation` as `table`; `organisation_of` reads them."""
    return ", ".join(f"{table}.{name} AS {table}__{name}" for name in _ORGANISATION)


def organisation_of(row: Any, table: str) -> Organisation | None:
    """None when the join found none."""
    values = {name: getattr(row, f"{table}__{name}") for name in _ORGANISATION}
    return None if values["id"] is None else _organisation(values)


_HELD = f"""
SELECT {contact_columns("contact")}, {organisation_columns("organisation")}
FROM contact LEFT JOIN organisation ON organisation.id = contact.organisation_id
WHERE contact.id = %(id)s
    AND (%(organisation_id)s::text IS NULL OR contact.organisation_id = %(organisation_id)s)
FOR NO KEY UPDATE OF contact
"""  # noqa: S608 - our own fields


def lock(
    session: Session, contact_id: str, *, organisation_id: str | None
) -> Later[tuple[Contact, Organisation] | None]:
    """The contact and its organisation, held against other announcements about this person until the transaction ends.

    Without an organisation of whichever it is: the contract lets a mentor be named alone.
    """
    return send(session, _HELD, {"id": contact_id, "organisation_id": organisation_id}).read(_held)


def _held(rows: Sequence[Any]) -> tuple[Contact, Organisation] | None:
    contact = contact_of(rows[0], "contact") if rows else None
    if contact is None:
        return None
    return contact, organisation_of(rows[0], "organisation") or Organisation.unheard_of(contact.organisation_id)


def is_erased(session: Session, contact_id: str) -> Later[bool]:
    """Were this person's data removed?"""
    return send(session, _ERASED, {"id": contact_id}).read(bool)


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


def _contact(values: dict[str, Any]) -> Contact:
    return Contact(**{**values, "channels": tuple(Channel(name) for name in values["channels"])})


def _organisation(values: dict[str, Any]) -> Organisation:
    return Organisation(**{**values, "admin_ids": tuple(values["admin_ids"])})


def _contact_values(contact: Contact) -> dict[str, Any]:
    return {**vars(contact), "channels": [channel.value for channel in contact.channels]}


def _organisation_values(organisation: Organisation) -> dict[str, Any]:
    return {**vars(organisation), "admin_ids": list(organisation.admin_ids)}
