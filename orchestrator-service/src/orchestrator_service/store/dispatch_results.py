"""What became of the notices, a row for every recipient and channel."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from shared_lib.pipeline import Later
from shared_lib.statements import send
from sqlalchemy.orm import Session

from orchestrator_service.domain.announcements import DispatchResult, Status
from orchestrator_service.domain.pause_events import PauseEvent

Results = Mapping[str, Sequence[DispatchResult]]
"""By event."""

# For every list and every single event: past the mapped class, whose making costs more than the reading.
_OF_EVENTS = """
SELECT event_id, recipient_id, channel, status, sent_at, message_id FROM dispatch_result
WHERE event_id {} ORDER BY event_id, recipient_id, channel
"""

# The event is held against its removal.
_RECORD = """
WITH held AS (
    SELECT id FROM pause_event WHERE id = %(event_id)s AND organisation_id = %(organisation_id)s FOR KEY SHARE
)
INSERT INTO dispatch_result AS known (event_id, recipient_id, channel, status, sent_at, message_id)
SELECT held.id, told.* FROM held CROSS JOIN jsonb_to_recordset(%(told)s)
    AS told (recipient_id text, channel text, status text, sent_at timestamptz, message_id text)
ON CONFLICT (event_id, recipient_id, channel) DO UPDATE SET
    status = excluded.status,
    sent_at = COALESCE(known.sent_at, excluded.sent_at),
    message_id = COALESCE(excluded.message_id, known.message_id)
"""


def of_events(session: Session, event_ids: Sequence[str]) -> Later[Results]:
    """The results of each event, by recipient and channel; an event without any is not among them."""
    return send(session, _OF_EVENTS.format("= ANY(%(ids)s)"), {"ids": list(event_ids)}).read(_by_event)


def of_selected(session: Session, selection: str, values: Mapping[str, Any]) -> Later[Results]:
    """The same of the events whose ids a statement of ours selects: few, which the planner would not believe of IN."""
    return send(session, _OF_EVENTS.format(f"= ANY(ARRAY({selection}))"), values).read(_by_event)


def _by_event(rows: Sequence[Any]) -> Results:
    results = defaultdict(list)
    for row in rows:
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
    values = {
        "event_id": event.id,
        "organisation_id": event.organisation_id,
        "told": Jsonb([_told(result, at) for result in results]),
    }
    send(session, _RECORD, values)


def _told(result: DispatchResult, at: datetime) -> dict[str, str | None]:
    return {
        "recipient_id": result.recipient_id,
        "channel": result.channel,
        "status": result.status.value,
        "sent_at": (result.sent_at or at).isoformat() if result.status.has_left else None,
        "message_id": result.message_id,
    }
