"""What became of the notices, a row for every recipient and channel."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from shared_lib.statements import ask
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from orchestrator_service.domain.announcements import DispatchResult, Status
from orchestrator_service.domain.pause_events import PauseEvent

from .tables import DispatchResultRow, PauseEventRow

# For every list and every single event: past the mapped class, whose making costs more than the reading.
_OF_EVENTS = """
SELECT event_id, recipient_id, channel, status, sent_at, message_id FROM dispatch_result
WHERE event_id = ANY(%(ids)s) ORDER BY event_id, recipient_id, channel
"""


def of_events(session: Session, event_ids: Sequence[str]) -> Mapping[str, list[DispatchResult]]:
    """The results of each event, by recipient and channel."""
    results: dict[str, list[DispatchResult]] = defaultdict(list)
    for row in ask(session, _OF_EVENTS, {"ids": list(event_ids)}):
        results[row.event_id].append(
            DispatchResult(
                recipient_id=row.recipient_id,
                channel=row.channel,
                status=Status(row.status),
                sent_at=row.sent_at,
                message_id=row.message_id,
            )
        )
    return results


def record(session: Session, event: PauseEvent, results: Iterable[DispatchResult], *, at: datetime) -> None:
    """Write down how far each message has come. Repeating is harmless; the first moment of sending stays.

    Nothing is written for an event that was removed meanwhile.
    """
    held = select(PauseEventRow.id).where(
        PauseEventRow.id == event.id, PauseEventRow.organisation_id == event.organisation_id
    )
    if session.scalar(held.with_for_update(read=True, key_share=True)) is None:
        return
    rows = [_values(event.id, result, at=at) for result in results]
    if not rows:
        return
    query = insert(DispatchResultRow).values(rows)
    query = query.on_conflict_do_update(
        index_elements=["event_id", "recipient_id", "channel"],
        set_={
            "status": query.excluded.status,
            "sent_at": func.coalesce(DispatchResultRow.sent_at, query.excluded.sent_at),
            "message_id": func.coalesce(query.excluded.message_id, DispatchResultRow.message_id),
        },
    )
    session.execute(query)


def _values(event_id: str, result: DispatchResult, *, at: datetime) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "recipient_id": result.recipient_id,
        "channel": result.channel,
        "status": result.status,
        "sent_at": (result.sent_at or at) if result.status.has_left else None,
        "message_id": result.message_id,
    }
