"""Open pauses: kept with every event that begins or ends one, and what is due about their return dates.

That is told; it never ends a pause.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import NAMESPACE_OID, UUID, uuid5

from shared_lib import agenda
from shared_lib.agenda import Subject
from shared_lib.outbox import Dispatcher
from sqlalchemy.orm import Session

from orchestrator_service.domain.notices import NOTICE_RULES, NoticeKind
from orchestrator_service.domain.pause_events import EventType, PauseEvent
from orchestrator_service.domain.pause_plan import PauseFacts, plan_pause
from orchestrator_service.domain.pauses import PAUSE, Pause, pause_subject
from orchestrator_service.domain.planning import Hours, Plan, SkipReason, decide
from orchestrator_service.store import pauses, people, settings

from . import acts
from .outbox_messages import to_notify, to_withdraw
from .settings import working_hours


@dataclass(frozen=True, kw_only=True)
class OpenPauses:
    """Works in the transactions of others, in the mentor's turn. Commits nothing."""

    dispatcher: Dispatcher

    def look_at(self, session: Session, subject: Subject, at: datetime) -> datetime | None:
        """Enqueue the notice that is due about a mentor's open pause, if any; returns when the next one is."""
        pause = pauses.open_of(session, subject.id)
        found = None if pause is None else planned(session, pause)
        if pause is None or found is None:
            return None
        if not people.is_mentor(session, pause.mentor_id):
            self._leave_out(session, pause, SkipReason.ENDED, at=at)
            return None
        plan, hours = found
        decision = decide(plan, acts.decided(session, plan), at=at, hours=hours)
        acts.record_skipped(session, subject, decision, at=at)
        for act in decision.perform:
            notice = to_notify(
                NoticeKind(act.kind.value),
                pause.mentor_id,
                organisation_id=pause.organisation_id,
                event_id=pause.event_id,
                date=pause.expected_return_date,
                is_planned=True,
                at=at,
                scale=self.dispatcher.retry.scale,
            )
            # The same act, due again in a restored database, has the same key at the notification service.
            message = replace(notice, id=uuid5(NAMESPACE_OID, act.key))
            self.dispatcher.leave_to_relays(session, message)
            acts.record(session, subject, act, at=at, object_id=str(message.id))
        return decision.look_at

    def record(self, session: Session, event: PauseEvent, *, at: datetime) -> None:
        """Keep what a new event says: the end of the open pause, or one with a return date."""
        if event.cause is None:
            return
        if event.event_type is EventType.PAUSE_ACTIVATED:
            _look_soon(session, Pause.begun_by(event))
        elif ended := pauses.end(session, event.peer_mentor_id, by=event.id, at=at):
            self._leave_out(session, ended, SkipReason.ENDED, at=at)

    def change(self, session: Session, before: PauseEvent, *, at: datetime) -> None:
        """Forget what was due about the return date that an open pause had before; it was just stored with another."""
        if before.is_pause and before.ended_at is None:
            self._leave_out(session, Pause.begun_by(before), SkipReason.CHANGED, at=at)
            agenda.changed(session, [pause_subject(before.peer_mentor_id)], tenant=before.organisation_id)

    def remove(self, session: Session, event: PauseEvent, *, at: datetime) -> None:
        """Put right what the removed event had changed: the last one left says whether the mentor is paused."""
        if event.cause is None:
            return
        if event.is_pause and event.ended_at is None:
            self._leave_out(session, Pause.begun_by(event), SkipReason.ENDED, at=at)
        reopened = pauses.reopen_last(session, event.peer_mentor_id, at=at)
        if reopened is not None:
            _look_soon(session, reopened)

    def _leave_out(self, session: Session, pause: Pause, reason: SkipReason, *, at: datetime) -> None:
        """Leave out what was still due about the pause as it was, and withdraw its notices that have not left."""
        found = planned(session, pause)
        if found is None:
            return
        plan, _ = found
        subject = Subject(kind=PAUSE, id=pause.mentor_id, tenant=pause.organisation_id)
        keys = {act.key for act in plan.acts}
        known = {row.key: row for row in agenda.decisions_of(session, subject.name) if row.key in keys}
        for act in plan.acts:
            if act.key not in known:
                acts.record(session, subject, act, at=at, reason=reason)
        notices = [UUID(row.object_id) for row in known.values() if row.object_id is not None]
        self.dispatcher.cancel(session, notices)
        scale = self.dispatcher.retry.scale
        withdrawals = [
            to_withdraw(
                notice_id,
                mentor_id=pause.mentor_id,
                organisation_id=pause.organisation_id,
                expires_at=at + NOTICE_RULES[NoticeKind.RETURN_OVERDUE].lifetime * scale,
                due_at=at,
            )
            for notice_id in notices
        ]
        self.dispatcher.leave_to_relays(session, *withdrawals)


def _look_soon(session: Session, pause: Pause) -> None:
    if pause.expected_return_date is not None:
        agenda.changed(session, [pause_subject(pause.mentor_id)], tenant=pause.organisation_id)


def planned(session: Session, pause: Pause) -> tuple[Plan, Hours] | None:
    """Its plan by the organisation's settings; None without a return date."""
    own = settings.get(session, pause.organisation_id)
    if own is None or pause.expected_return_date is None or pause.return_date_since is None:
        return None
    hours = working_hours(own.settings)
    facts = PauseFacts(
        event_id=pause.event_id,
        expected_return_date=pause.expected_return_date,
        known_since=pause.return_date_since,
        settings_since=own.settings_since or pause.return_date_since,
        reminder_days=own.settings.return_reminder_days,
        overdue_days=own.settings.return_overdue_days,
    )
    return plan_pause(facts, hours), hours
