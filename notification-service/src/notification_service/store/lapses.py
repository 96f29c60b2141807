"""The lapses of dispatches, and our copy of certifications."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from shared_lib.agenda import AGENDA, PLANNED_ACT
from sqlalchemy import Row, Uuid, and_, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from notification_service.domain.lapses import Certification, ClosedReason, WatchedLapse
from notification_service.domain.model import Notice, Status
from notification_service.domain.notice_rules import NOTICE_RULES

from .tables import CertificationRow, ContactRow, DispatchRow, MessageRow

_WATCHED = (
    DispatchRow.id.label("dispatch_id"),
    DispatchRow.organisation_id,
    DispatchRow.mentor_id,
    DispatchRow.expiry_date,
    DispatchRow.lapse_coordinator_id.label("coordinator_id"),
    DispatchRow.lapse_coordinator_version.label("coordinator_version"),
    DispatchRow.lapse_outbox_id.label("outbox_id"),
    DispatchRow.lapse_opened_for.label("opened_for"),
    DispatchRow.lapse_opened_at.label("opened_at"),
    DispatchRow.lapse_closed_reason.label("closed_reason"),
    DispatchRow.created_at,
    DispatchRow.lapse_reopened_at.label("reopened_at"),
    DispatchRow.lapse_taken_over_at.label("taken_over_at"),
)
_IS_WATCHED = and_(
    DispatchRow.notice.in_([notice for notice in Notice if NOTICE_RULES[notice].opens_lapse]),
    DispatchRow.chased_dispatch_id.is_(None),
    or_(DispatchRow.withdrawn_at.is_(None), DispatchRow.lapse_opened_at.is_not(None)),
)


def get(session: Session, dispatch_id: UUID) -> WatchedLapse | None:
    row = session.execute(select(*_WATCHED).where(DispatchRow.id == dispatch_id)).one_or_none()
    return _lapse(row) if row is not None else None


def watched(session: Session, dispatch_id: UUID) -> WatchedLapse | None:
    """None when the dispatch has no lapse, or was withdrawn before it was opened."""
    row = session.execute(select(*_WATCHED).where(DispatchRow.id == dispatch_id, _IS_WATCHED)).one_or_none()
    return _lapse(row) if row is not None else None


def lock_of_mentor(session: Session, mentor_id: str, *, organisation_id: str) -> list[WatchedLapse]:
    """All lapses of the mentor, locked until the transaction ends."""
    own = and_(DispatchRow.mentor_id == mentor_id, DispatchRow.organisation_id == organisation_id)
    rows = session.execute(select(*_WATCHED).where(own, _IS_WATCHED).order_by(DispatchRow.id).with_for_update())
    return [_lapse(row) for row in rows]


def follow(session: Session, mentor_ids: Sequence[str], *, since: datetime, at: datetime) -> list[WatchedLapse]:
    """Store the coordinator of the mentors' contacts with their lapses, who takes them over at this time; returns those
    where it is another one now.

    A lapse that waits for a coordinator is left out when its notice was recorded before `since`. By organisation, the
    order in which all transactions extend the audit log's chains.
    """
    newer = (
        update(DispatchRow)
        .where(
            ContactRow.id.in_(mentor_ids),
            ContactRow.id == DispatchRow.mentor_id,
            ContactRow.organisation_id == DispatchRow.organisation_id,
            ContactRow.is_mentor,
            _IS_WATCHED,
            DispatchRow.lapse_closed_reason.is_(None),
            or_(DispatchRow.lapse_outbox_id.is_not(None), DispatchRow.created_at >= since),
            func.coalesce(DispatchRow.lapse_coordinator_version, -1) < ContactRow.version,
        )
        .values(lapse_coordinator_id=ContactRow.coordinator_id, lapse_coordinator_version=ContactRow.version)
        .execution_options(synchronize_session=False)
    )
    is_another = DispatchRow.lapse_coordinator_id.is_distinct_from(ContactRow.coordinator_id)
    taken_over = newer.where(is_another).values(lapse_taken_over_at=at)
    lapses = [_lapse(row) for row in session.execute(taken_over.returning(*_WATCHED))]
    session.execute(newer)  # the others: their coordinator is by the newest contact too
    return sorted(lapses, key=lambda lapse: (lapse.organisation_id, lapse.dispatch_id))


def record_opening(session: Session, dispatch_id: UUID, outbox_id: UUID) -> None:
    """Store the outbox message that opens the lapse, and for whom unless that was stored before."""
    first = func.coalesce(DispatchRow.lapse_opened_for, DispatchRow.lapse_coordinator_id)
    values = {"lapse_outbox_id": outbox_id, "lapse_opened_for": first}
    session.execute(update(DispatchRow).where(DispatchRow.id == dispatch_id).values(values))


def record_closing(session: Session, dispatch_id: UUID, reason: ClosedReason) -> None:
    session.execute(update(DispatchRow).where(DispatchRow.id == dispatch_id).values(lapse_closed_reason=reason))


def record_reopening(session: Session, dispatch_id: UUID, *, at: datetime) -> None:
    """Store that the lapse is open again: from then on it waits for the responsible coordinator."""
    again = {"lapse_closed_reason": None, "lapse_reopened_at": at, "lapse_taken_over_at": None}
    session.execute(update(DispatchRow).where(DispatchRow.id == dispatch_id).values(**again))


def planned_subjects(session: Session, organisation_id: str) -> Sequence[str]:
    """The organisation's lapses that are to be looked at later."""
    query = select(AGENDA.c.subject).where(AGENDA.c.tenant == organisation_id, AGENDA.c.subject.startswith("lapse:"))
    return session.scalars(query).all()


def count_undone(session: Session, *, reason: str, since: datetime) -> int:
    """Open lapses of which an act was left out for this reason since then."""
    about = cast(func.split_part(PLANNED_ACT.c.subject, ":", 2), Uuid)
    query = (
        select(func.count(PLANNED_ACT.c.subject.distinct()))
        .join_from(PLANNED_ACT, DispatchRow, DispatchRow.id == about)
        .where(
            PLANNED_ACT.c.decided_at >= since,
            PLANNED_ACT.c.reason == reason,
            DispatchRow.lapse_closed_reason.is_(None),
        )
    )
    return session.scalar(query) or 0


_MEMBERS = ("organisation_id", "mentor_id", "expires_at", "reason", "version")


def put_certification(session: Session, news: Certification) -> bool:
    """Store the news unless it is known or older; True if stored."""
    new = insert(CertificationRow).values({name: getattr(news, name) for name in _MEMBERS})
    newest = new.on_conflict_do_update(
        index_elements=["organisation_id", "mentor_id"],
        set_={name: new.excluded[name] for name in ("expires_at", "reason", "version")},
        where=CertificationRow.version < new.excluded.version,
    )
    return session.execute(newest.returning(CertificationRow.version)).one_or_none() is not None


def certification(session: Session, mentor_id: str, *, organisation_id: str) -> Certification | None:
    row = session.get(CertificationRow, (organisation_id, mentor_id))
    return _certification(row) if row is not None else None


def organisations(session: Session) -> list[str]:
    """Those that had a lapse opened."""
    found = select(DispatchRow.organisation_id).where(DispatchRow.lapse_opened_at.is_not(None)).distinct()
    return sorted(session.scalars(found))


def opened(session: Session) -> list[WatchedLapse]:
    """The lapses of the transaction's tenant that the acknowledgement service was told of and that are not closed."""
    is_open = DispatchRow.lapse_opened_at.is_not(None) & DispatchRow.lapse_closed_reason.is_(None)
    return [_lapse(row) for row in session.execute(select(*_WATCHED).where(is_open).order_by(DispatchRow.id))]


def certifications(session: Session) -> list[Certification]:
    """Of the mentors of the transaction's tenant who had a lapse opened."""
    had_lapse = select(DispatchRow.mentor_id).where(DispatchRow.lapse_opened_at.is_not(None))
    query = select(CertificationRow).where(CertificationRow.mentor_id.in_(had_lapse))
    return [_certification(row) for row in session.scalars(query.order_by(CertificationRow.mentor_id))]


def queued_messages(session: Session, news: Certification) -> list[Row[*tuple[Any, ...]]]:
    """The `number`, `outbox_id` and `expiry_date` of queued messages about the mentor's certification."""
    query = (
        select(MessageRow.number, MessageRow.outbox_id, DispatchRow.expiry_date)
        .join(DispatchRow, DispatchRow.id == MessageRow.dispatch_id)
        .where(
            DispatchRow.mentor_id == news.mentor_id,
            DispatchRow.organisation_id == news.organisation_id,
            DispatchRow.expiry_date.is_not(None),
            MessageRow.status == Status.QUEUED,
            MessageRow.outbox_id.is_not(None),
        )
        .order_by(MessageRow.number)
    )
    return list(session.execute(query))


def _certification(row: CertificationRow) -> Certification:
    values = {name: getattr(row, name) for name in _MEMBERS}
    return Certification(**{**values, "reason": ClosedReason(row.reason)})


def _lapse(row: Row[*tuple[Any, ...]]) -> WatchedLapse:
    values = row._asdict()
    reason = values["closed_reason"]
    return WatchedLapse(**{**values, "closed_reason": ClosedReason(reason) if reason is not None else None})
