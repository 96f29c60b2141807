"""Lapses that nobody has acknowledged: looked at when something is due, and told again to those who should know.

Nothing is told before the acknowledgement service has said that the lapse is still open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from shared_lib import agenda
from shared_lib.agenda import Subject, SubjectKind
from shared_lib.clock import Clock
from shared_lib.database.engine import Database, Turn
from shared_lib.database.row_level_security import all_tenants, tenant
from shared_lib.errors import Rejected, RetryLater, Unreachable
from shared_lib.ids import uuid7
from shared_lib.outbox import Delivered, Delivery, Dispatcher, FinalState, OutboxMessage, Reschedule
from shared_lib.working_hours import WorkingHours
from sqlalchemy.orm import Session

from notification_service.domain.lapse_plan import (
    LAPSE,
    Chase,
    ChaseKind,
    due_chases,
    lapse_subject,
    plan_chases,
    waiting_time,
)
from notification_service.domain.lapses import FOLLOWED, ClosedReason, LapseState, WaitingTime, WatchedLapse
from notification_service.domain.model import (
    Announcement,
    Audience,
    Contact,
    Dispatch,
    Notice,
    NoticeSettings,
    Organisation,
    Status,
)
from notification_service.domain.participants import (
    INACTIVE,
    REPLACED,
    Participants,
    Recipient,
    chased,
    responsible,
)
from notification_service.domain.ports import Acknowledgements
from notification_service.store import audit, contacts, dispatches, lapses

from .recording import Chased, Recorder, lapse_order

CHASE = "chase"
"""The kind of outbox message."""
LAPSE_LOCK = 20_262
"""First half of the advisory lock under which one lapse is looked at."""
PLANNER = "planner"
"""Who acts in the audit log."""
ASKED_FOR = timedelta(days=7)
"""How long the acknowledgement service is asked before somebody has to look at it."""
FRESH = timedelta(minutes=5)
"""A message that is older asks again before it is sent."""

ASKING, NO_ANSWER = "asking", "no_answer"
NOBODY, NOTIFIED, OVERTAKEN, GONE = "nobody", "notified", "overtaken", "gone"
ENDED = frozenset({LapseState.ACKNOWLEDGED.value, LapseState.CLOSED.value, GONE})
"""The answers after which nothing more is told."""

NOT_REACHED = frozenset({Status.SKIPPED, Status.FAILED, Status.EXPIRED})

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Chasing:
    """`dispatcher` stores outbox messages, which the relays deliver."""

    database: Database
    dispatcher: Dispatcher
    recorder: Recorder
    acknowledgements: Acknowledgements
    clock: Clock

    def kinds(self) -> Mapping[str, SubjectKind]:
        """The kinds of subjects of this service's agenda."""
        return {LAPSE: SubjectKind(look=self.look_at_lapse, turn=lambda id_: Turn(LAPSE_LOCK, id_))}

    def look_at_lapse(self, session: Session, subject: Subject, at: datetime) -> datetime | None:
        """Promise to ask about what is due; returns when the next is due. Commits nothing."""
        lapse = lapses.watched(session, UUID(subject.id))
        if lapse is None:
            return None
        own, hours = _settings(session, lapse)
        plan = plan_chases(lapse, own, hours)
        decided = _decided(session, plan)
        if lapse.closed_reason is not None:
            for chase in plan:
                if chase.key not in decided:
                    _record(session, lapse, chase, at=at, reason=lapse.closed_reason.value)
            return None
        due, look_at = due_chases(plan, decided, at=at, hours=hours)
        for chase in due:
            if _is_overtaken(chase, due, lapse):
                _record(session, lapse, chase, at=at, reason=OVERTAKEN)
            else:
                _record(session, lapse, chase, at=at, reason=ASKING)
                self.dispatcher.leave_to_relays(session, self._message(lapse, chase, at=at))
        return look_at

    def deliver(self, delivery: Delivery) -> Delivered | Reschedule:
        """Ask whether the lapse is still open, and tell those who should know. Outside the hours it waits for them."""
        with self.database.begin(tenant(delivery.tenant)) as session:
            lapse = lapses.watched(session, UUID(delivery.payload["dispatch"]))
            opens = _settings(session, lapse)[1].next_open(self.clock()) if lapse is not None else self.clock()
        if lapse is None:
            return Delivered()
        at = self.clock()
        if opens > at:
            return Reschedule(after=opens - at)
        coordinator_id = delivery.payload["coordinator"] if delivery.payload["chase"] != ChaseKind.ESCALATION else None
        obstacle = _known_obstacle(lapse, coordinator_id) or self._answer(lapse)
        return Delivered(on_commit=lambda session: self._conclude(session, delivery, obstacle, at=at))

    def give_up(self, session: Session, delivery: Delivery, final_state: FinalState, reason: str) -> None:
        """Record that nothing was told, because there was no answer. The closed outbox message can be replayed."""
        log.error("chase.not_delivered", final_state=final_state.value, reason=reason)
        lapse = lapses.watched(session, UUID(delivery.payload["dispatch"]))
        if lapse is not None:
            _record(session, lapse, _chase_of(delivery), at=self.clock(), reason=NO_ANSWER)

    def obstacle(self, dispatch: Dispatch, recipient: Recipient) -> str | None:
        """Why a message about a waiting lapse is not to be sent any more, if so. A message that is no longer fresh asks
        the acknowledgement service, and raises RetryLater while that one does not answer.
        """
        with self.database.begin(tenant(dispatch.organisation_id)) as session:
            lapse = lapses.watched(session, dispatch.chased_dispatch_id) if dispatch.chased_dispatch_id else None
        if lapse is None:
            return GONE
        coordinator_id = recipient.id if recipient.audience is Audience.COORDINATOR else None
        known = _known_obstacle(lapse, coordinator_id)
        if known is not None or self.clock() - dispatch.created_at <= FRESH:
            return known
        try:
            return self._answer(lapse)
        except (Unreachable, Rejected) as error:  # the mail server is not to blame
            raise RetryLater(f"acknowledgement_{error.reason}", retry_after=error.retry_after) from error

    def waiting(self, dispatch: Dispatch) -> WaitingTime | None:
        """What the text of this dispatch says of the lapse that waits; None for other dispatches."""
        if dispatch.chased_dispatch_id is None:
            return None
        with self.database.begin(tenant(dispatch.organisation_id)) as session:
            lapse = lapses.watched(session, dispatch.chased_dispatch_id)
            return None if lapse is None else waiting_time(lapse, *_settings(session, lapse))

    def _message(self, lapse: WatchedLapse, chase: Chase, *, at: datetime) -> OutboxMessage:
        """After all that is to be told to the acknowledgement service about the same mentor already."""
        return OutboxMessage(
            kind=CHASE,
            payload={
                "dispatch": str(lapse.dispatch_id),
                "coordinator": lapse.coordinator_id,
                "chase": chase.kind.value,
                "key": chase.key,
                "due_at": chase.due_at.isoformat(),
            },
            tenant=lapse.organisation_id,
            ordering_key=lapse_order(lapse.mentor_id),
            due_at=at,
            expires_at=at + ASKED_FOR * self.recorder.time_scale,
        )

    def _answer(self, lapse: WatchedLapse) -> str | None:
        """Why nothing is to be told, by the acknowledgement service; None while the lapse is open."""
        if lapse.outbox_id is None:
            return None  # nobody was found who could acknowledge it
        if lapse.opened_at is None:
            raise RetryLater("lapse_not_opened")
        state = self.acknowledgements.state(lapse.dispatch_id)
        if state is LapseState.OPEN:
            return None
        return GONE if state is None else state.value

    def _conclude(self, session: Session, delivery: Delivery, obstacle: str | None, *, at: datetime) -> None:
        lapse, chase = lapses.watched(session, UUID(delivery.payload["dispatch"])), _chase_of(delivery)
        if lapse is None or agenda.decisions(session, [chase.key]).get(chase.key, ASKING) is None:
            return  # withdrawn meanwhile, or told before
        dispatch = None
        if obstacle is None:
            obstacle, dispatch = self._tell(session, lapse, chase, at=at)
        _record(session, lapse, chase, at=at, reason=obstacle, object_id=str(dispatch.id) if dispatch else None)
        if obstacle in ENDED:
            plan = plan_chases(lapse, *_settings(session, lapse))
            decided = _decided(session, plan)
            for each in plan:
                if each.key not in decided:
                    _record(session, lapse, each, at=at, reason=obstacle)

    def _tell(
        self, session: Session, lapse: WatchedLapse, chase: Chase, *, at: datetime
    ) -> tuple[str | None, Dispatch | None]:
        """Store the dispatch with its messages; returns it, or why nobody is told."""
        locked = contacts.lock(session, lapse.mentor_id, organisation_id=lapse.organisation_id)
        if locked is None or not locked[0].is_active_mentor:
            return INACTIVE, None
        mentor, organisation = locked
        notice, participants = _notice(chase.kind, lapse), _participants(session, lapse, mentor, organisation)
        if notice is Notice.CERT_EXPIRY and _is_notified(session, lapse):
            return NOTIFIED, None
        recipients = self._recipients(notice, participants)
        if not recipients:
            return NOBODY, None
        dispatch, messages = self.recorder.record(
            session,
            Announcement(notice=notice, mentor_id=mentor.id, expiry_date=lapse.expiry_date),
            participants,
            dispatch_id=uuid7(),
            natural_key=chase.key,
            chase=Chased(
                dispatch_id=lapse.dispatch_id,
                recipients=recipients,
                waiting=waiting_time(lapse, *_settings(session, lapse)),
            ),
            at=at,
        )
        self.dispatcher.leave_to_relays(session, *(replace(message, due_at=at) for message in messages))
        audit.record_dispatch(session, audit.RECORDED, dispatch, actor_id=PLANNER, at=at)
        return None, dispatch

    def _recipients(self, notice: Notice, participants: Participants) -> tuple[Recipient, ...]:
        if notice is Notice.CERT_EXPIRY:
            return tuple(responsible(participants, notice, push_configured=self.recorder.push_configured))
        audience = Audience.ADMIN if notice is Notice.LAPSE_ESCALATION else Audience.COORDINATOR
        return chased(participants, audience)


def count_nobody_to_tell(database: Database, clock: Clock) -> int:
    """Open lapses of all organisations that nobody could be reminded of lately."""
    with database.begin(all_tenants("metrics")) as session:
        return lapses.count_undone(session, reason=NOBODY, since=clock() - FOLLOWED)


def _settings(session: Session, lapse: WatchedLapse) -> tuple[NoticeSettings, WorkingHours]:
    """The organisation's settings, and its hours by them."""
    own, time_zone = contacts.settings_of(session, lapse.organisation_id)
    return own, WorkingHours(
        time_zone=time_zone,
        opens=own.send_time,
        closes=own.quiet_from,
        working_days=frozenset(own.working_days),
        is_day_off=frozenset(own.holidays).__contains__,
    )


def _decided(session: Session, plan: Sequence[Chase]) -> set[str]:
    """Without what was left out only because the lapse was closed then."""
    decided = agenda.decisions(session, [chase.key for chase in plan])
    return {key for key, reason in decided.items() if reason not in list(ClosedReason)}


def _is_overtaken(chase: Chase, due: Sequence[Chase], lapse: WatchedLapse) -> bool:
    """Without a coordinator the reminder and the escalation are one text for the same people."""
    is_reminder = chase.kind is ChaseKind.REMINDER and lapse.coordinator_id is None
    return is_reminder and any(other.kind is ChaseKind.ESCALATION for other in due)


def _known_obstacle(lapse: WatchedLapse, coordinator_id: str | None) -> str | None:
    """Why nothing is to be told to this coordinator, by what is known here."""
    if lapse.closed_reason is not None:
        return lapse.closed_reason.value
    return REPLACED if coordinator_id not in (None, lapse.coordinator_id) else None


def _notice(kind: ChaseKind, lapse: WatchedLapse) -> Notice:
    if kind is ChaseKind.ESCALATION or lapse.coordinator_id is None:
        return Notice.LAPSE_ESCALATION
    return Notice.LAPSE_REMINDER if kind is ChaseKind.REMINDER else Notice.CERT_EXPIRY


def _participants(session: Session, lapse: WatchedLapse, mentor: Contact, organisation: Organisation) -> Participants:
    ids = {*organisation.admin_ids, *filter(None, [lapse.coordinator_id])}
    return Participants(
        mentor=mentor,
        organisation=organisation,
        coordinator_id=lapse.coordinator_id,
        admin_ids=organisation.admin_ids,
        contacts={**contacts.find(session, ids, organisation_id=organisation.id), mentor.id: mentor},
    )


def _is_notified(session: Session, lapse: WatchedLapse) -> bool:
    """Whether the notice of the expiry itself went to the coordinator, or still may."""
    expiry = dispatches.get(session, lapse.dispatch_id, organisation_id=lapse.organisation_id)
    own = [message for message in expiry.messages if message.recipient_id == lapse.coordinator_id]
    return any(message.status not in NOT_REACHED for message in own)


def _chase_of(delivery: Delivery) -> Chase:
    payload = delivery.payload
    due_at = datetime.fromisoformat(payload["due_at"])
    return Chase(key=payload["key"], kind=ChaseKind(payload["chase"]), due_at=due_at)


def _record(
    session: Session,
    lapse: WatchedLapse,
    chase: Chase,
    *,
    at: datetime,
    reason: str | None,
    object_id: str | None = None,
) -> None:
    agenda.record_decision(
        session,
        tenant=lapse.organisation_id,
        key=chase.key,
        subject=lapse_subject(lapse.dispatch_id),
        kind=chase.kind.value,
        due_at=chase.due_at,
        at=at,
        reason=reason,
        object_id=object_id,
    )
