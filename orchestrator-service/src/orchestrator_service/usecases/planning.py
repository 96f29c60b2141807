"""What time brings: the relays look at a certification or a pause whenever something about it is due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shared_lib import agenda
from shared_lib.agenda import Subject, SubjectKind
from shared_lib.database.engine import Turn
from sqlalchemy.orm import Session

from orchestrator_service.domain.access import GLOBAL_ADMIN, Principal
from orchestrator_service.domain.certification_plan import (
    CERTIFICATION,
    certification_subject,
    plan_certification,
    reminders_resume_at,
)
from orchestrator_service.domain.pause_events import Draft, EventType, days_between
from orchestrator_service.domain.pauses import PAUSE, pause_subject
from orchestrator_service.domain.planning import Act, ActKind, SkipReason, decide
from orchestrator_service.store import certifications, pause_events, pauses, people, settings

from . import acts
from .certification_periods import facts_of, settle
from .pause_events import PauseEvents
from .settings import working_hours

PLANNER = Principal(id="planner", roles=frozenset({GLOBAL_ADMIN}))
ORGANISATION = "organisation"
SETTINGS_LOCK = 20_261
"""First half of the advisory lock under which the subjects of one organisation are put on the agenda."""


@dataclass(frozen=True, kw_only=True)
class Planning:
    """Decides what is due and records it as events, which the relays announce: `pause_events` delivers nothing."""

    pause_events: PauseEvents

    def kinds(self) -> Mapping[str, SubjectKind]:
        """The kinds of subjects of this service's agenda."""
        return {
            CERTIFICATION: SubjectKind(look=self.look_at_certification, turn=people.turn_of),
            PAUSE: SubjectKind(look=self.pause_events.open_pauses.look_at, turn=people.turn_of),
            ORGANISATION: SubjectKind(look=self.look_at_organisation, turn=lambda id_: Turn(SETTINGS_LOCK, id_)),
        }

    def look_at_certification(self, session: Session, subject: Subject, at: datetime) -> datetime | None:
        """Record the reminder or the expiry that is due, if any; returns when the next one is. Commits nothing."""
        own = settings.get(session, subject.tenant)
        dispatcher = self.pause_events.dispatcher
        found = None if own is None else settle(session, dispatcher, subject.id, own, at=at)
        if own is None or found is None:
            return None
        hours = working_hours(own.settings)
        facts = facts_of(subject.id, found, own, at=at)
        plan = plan_certification(facts, hours)
        decision = decide(plan, acts.decided(session, plan), at=at, hours=hours)
        acts.record_skipped(session, subject, decision, at=at)
        for act in decision.perform:
            draft = _draft(act, subject.id, found.expires_at, time_zone=own.settings.time_zone, at=at)
            if pause_events.was_removed(session, draft):
                acts.record(session, subject, act, at=at, reason=SkipReason.REMOVED)
            else:
                event_id = self.pause_events.record_planned(session, draft, principal=PLANNER)
                acts.record(session, subject, act, at=at, object_id=event_id)
        return _earliest(decision.look_at, reminders_resume_at(facts, hours))

    def look_at_organisation(self, session: Session, subject: Subject, at: datetime) -> None:
        """Have every certification and pause of an organisation looked at, because its settings have changed.

        Commits nothing.
        """
        certified = certifications.mentors_with_one(session, organisation_id=subject.id)
        paused = pauses.mentors_with_return_date(session, organisation_id=subject.id)
        subjects = [*map(certification_subject, certified), *map(pause_subject, paused)]
        agenda.changed(session, subjects, tenant=subject.tenant)


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _draft(act: Act, mentor_id: str, expires_at: datetime, *, time_zone: str, at: datetime) -> Draft:
    """The event of an act. A reminder's effective date is the day of its tier, whenever it leaves."""
    if act.kind is ActKind.CERTIFICATION_EXPIRED:
        return Draft.reported(
            peer_mentor_id=mentor_id,
            event_type=EventType.CERTIFICATION_EXPIRED,
            effective_date=expires_at,
            expiry_date=expires_at,
            is_planned=True,
        )
    zone, tier = ZoneInfo(time_zone), act.tier or 0
    return Draft.reported(
        peer_mentor_id=mentor_id,
        event_type=EventType.CERTIFICATION_EXPIRING,
        effective_date=(expires_at.astimezone(zone) - timedelta(days=tier)).astimezone(UTC),
        expiry_date=expires_at,
        days_remaining=days_between(at.astimezone(zone), expires_at),
        is_planned=True,
        tier=tier,
    )
