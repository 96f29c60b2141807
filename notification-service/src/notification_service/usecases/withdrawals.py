"""Takes back what has not been told yet."""

from dataclasses import dataclass
from uuid import UUID

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.outbox import Dispatcher
from sqlalchemy.orm import Session

from notification_service.domain.errors import DispatchNotFound
from notification_service.domain.model import Dispatch, Notice, Status
from notification_service.domain.routing import WITHDRAWN
from notification_service.store import audit, dispatches, messages

from .reach import DIRECTORY


@dataclass(frozen=True, kw_only=True)
class Withdrawals:
    database: Database
    dispatcher: Dispatcher
    clock: Clock

    def withdraw(self, key: str, *, caller: str) -> Dispatch:
        """Cancel what is still queued of the dispatch made under this Idempotency-Key; harmless to repeat.

        What is being attempted at this moment is let go on: nobody could say any more that it was not sent.
        """
        with self.database.begin(DIRECTORY) as session:
            found = dispatches.under_key(session, caller=caller, operations=tuple(Notice), key=key)
            if found is None:
                raise DispatchNotFound
            dispatch = dispatches.lock(session, found, organisation_id=None).value
            if self._cancel(session, dispatch):
                dispatches.withdraw(session, dispatch, at=self.clock())
                audit.record_dispatch(session, "dispatch_withdrawn", dispatch, actor_id=caller, at=self.clock())
            after = dispatches.get(session, dispatch.id, organisation_id=dispatch.organisation_id)
        return after.value

    def _cancel(self, session: Session, dispatch: Dispatch) -> bool:
        """Did anything come to an end by this?"""
        cancelled = [
            message.number
            for message in dispatch.messages
            if message.status is Status.QUEUED and self._closed(session, message.outbox_id)
        ]
        for number in cancelled:
            messages.settle(
                session,
                number,
                Status.SKIPPED,
                organisation_id=dispatch.organisation_id,
                at=self.clock(),
                reason=WITHDRAWN,
            )
        return self._closed(session, dispatch.lapse_outbox_id) or bool(cancelled)

    def _closed(self, session: Session, promise: UUID | None) -> bool:
        return promise is not None and self.dispatcher.cancel(session, [promise]) > 0
