"""Accepts an announcement: records it with the promise to tell everybody, then begins to tell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from shared_lib import idempotency
from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import tenant
from shared_lib.errors import Unavailable
from shared_lib.idempotency import Replay, RequestKey
from shared_lib.ids import uuid7
from shared_lib.outbox import Dispatcher, Enqueued
from shared_lib.pipeline import Later
from sqlalchemy.orm import Session

from notification_service.domain.case import Case
from notification_service.domain.errors import MentorNotFound
from notification_service.domain.model import Actor, Announcement, Contact, Dispatch, Organisation, Status
from notification_service.domain.notice_rules import natural_key
from notification_service.domain.scope import EVERYBODY, Scope
from notification_service.store import audit, contacts, dispatches

from . import drafts, parties
from .reach import tenant_scope_of
from .recording import Recorder

CREATED, REPEATED = 201, 200
LONGEST_WAIT = 2.0
"""Seconds that a caller is kept waiting for the first attempts."""

NOTHING_TO_BEGIN = Enqueued()


Held = Later[tuple[Contact, Organisation] | None]
"""The mentor, locked, and the organisation."""


@dataclass(frozen=True, kw_only=True)
class Requester:
    """Who asks, what he may ask about, under which key, and how long he waits. `subject` goes into the audit."""

    subject: str
    person_id: str | None = None
    scope: Scope = EVERYBODY
    key: RequestKey | None = None
    wait_seconds: float = LONGEST_WAIT


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The dispatch in its present state; `status` is what was answered when its key was first used."""

    dispatch: Dispatch
    status: int
    is_replay: bool = False
    enqueued: Enqueued = NOTHING_TO_BEGIN

    @property
    def is_new(self) -> bool:
        return self.status == CREATED and not self.is_replay


def _unheard(_: Dispatch) -> None:
    """For those who do not count."""


@dataclass(frozen=True, kw_only=True)
class Announcements:
    """`on_recorded` hears of each new dispatch as it was recorded, once it is certain."""

    database: Database
    dispatcher: Dispatcher
    clock: Clock
    recorder: Recorder
    on_recorded: Callable[[Dispatch], None] = _unheard

    def announce(self, announcement: Announcement, requester: Requester) -> Answer:
        """Tell everybody concerned, once.

        Durable when it returns; what could not be told yet is `queued` and will be. The same announcement again
        (see `notice_rules.NaturalKey`) answers the first dispatch as it is by now. Raises MentorNotFound, KeyReused.
        """
        with self.database.begin(tenant_scope_of(requester.scope, announcement)) as session:
            answer = self._accept(session, announcement, requester)
        if answer.is_new:
            self.on_recorded(answer.dispatch)
        wait_seconds = min(requester.wait_seconds, LONGEST_WAIT)
        news = self.dispatcher.deliver_now(answer.enqueued, wait_seconds=wait_seconds)
        if all(delivery.id in news for delivery in answer.enqueued.deliveries):
            return replace(answer, dispatch=_told(answer.dispatch, news))
        return self._as_it_is_now(answer) if wait_seconds > 0 else answer

    def _accept(self, session: Session, announcement: Announcement, requester: Requester) -> Answer:
        dispatch_id = uuid7()
        key = requester.key
        replay = idempotency.claim(session, key, at=self.clock()) if key is not None else None
        if replay is not None:
            dispatch = dispatches.get(
                session, UUID(replay.resource_id), organisation_id=requester.scope.organisation_id
            )
            return Answer(dispatch=dispatch.value, status=replay.status, is_replay=True)
        # Announcements about one mentor are decided upon one after the other.
        held = contacts.lock(session, announcement.mentor_id, organisation_id=_organisation_of(announcement, requester))
        actor = parties.named_actor(session, announcement)
        at_once = drafts.foreseen(session, announcement)
        case = self._case(session, held, actor, announcement, requester)
        draft = at_once or drafts.of(session, case)
        same = draft.same.value
        answer = (
            Answer(dispatch=same, status=REPEATED)
            if same
            else self._record(session, case, draft, requester, dispatch_id)
        )
        if key is not None:
            idempotency.complete(session, key, Replay(resource_id=str(answer.dispatch.id), status=answer.status))
        return answer

    def _case(
        self, session: Session, held: Held, named: Later[Actor | None], announcement: Announcement, requester: Requester
    ) -> Case:
        context = announcement.context
        found = held.value
        if found is None:
            raise MentorNotFound
        mentor, organisation = found
        if not mentor.can_be_told_about or not requester.scope.covers(mentor):
            raise MentorNotFound
        return Case(
            announcement=announcement,
            mentor=mentor,
            organisation=organisation,
            coordinator_id=context.coordinator_id if context else parties.coordinator_of(session, mentor),
            at=self.clock(),
            acted_by=parties.actor(session, named, announcement, mentor, person_id=requester.person_id),
        )

    def _record(
        self, session: Session, case: Case, draft: drafts.Draft, requester: Requester, dispatch_id: UUID
    ) -> Answer:
        key = natural_key(case, latest=draft.latest.value)
        people = {**draft.people.value, case.mentor.id: case.mentor}
        dispatch, promises = self.recorder.record(session, case, people, dispatch_id=dispatch_id, natural_key=key)
        enqueued = self.dispatcher.enqueue(session, *promises, queueing=requester.wait_seconds > 0)
        audit.record_dispatch(session, "dispatch_recorded", dispatch, actor_id=requester.subject, at=case.at)
        return Answer(dispatch=dispatch, status=CREATED, enqueued=enqueued)

    def _as_it_is_now(self, answer: Answer) -> Answer:
        """When the database is lost after the commit, what was committed is still true: all of it is queued."""
        organisation_id = answer.dispatch.organisation_id
        try:
            with self.database.begin(tenant(organisation_id)) as session:
                dispatch = dispatches.get(session, answer.dispatch.id, organisation_id=organisation_id)
            return replace(answer, dispatch=dispatch.value)
        except Unavailable:
            return answer


def _told(dispatch: Dispatch, news: Mapping[UUID, object]) -> Dispatch:
    """With what the first attempts have written down."""
    messages = tuple(
        replace(message, status=status)
        if message.outbox_id is not None and isinstance(status := news.get(message.outbox_id), Status)
        else message
        for message in dispatch.messages
    )
    opened_at = news.get(dispatch.lapse_outbox_id) if dispatch.lapse_outbox_id is not None else None
    return replace(dispatch, messages=messages, lapse_opened_at=opened_at if isinstance(opened_at, datetime) else None)


def _organisation_of(announcement: Announcement, requester: Requester) -> str | None:
    context = announcement.context
    return context.organisation_id if context else requester.scope.organisation_id
