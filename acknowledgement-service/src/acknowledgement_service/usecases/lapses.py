"""Opening, acknowledging, changing, listing and deleting lapses; each method is one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from shared_lib import idempotency
from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import NO_TENANT, TenantScope, all_tenants, tenant
from shared_lib.idempotency import Replay, RequestKey
from shared_lib.pagination import Page, PageRequest
from shared_lib.privacy.encryption import FieldCipher
from sqlalchemy.orm import Session

from acknowledgement_service.domain.access import ANONYMOUS, AccessScope, Principal
from acknowledgement_service.domain.model import (
    Act,
    Change,
    Filters,
    Lapse,
    LapseDeleted,
    LapseNotFound,
    NotYourLapse,
    Opening,
    acts_between,
)
from acknowledgement_service.store import audit, lapses


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The lapse, and whether this request created it; `replayed`: its Idempotency-Key was used before."""

    lapse: Lapse
    is_new: bool
    replayed: bool = False


def _ignore(_: timedelta) -> None:
    """The default of `on_acknowledged`."""


@dataclass(frozen=True, kw_only=True)
class Lapses:
    """`on_acknowledged` is called after the commit with the time between opening and acknowledgement."""

    database: Database
    cipher: FieldCipher
    clock: Clock
    on_acknowledged: Callable[[timedelta], None] = _ignore

    def open(self, opening: Opening, *, by: str) -> Outcome:
        """Store a lapse that this coordinator must acknowledge. A repeat returns the first lapse, unchanged.

        Raises LapseDeleted.
        """
        lapse = Lapse.opened(opening, lapse_id=uuid4(), at=self._now())
        with self.database.begin(tenant(opening.organisation_id)) as session:
            if lapses.add_once(session, lapse):
                if audit.was_deleted(session, lapse):
                    raise LapseDeleted
                audit.record(session, Act.OPENED, lapse, actor_id=by, at=lapse.created_at)
                return Outcome(lapse=lapse, is_new=True)
            return Outcome(lapse=_found(lapses.of_opening(session, opening)), is_new=False)

    def acknowledge(
        self, notification_id: UUID, coordinator_id: str, *, principal: Principal, key: RequestKey | None
    ) -> Outcome:
        """Record that the coordinator has seen the lapse. Of concurrent requests one is new; a repeat changes nothing.

        Raises LapseNotFound for a notification without a lapse in the principal's organisation, NotYourLapse for a
        lapse of another coordinator, IdempotencyKeyReused for a key that came with another body.
        """
        scope = principal.scope
        if scope.is_empty:
            raise LapseNotFound  # without an organisation there is no tenant that the key could be stored for
        with self.database.begin(tenant_scope_of(scope)) as session:
            before = lapses.lock_of_notification(session, notification_id, coordinator_id, scope=scope)
            replay = self._claim(session, key, before) if key is not None else None
            if before is None and not lapses.is_notification_known(session, notification_id, scope=scope):
                raise LapseNotFound
            if before is None:
                raise NotYourLapse
            principal.must_be_allowed_to_acknowledge(before)
            if replay is not None:
                return Outcome(lapse=before, is_new=replay.status == 201, replayed=True)
            after = before.acknowledged(by=coordinator_id, at=self._now())
            is_new = self._save(session, before, after, principal)
        self._measure(before, after)
        return Outcome(lapse=after, is_new=is_new)

    def find(self, lapse_id: UUID, *, principal: Principal) -> Lapse:
        """Raises LapseNotFound, also for a lapse that the principal may not see."""
        with self.database.begin(tenant_scope_of(principal.scope)) as session:
            return _found(lapses.get(session, lapse_id, scope=principal.scope))

    def page(self, filters: Filters, request: PageRequest, *, principal: Principal) -> Page[Lapse]:
        with self.database.begin(tenant_scope_of(principal.scope)) as session:
            return lapses.page(session, filters, request, scope=principal.scope)

    def change(self, lapse_id: UUID, change: Change, *, principal: Principal, versions: frozenset[int] | None) -> Lapse:
        """Acknowledge, correct the time or write notes; returns the lapse with its notes.

        A client without a token gets the note only if this change carries it.

        `versions` are those that the client accepts (None: any). Raises LapseNotFound, StaleVersion, NotYourLapse,
        AlreadyAcknowledged and AcknowledgedAtOutOfRange.
        """
        with self.database.begin(tenant_scope_of(principal.scope)) as session:
            before = _found(lapses.lock(session, self.cipher, lapse_id, scope=principal.scope))
            before.must_be(versions)
            after = before.changed(change, now=self._now())
            if before.acknowledged_at != after.acknowledged_at:
                principal.must_be_allowed_to_acknowledge(before)
            self._save(session, before, after, principal)
        self._measure(before, after)
        is_anonymous = replace(principal, address=None) == ANONYMOUS
        return replace(after, coordinator_notes=None) if is_anonymous and not change.changes_notes else after

    def notes(self, lapse_id: UUID, *, principal: Principal) -> Lapse:
        """The lapse with its notes. Raises LapseNotFound."""
        with self.database.begin(tenant_scope_of(principal.scope)) as session:
            return _found(lapses.get_with_notes(session, self.cipher, lapse_id, scope=principal.scope))

    def delete(self, lapse_id: UUID, *, principal: Principal, versions: frozenset[int] | None) -> None:
        """Delete the lapse; its audit entries stay. Raises LapseNotFound, MayNotDelete and StaleVersion."""
        with self.database.begin(tenant_scope_of(principal.scope)) as session:
            lapse = _found(lapses.lock(session, self.cipher, lapse_id, scope=principal.scope))
            principal.must_be_allowed_to_delete()
            lapse.must_be(versions)
            lapses.remove(session, lapse)
            audit.record(session, Act.DELETED, lapse, actor_id=principal.actor, at=self.clock())

    def of_notification(self, notification_id: UUID) -> Lapse:
        """The lapse of a notification, for our other services; if there are several, an open one. Raises
        LapseNotFound.
        """
        with self.database.begin(all_tenants("internal")) as session:
            return _found(next(iter(lapses.of_notification(session, notification_id)), None))

    def open_by_age(self, ages: Sequence[timedelta]) -> Sequence[int]:
        """For each age, how many open lapses of all organisations are at least that old."""
        now = self.clock()
        with self.database.begin(all_tenants("metrics")) as session:
            return lapses.open_before(session, [now - age for age in ages])

    def _now(self) -> datetime:
        """To the second, as the contract shows times."""
        return self.clock().replace(microsecond=0)

    def _claim(self, session: Session, key: RequestKey, locked: Lapse | None) -> Replay | None:
        """Take the key for the answer that follows from the locked lapse. Without a lapse this is never committed.

        Raises IdempotencyKeyReused for a key that came with another body, also when this body names no lapse.
        """
        is_new = locked is not None and not locked.is_acknowledged
        stands_for = Replay(resource_id=str(locked.id) if locked is not None else "", status=201 if is_new else 200)
        return idempotency.claim(session, key, at=self.clock(), stands_for=stands_for)

    def _measure(self, before: Lapse, after: Lapse) -> None:
        if before.acknowledged_at is None and after.acknowledged_at is not None:
            self.on_acknowledged(after.acknowledged_at - after.created_at)

    def _save(self, session: Session, before: Lapse, after: Lapse, principal: Principal) -> bool:
        """Store the difference with its audit entries; False when there is none."""
        return bool(save_changes(session, self.cipher, before, after, actor_id=principal.actor, at=self.clock()))


def save_changes(
    session: Session, cipher: FieldCipher, before: Lapse, after: Lapse, *, actor_id: str, at: datetime
) -> Sequence[Act]:
    """Store the difference of a locked lapse with an audit entry for each act; returns the acts. Does not commit."""
    acts = acts_between(before, after)
    if after != before:
        lapses.save(session, cipher, after, with_notes=Act.NOTED in acts)
    for act in acts:
        audit.record(session, act, after, actor_id=actor_id, at=at, before=before)
    return acts


def tenant_scope_of(scope: AccessScope) -> TenantScope:
    """The organisation's rows; all rows for global admins, services and, in open mode, clients without a token."""
    if scope.is_empty:
        return NO_TENANT
    return all_tenants("public") if scope.organisation_id is None else tenant(scope.organisation_id)


def _found(lapse: Lapse | None) -> Lapse:
    if lapse is None:
        raise LapseNotFound
    return lapse
