"""Keeps the promise to open a lapse at the acknowledgement service."""

from dataclasses import dataclass
from uuid import UUID

import structlog
from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import tenant
from shared_lib.errors import Rejected
from shared_lib.outbox import Delivered, Delivery, FinalState
from sqlalchemy.orm import Session

from notification_service.domain.model import Dispatch
from notification_service.domain.ports import Acknowledgements, Lapse
from notification_service.store import dispatches

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Lapses:
    """Has nothing to do with the mails: the lapse is opened even when none of them arrives."""

    database: Database
    acknowledgements: Acknowledgements
    clock: Clock

    def deliver(self, delivery: Delivery) -> Delivered:
        """Open the lapse; repeating it is harmless."""
        dispatch_id = UUID(delivery.payload["dispatch"])
        self.acknowledgements.open(_lapse(self._dispatch(dispatch_id, delivery)))
        at = self.clock()
        return Delivered(
            on_commit=lambda session: dispatches.settle_lapse(
                session, dispatch_id, organisation_id=delivery.tenant, at=at
            ),
            news=at,
        )

    def _dispatch(self, dispatch_id: UUID, delivery: Delivery) -> Dispatch:
        if isinstance(delivery.known, Dispatch):
            return delivery.known
        with self.database.begin(tenant(delivery.tenant)) as session:
            dispatch = dispatches.get(session, dispatch_id, organisation_id=delivery.tenant)
        return dispatch.value

    def give_up(self, session: Session, delivery: Delivery, ending: FinalState, reason: str) -> None:
        """The closed outbox row keeps it for `outbox replay`; somebody has to look."""
        log.error("lapse.not_opened", dispatch_id=delivery.payload["dispatch"], final_state=ending.value, reason=reason)


def _lapse(dispatch: Dispatch) -> Lapse:
    if dispatch.coordinator_id is None or dispatch.expiry_date is None:
        raise Rejected("no_lapse")
    return Lapse(
        notification_id=dispatch.id,
        coordinator_id=dispatch.coordinator_id,
        mentor_id=dispatch.mentor_id,
        expiry_date=dispatch.expiry_date,
        organisation_id=dispatch.organisation_id,
    )
