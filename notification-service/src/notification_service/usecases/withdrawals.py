"""Withdraws a dispatch: cancels the messages that were not sent yet, and the lapse."""

from dataclasses import dataclass
from uuid import UUID

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.outbox import Dispatcher
from sqlalchemy.orm import Session

from notification_service.domain.access import Principal
from notification_service.domain.model import Dispatch, DispatchNotFound, Notice, Status
from notification_service.domain.participants import WITHDRAWN
from notification_service.store import audit, dispatches


@dataclass(frozen=True, kw_only=True)
class Withdrawals:
    database: Database
    dispatcher: Dispatcher
    clock: Clock

    def withdraw(self, key: str, principal: Principal) -> Dispatch:
        """Cancel what is still queued of the dispatch that the principal made under this Idempotency-Key.

        A message that is being attempted goes on: it may have been sent. Repeating is harmless. Returns the dispatch
        as it is now. Raises DispatchNotFound.
        """
        with self.database.begin(all_tenants("directory")) as session:
            found = dispatches.under_key(session, caller=principal.caller, operations=list(Notice), key=key)
            if found is None:
                raise DispatchNotFound
            dispatch = dispatches.lock(session, found)
            if self._cancel(session, dispatch):
                dispatches.withdraw(session, dispatch, at=self.clock())
                audit.record_dispatch(
                    session, "dispatch_withdrawn", dispatch, actor_id=principal.caller, at=self.clock()
                )
            return dispatches.get(session, dispatch.id, organisation_id=dispatch.organisation_id)

    def _cancel(self, session: Session, dispatch: Dispatch) -> bool:
        """Was anything cancelled?"""
        cancelled = [
            message.number
            for message in dispatch.messages
            if message.status is Status.QUEUED and self._is_cancelled(session, message.outbox_id)
        ]
        for number in cancelled:
            dispatches.record_outcome(
                session,
                number,
                Status.SKIPPED,
                organisation_id=dispatch.organisation_id,
                at=self.clock(),
                reason=WITHDRAWN,
            )
        return self._is_cancelled(session, dispatch.lapse_outbox_id) or bool(cancelled)

    def _is_cancelled(self, session: Session, outbox_id: UUID | None) -> bool:
        return outbox_id is not None and self.dispatcher.cancel(session, [outbox_id]) > 0
