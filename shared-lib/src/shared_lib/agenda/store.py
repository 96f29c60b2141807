"""The statements on the agenda. None of them commits. All times are passed in."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from prometheus_client import Counter
from sqlalchemy import Row, delete, exists, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from .table import AGENDA, AGENDA_CHANGE, PLANNED_ACT

CHANNEL = "agenda"
"""The LISTEN/NOTIFY channel that wakes the loops."""

RETENTION = timedelta(days=400)
"""How long decisions are kept: by then no plan names their acts again."""

RETRY_DELAYS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=25), timedelta(hours=2))
RETRY_AT_LAST = timedelta(days=1)
STUCK_TRIES = 3
"""A subject with that many failed looks in a row is stuck: a person should read its `last_error`."""

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""What the tables store: a moment beyond is stored as the nearer of them."""

PLANNED_ACTS = Counter("planned_acts_total", "Decisions about planned acts", ["kind", "outcome", "reason"])

DONE = "done"
SKIPPED = "skipped"


class Waiting(NamedTuple):
    """Whether changes wait to be taken in, and the earliest moment of a look; None when there is none."""

    has_changes: bool
    look_at: datetime | None


_WAITING = select(exists().where(AGENDA_CHANGE.c.id.is_not(None)), select(func.min(AGENDA.c.look_at)).scalar_subquery())


def changed(session: Session, subjects: Iterable[str], *, tenant: str) -> None:
    """Have these subjects looked at soon, because facts about them have changed in this transaction."""
    rows = [{"subject": subject, "tenant": tenant} for subject in subjects]
    if rows:
        session.connection().execute(insert(AGENDA_CHANGE).inline(), rows)
        session.execute(select(func.pg_notify(CHANNEL, "")))


def waiting(session: Session) -> Waiting:
    """What a loop has to do next: the one statement of an idle loop."""
    return Waiting(*session.execute(_WAITING).one())


_TAKE_IN = text(
    # SQL text: moves rows between tables in one statement, beside other loops.
    """
    WITH taken AS (
        DELETE FROM agenda_change
        WHERE id IN (SELECT id FROM agenda_change ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED)
        RETURNING subject, tenant
    )
    INSERT INTO agenda (subject, tenant, look_at) SELECT DISTINCT subject, tenant, CAST(:at AS timestamptz) FROM taken
    ORDER BY subject
    ON CONFLICT (subject) DO UPDATE SET look_at = LEAST(agenda.look_at, excluded.look_at), tries = 0
    """
)


def take_in_changes(session: Session, *, at: datetime, limit: int) -> None:
    """Make the subjects of the oldest changes due now."""
    session.execute(_TAKE_IN, {"at": at, "limit": limit})


def due(session: Session, *, at: datetime, limit: int) -> Sequence[Row[str, str]]:
    """Subject and tenant of what is due, the earliest first, without a lock."""
    query = select(AGENDA.c.subject, AGENDA.c.tenant).where(AGENDA.c.look_at <= at)
    return session.execute(query.order_by(AGENDA.c.look_at).limit(limit)).all()


def lock_due(session: Session, subject: str, *, at: datetime) -> bool:
    """Hold a subject's row until the transaction ends; False when it is no longer due or another loop has it."""
    query = select(AGENDA.c.subject).where(AGENDA.c.subject == subject, AGENDA.c.look_at <= at)
    return session.scalar(query.with_for_update(skip_locked=True)) is not None


def put_back(session: Session, subject: str, look_at: datetime | None) -> None:
    """Look at it again then; None takes it off the agenda until its facts change."""
    own = AGENDA.c.subject == subject
    if look_at is None:
        session.execute(delete(AGENDA).where(own))
    else:
        session.execute(update(AGENDA).where(own).values(look_at=_storable(look_at), tries=0, last_error=None))


def record_failure(session: Session, subject: str, *, at: datetime, code: str) -> None:
    """A look at it failed: look again later, each time later than the last."""
    tries = session.scalar(select(AGENDA.c.tries).where(AGENDA.c.subject == subject).with_for_update())
    if tries is None:
        return
    delay = RETRY_DELAYS[tries] if tries < len(RETRY_DELAYS) else RETRY_AT_LAST
    values = {"look_at": at + delay, "tries": tries + 1, "last_error": code}
    session.execute(update(AGENDA).where(AGENDA.c.subject == subject).values(values))


def listed(session: Session, *, limit: int, due_at: datetime | None = None, stuck: bool = False) -> Sequence[Row[Any]]:
    """Rows of the agenda, the earliest look first: all, those due at a moment, or those that are stuck."""
    query = select(AGENDA).order_by(AGENDA.c.look_at).limit(limit)
    if due_at is not None:
        query = query.where(AGENDA.c.look_at <= due_at)
    if stuck:
        query = query.where(AGENDA.c.tries >= STUCK_TRIES)
    return session.execute(query).all()


def find(session: Session, subject: str) -> Row[Any] | None:
    """The row of one subject."""
    return session.execute(select(AGENDA).where(AGENDA.c.subject == subject)).one_or_none()


def decisions(session: Session, keys: Iterable[str]) -> Mapping[str, str | None]:
    """The decisions about these acts by key: None for one that was performed, else the reason."""
    rows = session.execute(select(PLANNED_ACT.c.key, PLANNED_ACT.c.reason).where(PLANNED_ACT.c.key.in_(list(keys))))
    return {row.key: row.reason for row in rows}


def decisions_of(session: Session, subject: str) -> Sequence[Row[Any]]:
    """Every decision about a subject, the newest first."""
    query = select(PLANNED_ACT).where(PLANNED_ACT.c.subject == subject)
    return session.execute(query.order_by(PLANNED_ACT.c.decided_at.desc(), PLANNED_ACT.c.key)).all()


def record_decision(
    session: Session,
    *,
    tenant: str,
    key: str,
    subject: str,
    kind: str,
    due_at: datetime,
    at: datetime,
    reason: str | None = None,
    object_id: str | None = None,
) -> bool:
    """Store a decision: performed, or left out for a reason. False when the act was performed before.

    A decision to leave out may be replaced; a performed act is never decided again.
    """
    values: dict[str, Any] = {"due_at": _storable(due_at), "decided_at": at, "reason": reason, "object_id": object_id}
    values["outcome"] = DONE if reason is None else SKIPPED
    query = upsert(PLANNED_ACT).values(tenant=tenant, key=key, subject=subject, kind=kind, **values)
    replaced = query.on_conflict_do_update(
        index_elements=["tenant", "key"], set_=values, where=PLANNED_ACT.c.outcome == SKIPPED
    )
    is_stored = session.scalar(replaced.returning(literal(True))) is not None
    if is_stored:
        PLANNED_ACTS.labels(kind, values["outcome"], reason or "").inc()
    return is_stored


def _storable(moment: datetime) -> datetime:
    return min(max(moment, EARLIEST), LATEST)


def purge_batch(session: Session, *, before: datetime, limit: int) -> int:
    """Delete decisions older than `before`, at most `limit`; returns how many."""
    old = select(PLANNED_ACT.c.tenant, PLANNED_ACT.c.key).where(PLANNED_ACT.c.decided_at < before).limit(limit)
    rows = session.execute(old).all()
    for row in rows:
        session.execute(delete(PLANNED_ACT).where(PLANNED_ACT.c.tenant == row.tenant, PLANNED_ACT.c.key == row.key))
    return len(rows)
