"""Opening, acknowledging, correcting and removing lapse records."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar
from uuid import UUID, uuid4

from shared_lib import idempotency
from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants, tenant
from shared_lib.idempotency import Replay, RequestKey
from shared_lib.pagination import Page, PageRequest
from shared_lib.privacy.encryption import FieldCipher
from sqlalchemy.orm import Session

from acknowledgement_service.domain.errors import LapseNotFound, NotYourLapse
from acknowledgement_service.domain.model import Act, Change, Filters, Lapse, Opening, acts_between
from acknowledgement_service.domain.visitor import Visitor
from acknowledgement_service.store import audit, lapse_lists, lapses

from .reach import tenant_scope_of

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Outcome(Generic[T]):
    """What was asked for, and whether this request brought it about (`replayed`: its Idempotency-Key had already)."""

    value: T
    is_new: bool
    replayed: bool = False


def _unheard(_: timedelta) -> None:
    """For those who do not measure."""


@dataclass(frozen=True, kw_only=True)
class Lapses:
    """`on_acknowledged` hears how long each lapse had been open, once it is certain."""

    database: Database
    cipher: FieldCipher
    clock: Clock
    on_acknowledged: Callable[[timedelta], None] = _unheard

    def open(self, opening: Opening, *, by: str) -> Outcome[Lapse]:
        """Record that this coordinator must see this lapse. Repeating answers the first record, unchanged."""
        now = self.clock().replace(microsecond=0)
        lapse = Lapse.opened(opening, lapse_id=uuid4(), at=now)
        with self.database.begin(tenant(opening.organisation_id)) as session:
            is_new = lapses.add_once(session, lapse)
            if is_new.value:
                audit.record(session, Act.OPENED, lapse, actor_id=by, at=now)
        if is_new.value:
            return Outcome(value=lapse, is_new=True)
        with self.database.begin(tenant(opening.organisation_id)) as session:
            known = lapses.of_opening(session, opening)
        return Outcome(value=_found(known), is_new=False)

    def acknowledge(
        self, notification_id: UUID, coordinator_id: str, *, visitor: Visitor, key: RequestKey | None
    ) -> Outcome[Lapse]:
        """The coordinator has seen it. Twenty at once leave one moment and one audit row.

        Raises LapseNotFound for an unknown notification, NotYourLapse for somebody else's; then nothing changes.
        """
        if visitor.scope.nothing:
            raise LapseNotFound  # and no organisation in which his key could be kept
        with self.database.begin(tenant_scope_of(visitor.scope)) as session:
            replay = idempotency.claim(session, key, at=self.clock()) if key is not None else None
            locked = lapses.lock_of_notification(session, notification_id, coordinator_id, scope=visitor.scope)
            lapse = self._own(session, locked.value, notification_id, coordinator_id, visitor)
            if replay is not None:
                return Outcome(value=lapse, is_new=replay.status == 201, replayed=True)
            after = lapse.acknowledged(by=coordinator_id, at=self.clock().replace(microsecond=0))
            is_new = self._write(session, lapse, after, visitor)
            if key is not None:
                idempotency.complete(session, key, Replay(resource_id=str(lapse.id), status=201 if is_new else 200))
        self._tell(lapse, after)
        return Outcome(value=after, is_new=is_new)

    def find(self, lapse_id: UUID, *, visitor: Visitor) -> Lapse:
        """Raises LapseNotFound, for what is foreign just as for what does not exist."""
        with self.database.begin(tenant_scope_of(visitor.scope)) as session:
            return _found(lapses.get(session, lapse_id, scope=visitor.scope))

    def page(self, filters: Filters, request: PageRequest, *, visitor: Visitor) -> Page[Lapse]:
        with self.database.begin(tenant_scope_of(visitor.scope)) as session:
            return lapse_lists.page(session, filters, request, scope=visitor.scope)

    def change(self, lapse_id: UUID, change: Change, *, visitor: Visitor, versions: frozenset[int] | None) -> Lapse:
        """Correct or annotate. Raises LapseNotFound, StaleVersion, NotYourLapse and what `Lapse.changed` raises."""
        with self.database.begin(tenant_scope_of(visitor.scope)) as session:
            before = _found(lapses.lock(session, self.cipher, lapse_id, scope=visitor.scope))
            before.must_be(versions)
            after = before.changed(change, now=self.clock().replace(microsecond=0))
            if before.acknowledged_at != after.acknowledged_at:
                visitor.must_be(before.coordinator_id)
            self._write(session, before, after, visitor)
        self._tell(before, after)
        return after

    def delete(self, lapse_id: UUID, *, visitor: Visitor, versions: frozenset[int] | None) -> None:
        """Remove the record; its trace stays in the audit. Raises LapseNotFound, StaleVersion, MayNotDelete."""
        with self.database.begin(tenant_scope_of(visitor.scope)) as session:
            lapse = _found(lapses.lock(session, self.cipher, lapse_id, scope=visitor.scope))
            visitor.must_be_allowed_to_delete()
            lapse.must_be(versions)
            lapses.remove(session, lapse)
            audit.record(session, Act.DELETED, lapse, actor_id=visitor.id, at=self.clock())

    def take_over(self, records: Sequence[Lapse]) -> int:
        """Store records of another system as they are; those already known stay untouched. Answers how many are new."""
        with self.database.begin(all_tenants("import")) as session:
            stored = [(lapse, lapses.add_once(session, lapse)) for lapse in records]
            new = [lapse for lapse, is_new in stored if is_new.value]
            for lapse in new:
                audit.record(session, Act.OPENED, lapse, actor_id="import", at=self.clock())
        return len(new)

    def open_by_age(self, ages: Sequence[timedelta]) -> Sequence[int]:
        """How many lapses nobody has acknowledged for at least each of these times."""
        now = self.clock()
        with self.database.begin(all_tenants("metrics")) as session:
            return lapses.open_before(session, [now - age for age in ages])

    def _tell(self, before: Lapse, after: Lapse) -> None:
        if before.acknowledged_at is None and after.acknowledged_at is not None:
            self.on_acknowledged(after.acknowledged_at - after.created_at)

    def _own(
        self, session: Session, lapse: Lapse | None, notification_id: UUID, coordinator_id: str, visitor: Visitor
    ) -> Lapse:
        if lapse is None and not lapses.is_notification_known(session, notification_id, scope=visitor.scope):
            raise LapseNotFound
        visitor.must_be(coordinator_id)
        if lapse is None:
            raise NotYourLapse
        return lapse

    def _write(self, session: Session, before: Lapse, after: Lapse, visitor: Visitor) -> bool:
        acts = acts_between(before, after)
        if acts:
            lapses.save(session, self.cipher, after, with_notes=Act.NOTED in acts)
        for act in acts:
            audit.record(session, act, after, actor_id=visitor.id, at=self.clock())
        return bool(acts)


def _found(lapse: Lapse | None) -> Lapse:
    if lapse is None:
        raise LapseNotFound
    return lapse
