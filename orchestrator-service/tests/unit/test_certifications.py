"""Which notice is due on which day."""

from datetime import UTC, datetime, timedelta

import pytest
from orchestrator_service.domain.certifications import Certification, due_notice
from orchestrator_service.domain.pause_events import EventType

EXPIRY = datetime(2026, 6, 30, tzinfo=UTC)
CERTIFICATION = Certification(mentor_id="m1", expires_at=EXPIRY, time_zone="Europe/Oslo")


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


@pytest.mark.parametrize(
    ("expires", "at", "effective"),
    [
        ("2026-12-16T00:00:00+01:00", "2026-12-02T00:30:00+01:00", "2026-12-02T00:00:00+01:00"),
        ("2026-04-05T00:00:00+02:00", "2026-03-22T08:00:00+01:00", "2026-03-22T00:00:00+01:00"),
        ("2026-11-01T00:00:00+01:00", "2026-10-18T08:00:00+02:00", "2026-10-18T00:00:00+02:00"),
    ],
    ids=["after midnight", "the clocks go forward", "the clocks go back"],
)
def test_the_day_of_a_reminder_is_the_organisations(expires: str, at: str, effective: str) -> None:
    certificate = Certification(mentor_id="m1", expires_at=datetime.fromisoformat(expires), time_zone="Europe/Oslo")

    draft = due_notice(certificate, at=datetime.fromisoformat(at).astimezone(UTC), tiers=(14,))

    assert draft is not None
    assert (draft.days_remaining, draft.tier) == (14, 14)
    assert draft.effective_date == datetime.fromisoformat(effective)
