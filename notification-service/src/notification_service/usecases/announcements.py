"""Accepts an announcement: stores it once with the outbox messages that notify people, then begins to deliver them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from shared_lib import agenda, idempotency
from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import TenantScope, all_tenants, tenant
from shared_lib.errors import Unavailable
from shared_lib.idempotency import Replay, RequestKey
from shared_lib.ids import uuid7
from shared_lib.outbox import Dispatcher, Enqueued
from sqlalchemy.orm import Session

from notification_service.domain.access import AccessScope, MentorNotFound, Principal, TooManyNotices
from notification_service.domain.lapse_plan import lapse_subject
from notification_service.domain.model import Announcement, Contact, Dispatch, Organisation
from notification_service.domain.notice_rules import NOTICE_RULES, dated, duplicate_patterns, natural_key
from notification_service.domain.participants import involved_ids, participants_of
from notification_service.store import audit, contacts, dispatches

from .recording import Recorder

CREATED, DUPLICATE = 201, 200
LIMITED_TIME = timedelta(hours=1)
MAX_WAIT_SECONDS = 2.0
"""How long a request waits for the first attempts."""


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The dispatch in its present state; `status` is the HTTP status of the first answer under the same key."""

    dispatch: Dispatch
    status: int
    is_replay: bool = False
    enqueued: Enqueued = field(default_factory=Enqueued)

    @property
    def is_new(self) -> bool:
        return self.status == CREATED and not self.is_replay


def _ignore(_: Dispatch) -> None:
    """The default of `on_recorded`."""


@dataclass(frozen=True, kw_only=True)
class Announcements:
    """`on_recorded` is called with each new dispatch as it was recorded, after the commit.

    Clients without a token may cause `anonymous_limit` new notices an hour about one mentor; 0 does not limit.
    """

    database: Database
    dispatcher: Dispatcher
    clock: Clock
    recorder: Recorder
    on_recorded: Callable[[Dispatch], None] = _ignore
    anonymous_limit: int = 0

    def announce(
        self,
        announcement: Announcement,
        principal: Principal,
        *,
        key: RequestKey | None = None,
        wait_seconds: float = MAX_WAIT_SECONDS,
    ) -> Accepted:
        """Notify all recipients, once.

        Committed when it returns. It waits for the first attempts, `wait_seconds` or `MAX_WAIT_SECONDS` at most; a
        message that was not sent by then is `queued`. A duplicate (`notice_rules.NaturalKey`) returns the first
        dispatch. Raises NotEntitled, MentorNotFound, TooManyNotices, IdempotencyKeyReused, and Unavailable before the
        commit.
        """
        scope = principal.scope
        is_waiting = wait_seconds > 0
        with self.database.begin(_tenant_scope(scope, announcement)) as session:
            accepted = self._accept(session, announcement, principal, key=key, queueing=is_waiting)
        if not accepted.is_new:
            return accepted
        self.on_recorded(accepted.dispatch)
        self.dispatcher.deliver_now(accepted.enqueued, wait_seconds=min(wait_seconds, MAX_WAIT_SECONDS))
        return self._read_back(accepted) if is_waiting else accepted

    def _accept(
        self,
        session: Session,
        announcement: Announcement,
        principal: Principal,
        *,
        key: RequestKey | None,
        queueing: bool,
    ) -> Accepted:
        scope = principal.scope
        new_id = uuid7()
        stands_for = Replay(resource_id=str(new_id), status=CREATED)
        replay = idempotency.claim(session, key, at=self.clock(), stands_for=stands_for) if key is not None else None
        if replay is not None:
            replayed = dispatches.get(session, UUID(replay.resource_id), organisation_id=scope.organisation_id)
            return Accepted(dispatch=replayed, status=replay.status, is_replay=True)
        mentor, organisation = _locked_mentor(session, announcement, scope)
        at = self.clock()
        announcement = dated(announcement, at=at, time_zone=organisation.time_zone)
        duplicate = _duplicate(session, announcement, organisation, at=at)
        if duplicate is not None:
            if key is not None:
                idempotency.complete(session, key, Replay(resource_id=str(duplicate.id), status=DUPLICATE))
            return Accepted(dispatch=duplicate, status=DUPLICATE)
        if principal.id is None and self.anonymous_limit:
            _check_limit(session, mentor.id, self.anonymous_limit, at=at)
        return self._record(
            session, announcement, mentor, organisation, principal, dispatch_id=new_id, at=at, queueing=queueing
        )

    def _record(
        self,
        session: Session,
        announcement: Announcement,
        mentor: Contact,
        organisation: Organisation,
        principal: Principal,
        *,
        dispatch_id: UUID,
        at: datetime,
        queueing: bool,
    ) -> Accepted:
        person_id = principal.person_id
        ids = involved_ids(announcement, mentor, organisation, person_id=person_id)
        known = contacts.find(session, ids, organisation_id=organisation.id)
        dispatch, messages = self.recorder.record(
            session,
            announcement,
            participants_of(announcement, mentor, organisation, contacts=known, person_id=person_id),
            dispatch_id=dispatch_id,
            natural_key=_new_natural_key(session, announcement, organisation, at=at),
            at=at,
        )
        enqueued = self.dispatcher.enqueue(session, *messages, queueing=queueing)
        if NOTICE_RULES[dispatch.notice].opens_lapse:
            agenda.changed(session, [lapse_subject(dispatch.id)], tenant=dispatch.organisation_id)
        audit.record_dispatch(session, audit.RECORDED, dispatch, actor_id=principal.actor, at=at)
        return Accepted(dispatch=dispatch, status=CREATED, enqueued=enqueued)

    def _read_back(self, accepted: Accepted) -> Accepted:
        """With the outcomes of the first attempts; as it was recorded when the database is lost after the commit."""
        organisation_id = accepted.dispatch.organisation_id
        try:
            with self.database.begin(tenant(organisation_id)) as session:
                dispatch = dispatches.get(session, accepted.dispatch.id, organisation_id=organisation_id)
        except Unavailable:
            return accepted
        return replace(accepted, dispatch=dispatch)


def _tenant_scope(scope: AccessScope, announcement: Announcement) -> TenantScope:
    """The principal's organisation, or the one that the orchestrator names.

    A client without a token and a global admin name a mentor alone: the contract calls the operations public.
    """
    organisation_id = _organisation_id(scope, announcement)
    return tenant(organisation_id) if organisation_id is not None else all_tenants("public")


def _organisation_id(scope: AccessScope, announcement: Announcement) -> str | None:
    return announcement.context.organisation_id if announcement.context else scope.organisation_id


def _locked_mentor(session: Session, announcement: Announcement, scope: AccessScope) -> tuple[Contact, Organisation]:
    """Announcements about one mentor are accepted one after the other. Raises MentorNotFound."""
    organisation_id = _organisation_id(scope, announcement)
    found = contacts.lock(session, announcement.mentor_id, organisation_id=organisation_id)
    if found is None or not found[0].is_active_mentor or not scope.covers(found[0]):
        raise MentorNotFound
    return found


def _check_limit(session: Session, mentor_id: str, limit: int, *, at: datetime) -> None:
    """The lock on the mentor lets one request count at a time. Raises TooManyNotices."""
    first = audit.anonymous_notice(session, mentor_id, limit)
    if first is not None and first + LIMITED_TIME > at:
        raise TooManyNotices(ceil((first + LIMITED_TIME - at).total_seconds()))


def _duplicate(
    session: Session, announcement: Announcement, organisation: Organisation, *, at: datetime
) -> Dispatch | None:
    """The dispatch that was made for the same announcement.

    Of the orchestrator's pauses it is the one about the same event: after its database was restored, the event may be
    recorded again and come under another Idempotency-Key.
    """
    rule = NOTICE_RULES[announcement.notice].natural_key
    if rule.within is None:
        key = natural_key(announcement, at=at, time_zone=organisation.time_zone)
        patterns = duplicate_patterns(key)
        return dispatches.with_natural_key(session, announcement.mentor_id, patterns, organisation_id=organisation.id)
    if announcement.context is not None:
        return dispatches.of_event(session, announcement, announcement.context, organisation_id=organisation.id)
    since = at - rule.within
    return dispatches.recent_duplicate(session, announcement, organisation_id=organisation.id, since=since)


def _new_natural_key(session: Session, announcement: Announcement, organisation: Organisation, *, at: datetime) -> str:
    latest = None
    if NOTICE_RULES[announcement.notice].natural_key.within is not None:
        latest = dispatches.latest_id(session, announcement.mentor_id, organisation_id=organisation.id)
    return natural_key(announcement, at=at, time_zone=organisation.time_zone, latest=latest)
