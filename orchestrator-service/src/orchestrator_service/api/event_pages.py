"""Pages of events as JSON documents, past marshmallow: to dump twenty events cost a quarter of what a list costs.

`EventPageSchema` documents the shape, and a test holds this to it.
"""

from typing import Any

from shared_lib.paging import Page
from shared_lib.web.fields import written
from shared_lib.web.pagination import page_document

from orchestrator_service.domain.pause_events import PauseEvent

from .schemas import ONLY_WHEN_SET


def event_page(page: Page[PauseEvent]) -> dict[str, Any]:
    """What `EventPageSchema` dumps."""
    return {**page_document(page), "data": [_item(event) for event in page.items]}


def _item(event: PauseEvent) -> dict[str, Any]:
    document = {
        "id": event.id,
        "peer_mentor_id": event.peer_mentor_id,
        "event_type": event.event_type.value,
        "effective_date": written(event.effective_date, "milliseconds"),
        "reason": event.reason,
        "expected_return_date": written(event.expected_return_date, "milliseconds"),
        "expiry_date": written(event.expiry_date, "milliseconds"),
        "days_remaining": event.days_remaining,
        "coordinator_id": event.coordinator_id,
        "notifications_sent": event.notifications_sent,
        "created_at": written(event.created_at, "milliseconds"),
    }
    for name in ONLY_WHEN_SET:
        if document[name] is None:
            del document[name]
    return document
