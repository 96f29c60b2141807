"""Reading the audit log: pages of entries, newest first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, DateTime, literal, or_, select, tuple_

from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants, tenant
from shared_lib.pagination import Cursor, PageRequest, Slice

from .table import ENTRIES

_POSITION = (ENTRIES.c.at, ENTRIES.c.id)


AuditEntry = Mapping[str, Any]
"""The columns of an entry; `details` name the person as well."""


@dataclass(frozen=True, kw_only=True)
class AuditFilters:
    """None does not narrow. `object_id` is an object's or a person's id. `since` is included, `until` is not.
    `details` holds members of an entry's details with the values that they must have.
    """

    actor_id: str | None = None
    action: str | None = None
    object_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    details: Mapping[str, str] = field(default_factory=dict)

    def conditions(self) -> list[ColumnElement[bool]]:
        """What a row of the table must fulfil, as SQL."""
        equal = ((ENTRIES.c.actor_id, self.actor_id), (ENTRIES.c.action, self.action))
        found = [column == value for column, value in equal if value is not None]
        if self.object_id is not None:
            found.append(or_(ENTRIES.c.object_id == self.object_id, ENTRIES.c.subject_id == self.object_id))
        if self.since is not None:
            found.append(ENTRIES.c.at >= self.since)
        if self.until is not None:
            found.append(ENTRIES.c.at < self.until)
        return [*found, *(ENTRIES.c.details[name].astext == value for name, value in self.details.items())]


@dataclass(frozen=True, kw_only=True)
class AuditLog:
    """The audit log of one service. `subject` is the name that `details` give the person whom an entry is about."""

    database: Database
    subject: str

    def page(self, filters: AuditFilters, request: PageRequest, *, organisation_id: str | None) -> Slice[AuditEntry]:
        """Entries of one organisation, or with None all entries. Counts nothing. Raises Unavailable."""
        scope = all_tenants("global_admin") if organisation_id is None else tenant(organisation_id)
        conditions = [*filters.conditions(), *_beyond(request)]
        if organisation_id is not None:
            conditions.append(ENTRIES.c.organisation_id == organisation_id)
        order = _POSITION if request.is_backwards else [column.desc() for column in _POSITION]
        query = select(ENTRIES).where(*conditions).order_by(*order).offset(request.offset).limit(request.limit + 1)
        with self.database.begin(scope) as session:
            rows = session.execute(query).mappings().all()
        entries = [{**row, "details": {self.subject: row["subject_id"], **row["details"]}} for row in rows]
        return Slice.cut(entries, request, lambda entry: Cursor(entry["at"], entry["id"]))


def _beyond(request: PageRequest) -> list[ColumnElement[bool]]:
    if request.cursor is None:
        return []
    position = tuple_(*_POSITION)
    cursor = tuple_(literal(request.cursor.moment, DateTime(timezone=True)), literal(request.cursor.id, BigInteger))
    return [position > cursor if request.is_backwards else position < cursor]
