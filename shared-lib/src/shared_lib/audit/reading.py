"""Pages of an audit trail, newest first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, DateTime, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from shared_lib.pagination import Cursor, PageRequest, Slice

from .entries import AuditEntry, AuditFilters


@dataclass(frozen=True, kw_only=True)
class TrailColumns:
    """Where a service's own table keeps what every trail has. `about` says which entries a filter by object means."""

    row: type[Any]
    actor_id: InstrumentedAttribute[str]
    action: InstrumentedAttribute[str]
    about: Callable[[str], ColumnElement[bool]]
    entry: Callable[[Any], AuditEntry]

    def page(
        self, session: Session, filters: AuditFilters, request: PageRequest, *, organisation_id: str | None
    ) -> Slice[AuditEntry]:
        """Entries of one organisation, or of all of them and of none with None. Counts nothing."""
        conditions = [*self._conditions(filters, organisation_id), *self._beyond(request)]
        place = (self.row.at, self.row.id)
        order = place if request.is_backwards else [column.desc() for column in place]
        statement = select(self.row).where(*conditions).order_by(*order)
        rows = session.scalars(statement.offset(request.offset).limit(request.limit + 1))
        return Slice.cut([self.entry(row) for row in rows], request, lambda entry: Cursor(entry.at, entry.id))

    def _beyond(self, request: PageRequest) -> list[ColumnElement[bool]]:
        if request.cursor is None:
            return []
        place = tuple_(self.row.at, self.row.id)
        mark = tuple_(literal(request.cursor.moment, DateTime(timezone=True)), literal(request.cursor.id, BigInteger))
        return [place > mark if request.is_backwards else place < mark]

    def _conditions(self, filters: AuditFilters, organisation_id: str | None) -> list[ColumnElement[bool]]:
        equal = (
            (self.row.organisation_id, organisation_id),
            (self.actor_id, filters.actor_id),
            (self.action, filters.action),
        )
        conditions = [column == value for column, value in equal if value is not None]
        if filters.object_id is not None:
            conditions.append(self.about(filters.object_id))
        if filters.since is not None:
            conditions.append(self.row.at >= filters.since)
        if filters.until is not None:
            conditions.append(self.row.at < filters.until)
        return conditions
