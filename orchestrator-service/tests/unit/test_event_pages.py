"""A page written past marshmallow is the page its schema writes."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from orchestrator_service.api.event_pages import event_page
from orchestrator_service.api.schemas import EventPageSchema
from orchestrator_service.domain.announcements import DispatchResult, Status
from orchestrator_service.domain.pause_events import EventType, PauseEvent
from shared_lib.paging import Page, PageRequest
from shared_lib.web.pagination import page_document

from ..builders import COORDINATOR, an_event

ELSEWHERE = datetime(2026, 3, 20, 1, 2, 3, 456_789, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    "event",
    [
        an_event(),
        an_event(reason=None, expected_return_date=ELSEWHERE, created_at=ELSEWHERE),
        an_event(reason="", effective_date=datetime(2026, 3, 20, tzinfo=UTC)),
        an_event(event_type=EventType.CERTIFICATION_EXPIRING, expiry_date=ELSEWHERE, days_remaining=0),
        an_event(
            dispatch_results=(
                DispatchResult(recipient_id=COORDINATOR, channel="email", status=Status.SENT, sent_at=ELSEWHERE),
            )
        ),
    ],
)
def test_it_is_what_the_schema_writes(event: PauseEvent) -> None:
    page = Page(items=[event], request=PageRequest(page=2, limit=1), has_more=True, total=3)
    written = event_page(page)

    assert json.dumps(written) == json.dumps(EventPageSchema().dump(page_document(page)))
    assert written["data"][0]["id"] == event.id
