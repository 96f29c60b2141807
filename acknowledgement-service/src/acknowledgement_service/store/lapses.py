"""Lapses in the database: single records, and lists at the same cost however many there are."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import structlog
from shared_lib.database.counter_tables import CounterTable
from shared_lib.pagination import Cursor, Page, PageRequest, Slice
from shared_lib.privacy.encryption import DecryptionError, FieldCipher
from sqlalchemy import ColumnElement, Row, Select, Uuid, bindparam, delete, func, literal, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from acknowledgement_service.domain.access import AccessScope
from acknowledgement_service.domain.model import CertificationNews, ClosedReason, Filters, Lapse, Opening, Sort, State

from .tables import TIMESTAMP, Base, CertificationRow, LapseCountRow, LapseRow

log = structlog.get_logger(__name__)

_TABLE, _COUNT = Base.metadata.tables["lapse"], Base.metadata.tables["lapse_count"]
_FIELDS = tuple(field.name for field in fields(Lapse) if field.name in _TABLE.c)
_SELECT = select(*(_TABLE.c[name] for name in _FIELDS))
"""Without the notes, which most operations do not need."""
_BY_ID = _SELECT.where(_TABLE.c.id == bindparam("lapse_id"))
_BY_NOTIFICATION = _SELECT.where(
    _TABLE.c.notification_id == bindparam("notification_id"), _TABLE.c.coordinator_id == bindparam("coordinator_id")
)
_OPENED_FOR = _SELECT.where(
    _TABLE.c.notification_id == bindparam("notification_id"), _TABLE.c.opened_for == bindparam("coordinator_id")
)
_INSERT = insert(_TABLE).on_conflict_do_nothing().returning(_TABLE.c.id)
_CHANGING = (
    "coordinator_id",
    "acknowledged_at",
    "closed_at",
    "closed_reason",
    "coordinator_version",
    "coordinator_has_left",
    "notes_updated_at",
    "version",
)
_UPDATE = update(_TABLE).where(_TABLE.c.id == bindparam("lapse_id"))

COUNTS = CounterTable(
    table="lapse_count",
    source="lapse",
    values={
        "organisation_id": "row.organisation_id",
        "coordinator_id": "row.coordinator_id",
        "is_acknowledged": "row.acknowledged_at IS NOT NULL",
        "is_closed": "row.closed_at IS NOT NULL",
        "coordinator_has_left": "row.coordinator_has_left",
    },
    number="lapses",
)
COUNTED_FILTERS = frozenset({"coordinator_id", "is_acknowledged", "state", "sort"})
"""The fields of `Filters` that `COUNTS` has a total for; the order of a list does not change its total."""

# A plan for any values would read other organisations' rows on the way to those of a small one.
_PLAN_FOR_THESE_VALUES = text("SET LOCAL plan_cache_mode = force_custom_plan")


def add_once(session: Session, lapse: Lapse) -> bool:
    """Store the lapse unless there is one of its notification and coordinator, first or present; True if stored.

    Waits for a concurrent transaction that stores the same one.
    """
    values = {"opened_for": lapse.coordinator_id, **{name: getattr(lapse, name) for name in _FIELDS}}
    return session.scalar(_INSERT, values) is not None


def get(session: Session, lapse_id: UUID, *, scope: AccessScope) -> Lapse | None:
    """The lapse without its notes, None outside the scope."""
    return _one(session, _BY_ID, {"lapse_id": lapse_id}, scope=scope)


def of_opening(session: Session, opening: Opening) -> Lapse | None:
    """The lapse that an earlier opening stored for this coordinator, or that has followed its mentor to them."""
    values = {"notification_id": opening.notification_id, "coordinator_id": opening.coordinator_id}
    scope = AccessScope(organisation_id=opening.organisation_id)
    return _one(session, _OPENED_FOR, values, scope=scope) or _one(session, _BY_NOTIFICATION, values, scope=scope)


def of_notification(session: Session, notification_id: UUID, *, locking: bool = False) -> Sequence[Lapse]:
    """All lapses of a notification without notes, open ones first, for our other services."""
    return _several(session, LapseRow.notification_id == notification_id, locking=locking)


def is_known(session: Session, lapse: Lapse) -> bool:
    """Whether the lapse is stored already: opened for this coordinator, or theirs now, in the same organisation."""
    of_coordinator = (LapseRow.opened_for == lapse.coordinator_id) | (LapseRow.coordinator_id == lapse.coordinator_id)
    own = LapseRow.organisation_id == lapse.organisation_id
    known = select(LapseRow.id).where(LapseRow.notification_id == lapse.notification_id, own, of_coordinator)
    return session.scalar(select(known.exists())) or False


def lock_of_mentor(session: Session, mentor_id: str) -> Sequence[Lapse]:
    """All lapses of a mentor without notes, locked until the transaction ends."""
    return _several(session, LapseRow.mentor_id == mentor_id, locking=True)


def _several(session: Session, condition: ColumnElement[bool], *, locking: bool) -> Sequence[Lapse]:
    waiting = LapseRow.acknowledged_at.is_(None) & LapseRow.closed_at.is_(None)
    query = select(LapseRow).where(condition).order_by(waiting.desc(), LapseRow.id)
    return [lapse_of(row) for row in session.scalars(query.with_for_update() if locking else query)]


def get_with_notes(session: Session, cipher: FieldCipher, lapse_id: UUID, *, scope: AccessScope) -> Lapse | None:
    row = session.scalar(select(LapseRow).where(LapseRow.id == lapse_id, *_within(scope)))
    return replace(lapse_of(row), coordinator_notes=_decrypted(cipher, row)) if row is not None else None


def lock(session: Session, cipher: FieldCipher, lapse_id: UUID, *, scope: AccessScope) -> Lapse | None:
    """The lapse with its notes decrypted, locked until the transaction ends; None outside the scope."""
    row = session.scalar(select(LapseRow).where(LapseRow.id == lapse_id, *_within(scope)).with_for_update())
    return replace(lapse_of(row), coordinator_notes=_decrypted(cipher, row)) if row is not None else None


def lock_of_notification(
    session: Session, notification_id: UUID, coordinator_id: str, *, scope: AccessScope
) -> Lapse | None:
    """This coordinator's lapse of a notification without its notes, locked until the transaction ends."""
    values = {"notification_id": notification_id, "coordinator_id": coordinator_id}
    return _one(session, _BY_NOTIFICATION, values, scope=scope, locking=True)


def is_notification_known(session: Session, notification_id: UUID, *, scope: AccessScope) -> bool:
    """Whether any coordinator in the scope's organisation has a lapse of this notification."""
    organisation = AccessScope(organisation_id=scope.organisation_id, is_empty=scope.is_empty)
    lapses = select(LapseRow.id).where(LapseRow.notification_id == notification_id, *_within(organisation))
    return session.scalar(select(lapses.exists())) or False


def save(session: Session, cipher: FieldCipher, lapse: Lapse, *, with_notes: bool) -> None:
    """Write back a lapse that was locked in this transaction. Without `with_notes` its notes stay as they are."""
    values: dict[str, Any] = {"lapse_id": lapse.id, **{name: getattr(lapse, name) for name in _CHANGING}}
    if with_notes:
        notes = lapse.coordinator_notes
        encrypted = (None, None) if notes is None else cipher.encrypt(str(lapse.id), notes)
        values["notes_key_id"], values["encrypted_notes"] = encrypted
    session.connection().execute(_UPDATE, values)


_NEWS = insert(CertificationRow)
_PUT_NEWS = _NEWS.on_conflict_do_update(
    index_elements=["organisation_id", "mentor_id"],
    set_={"expires_at": _NEWS.excluded.expires_at, "version": _NEWS.excluded.version},
    where=CertificationRow.version < _NEWS.excluded.version,
).returning(CertificationRow.version)


def put_certification(session: Session, news: CertificationNews) -> bool:
    """Store the news unless it is known or older; True if stored. News about one mentor waits for each other."""
    values = {name: getattr(news, name) for name in ("organisation_id", "mentor_id", "expires_at", "version")}
    return session.execute(_PUT_NEWS, values).one_or_none() is not None


def has_newer(session: Session, news: CertificationNews) -> bool:
    """Whether newer news about the mentor's certification is stored."""
    row = session.get(CertificationRow, (news.organisation_id, news.mentor_id))
    return row is not None and row.version > news.version


def remove(session: Session, lapse: Lapse) -> None:
    session.execute(delete(LapseRow).where(LapseRow.id == lapse.id))


def notes_of(session: Session, cipher: FieldCipher, lapse_ids: Sequence[str]) -> Mapping[str, str | None]:
    """The notes of these lapses, decrypted, by lapse id."""
    rows = session.scalars(select(LapseRow).where(LapseRow.id.in_(lapse_ids)))
    return {str(row.id): _decrypted(cipher, row) for row in rows}


def open_before(session: Session, moments: Sequence[datetime]) -> Sequence[int]:
    """For each of these times, how many open lapses of all organisations were opened by then."""
    counts = [func.count().filter(LapseRow.created_at <= moment) for moment in moments]
    return tuple(session.execute(select(*counts).where(*_matching(Filters(state=State.OPEN)))).one())


def page(session: Session, filters: Filters, request: PageRequest, *, scope: AccessScope) -> Page[Lapse]:
    """One page of the lapses in the scope, without notes: newest first, or earliest expiry first; ids break ties."""
    session.execute(_PLAN_FOR_THESE_VALUES)
    column = LapseRow.expiry_date if filters.sort is Sort.EXPIRY else LapseRow.created_at
    is_ascending = (filters.sort is Sort.EXPIRY) != request.is_backwards
    position = (column, LapseRow.id)
    conditions = [*_within(scope), *_matching(filters)]
    statement = _SELECT.where(*conditions).order_by(*(key if is_ascending else key.desc() for key in position))
    if request.cursor is not None:
        cursor = tuple_(literal(request.cursor.moment, TIMESTAMP), literal(request.cursor.id, Uuid()))
        statement = statement.where(tuple_(*position) > cursor if is_ascending else tuple_(*position) < cursor)
    total = _total(session, filters, scope)
    lapses: list[Lapse] = []
    if total > request.offset:
        rows = session.execute(statement.offset(request.offset).limit(request.limit + 1))
        lapses = [lapse_of(row) for row in rows]
    found = Slice.cut(lapses, request, lambda lapse: Cursor(getattr(lapse, column.key), lapse.id))
    return Page.of(found, found.items, total=total)


def _total(session: Session, filters: Filters, scope: AccessScope) -> int:
    """From the counter table where it covers the filters, else by counting the rows."""
    if any(value is not None for name, value in vars(filters).items() if name not in COUNTED_FILTERS):
        counted = select(func.count()).select_from(LapseRow).where(*_within(scope), *_matching(filters))
        return session.scalar(counted) or 0
    if scope.is_empty:
        return 0
    equal = (
        (LapseCountRow.organisation_id, scope.organisation_id),
        (LapseCountRow.coordinator_id, scope.coordinator_id),
        (LapseCountRow.coordinator_id, filters.coordinator_id),
        (LapseCountRow.coordinator_has_left, None if scope.coordinator_id is None else False),
    )
    conditions = [column == value for column, value in equal if value is not None]
    conditions += _in_state(filters, _COUNT.c.is_acknowledged, _COUNT.c.is_closed)
    return int(session.scalar(select(func.sum(LapseCountRow.lapses)).where(*conditions)) or 0)


def _one(
    session: Session, statement: Select[Any], values: Mapping[str, Any], *, scope: AccessScope, locking: bool = False
) -> Lapse | None:
    """`statement` is one of the constants above, so there is one of each kind and scope to keep."""
    if scope.is_empty:
        return None
    by_organisation, by_coordinator = scope.organisation_id is not None, scope.coordinator_id is not None
    narrowed = _narrowed(statement, by_organisation=by_organisation, by_coordinator=by_coordinator, locking=locking)
    own = {"own_organisation_id": scope.organisation_id, "own_coordinator_id": scope.coordinator_id}
    row = session.connection().execute(narrowed, {**values, **own}).one_or_none()
    return lapse_of(row) if row is not None else None


@cache
def _narrowed(statement: Select[Any], *, by_organisation: bool, by_coordinator: bool, locking: bool) -> Select[Any]:
    """Built once: building a statement takes longer than PostgreSQL needs for it."""
    if by_organisation:
        statement = statement.where(_TABLE.c.organisation_id == bindparam("own_organisation_id"))
    if by_coordinator:
        own = _TABLE.c.coordinator_id == bindparam("own_coordinator_id")
        statement = statement.where(own, ~_TABLE.c.coordinator_has_left)
    return statement.with_for_update() if locking else statement


def _within(scope: AccessScope) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if scope.is_empty:
        conditions.append(LapseRow.id.is_(None))
    if scope.organisation_id is not None:
        conditions.append(LapseRow.organisation_id == scope.organisation_id)
    if scope.coordinator_id is not None:
        conditions += [LapseRow.coordinator_id == scope.coordinator_id, ~LapseRow.coordinator_has_left]
    return conditions


def _matching(filters: Filters) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.coordinator_id is not None:
        conditions.append(LapseRow.coordinator_id == filters.coordinator_id)
    if filters.mentor_id is not None:
        conditions.append(LapseRow.mentor_id == filters.mentor_id)
    return [*conditions, *_in_state(filters, LapseRow.acknowledged_at.is_not(None), LapseRow.closed_at.is_not(None))]


def _in_state(
    filters: Filters, is_acknowledged: ColumnElement[bool], is_closed: ColumnElement[bool]
) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.is_acknowledged is not None:
        conditions += [is_acknowledged] if filters.is_acknowledged else [~is_acknowledged, ~is_closed]
    if filters.state is State.CLOSED:
        conditions.append(is_closed)
    elif filters.state is not None:
        conditions += [~is_closed, is_acknowledged if filters.state is State.ACKNOWLEDGED else ~is_acknowledged]
    return conditions


def _decrypted(cipher: FieldCipher, row: LapseRow) -> str | None:
    if row.encrypted_notes is None or row.notes_key_id is None:
        return None
    try:
        return cipher.decrypt(str(row.id), row.notes_key_id, row.encrypted_notes)
    except DecryptionError:
        log.error("lapse.notes_unreadable", lapse_id=str(row.id))
        return None  # the lapse itself must stay usable


def lapse_of(row: Row[Any] | LapseRow) -> Lapse:
    """The lapse of a row, without its notes."""
    values = {name: getattr(row, name) for name in _FIELDS}
    reason = values["closed_reason"]
    return Lapse(**{**values, "closed_reason": ClosedReason(reason) if reason is not None else None})
