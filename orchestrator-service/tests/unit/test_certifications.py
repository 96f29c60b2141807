"""Which notice is due on which day."""

from datetime import UTC, datetime, timedelta

import pytest
from orchestrator_service.domain.certifications import Certification, due_notice
from orchestrator_service.domain.pause_events import EventType

EXPIRY = datetime(2026, 6, 30, tzinfo=UTC)
CERTIFICATION = Certification(mentor_id="m1", expires_at=EXPIRY)


@pytest.mark.parametrize(
    ("days_before", "tier"),
    [(31, None), (30, 30), (29, 30), (15, 30), (14, 14), (8, 14), (7, 7), (1, 7)],
)
def test_the_latest_tier_reached_is_due(days_before: int, tier: int | None) -> None:
    draft = due_notice(CERTIFICATION, at=EXPIRY - timedelta(days=days_before))

    if tier is None:
        assert draft is None
        return
    assert draft is not None
    assert draft.event_type is EventType.CERTIFICATION_EXPIRING
    assert draft.effective_date == EXPIRY - timedelta(days=tier)
    assert draft.days_remaining == days_before


@pytest.mark.parametrize("late", [timedelta(0), timedelta(days=3)])
def test_once_it_has_ended_the_expiry_is_due(late: timedelta) -> None:
    draft = due_notice(CERTIFICATION, at=EXPIRY + late)

    assert draft is not None
    assert (draft.event_type, draft.effective_date) == (EventType.CERTIFICATION_EXPIRED, EXPIRY)


def test_tiers_are_a_setting() -> None:
    assert due_notice(CERTIFICATION, at=EXPIRY - timedelta(days=10), tiers=(3,)) is None
