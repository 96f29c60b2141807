"""Lapses: told to the acknowledgement service, moved with their mentor, and ended with the certification."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog
from shared_lib import agenda
from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import tenant
from shared_lib.ids import uuid7
from shared_lib.outbox import Delivered, Delivery, Dispatcher, FinalState, OutboxMessage
from sqlalchemy.orm import Session

from notification_service.domain.lapse_plan import lapse_subject
from notification_service.domain.lapses import FOLLOWED, Certification, ClosedReason, Reassignment, WatchedLapse
from notification_service.domain.model import Dispatch, NoticeSettings, Organisation, Status
from notification_service.domain.ports import Acknowledgements, Lapse
from notification_service.store import audit, contacts, dispatches, lapses

from .recording import LAPSE, Recorder, lapse_message, lapse_order

REASSIGNMENT = "reassignment"
CERTIFICATION = "certification"
DIRECTORY = "directory"
"""Who acts in the audit log when contacts have changed."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class LapseDeliveries:
    """Tells the acknowledgement service. The outbox delivers what is about one mentor in its order; each call may be
    repeated. Independent of the mails: a lapse is opened even when none of them arrives.
    """

    database: Database
    acknowledgements: Acknowledgements
    clock: Clock

    def open(self, delivery: Delivery) -> Delivered:
        """Open the lapse, and let it follow at once if the mentor has got another coordinator meanwhile."""
        lapse = self._lapse(delivery)
        if lapse is None or lapse.opened_for is None or lapse.closed_reason is not None:
            return Delivered()
        self.acknowledgements.open(
            Lapse(
                notification_id=lapse.dispatch_id,
                coordinator_id=lapse.opened_for,
                mentor_id=lapse.mentor_id,
                expiry_date=lapse.expiry_date,
                organisation_id=delivery.tenant,
            )
        )
        if lapse.coordinator_id != lapse.opened_for:
            self._reassign(lapse)
        at = self.clock()
        return Delivered(
            on_commit=lambda session: dispatches.record_lapse_opened(
                session, lapse.dispatch_id, organisation_id=delivery.tenant, at=at
            )
        )

    def reassign(self, delivery: Delivery) -> Delivered:
        """Tell who is responsible now. A lapse that was never opened is told when it is."""
        lapse = self._lapse(delivery)
        if lapse is not None and lapse.opened_at is not None:
            self._reassign(lapse)
        return Delivered()

    def certify(self, delivery: Delivery) -> Delivered:
        """Tell the mentor's certification as it is now."""
        with self.database.begin(tenant(delivery.tenant)) as session:
            news = lapses.certification(session, delivery.payload["mentor"], organisation_id=delivery.tenant)
        if news is not None:
            self.acknowledgements.certify(news)
        return Delivered()

    def give_up(self, _: Session, delivery: Delivery, final_state: FinalState, reason: str) -> None:
        """Only log it: the closed outbox message can be replayed."""
        log.error("lapse.not_delivered", kind=delivery.kind, final_state=final_state.value, reason=reason)

    def _lapse(self, delivery: Delivery) -> WatchedLapse | None:
        with self.database.begin(tenant(delivery.tenant)) as session:
            return lapses.get(session, UUID(delivery.payload["dispatch"]))

    def _reassign(self, lapse: WatchedLapse) -> None:
        self.acknowledgements.reassign(
            Reassignment(
                notification_id=lapse.dispatch_id,
                organisation_id=lapse.organisation_id,
                coordinator_id=lapse.coordinator_id,
                version=lapse.coordinator_version or 0,
            )
        )


@dataclass(frozen=True, kw_only=True)
class LapseNews:
    """What the orchestrator's news does to lapses. The relays tell the acknowledgement service."""

    database: Database
    dispatcher: Dispatcher
    recorder: Recorder
    clock: Clock

    def follow(self, session: Session, mentor_ids: Collection[str]) -> None:
        """Let lapses follow the contacts of these mentors, which were stored in this transaction. Commits nothing.

        A lapse that waited for a coordinator is opened, and the coordinator is told.
        """
        at = self.clock()
        for lapse in lapses.follow(session, sorted(mentor_ids), since=at - FOLLOWED, at=at):
            _plan(session, lapse)
            if lapse.outbox_id is not None:
                self._enqueue(session, REASSIGNMENT, lapse, {"dispatch": str(lapse.dispatch_id)}, at=at)
            elif lapse.coordinator_id is not None:
                dispatch = self._enqueue_opening(session, lapse, at=at)
                messages = self.recorder.add_coordinator(session, dispatch, at=at)
                self.dispatcher.leave_to_relays(session, *messages)
                audit.record_dispatch(session, "coordinator_found", dispatch, actor_id=DIRECTORY, at=at)

    def plan_again(self, session: Session, organisations: Sequence[Organisation]) -> None:
        """Have what is planned looked at again where the settings are other ones than are stored. Commits nothing."""
        for new in organisations:
            if contacts.settings_of(session, new.id) != (new.settings or NoticeSettings(), new.time_zone):
                agenda.changed(session, lapses.planned_subjects(session, new.id), tenant=new.id)

    def certification(self, news: Certification) -> Mapping[str, int]:
        """Commit the news with its effects: lapses are closed or open again, and no queued message that names an
        outdated end is sent. Returns how many of each. Repeated or older news changes nothing.
        """
        at = self.clock()
        with self.database.begin(tenant(news.organisation_id)) as session:
            contacts.lock(session, news.mentor_id, organisation_id=news.organisation_id)
            if not lapses.put_certification(session, news):
                stored = lapses.certification(session, news.mentor_id, organisation_id=news.organisation_id)
                is_older = stored is not None and stored.version > news.version
                return {"closed": 0, "reopened": 0, "withdrawn": 0, "older": int(is_older)}
            found = lapses.lock_of_mentor(session, news.mentor_id, organisation_id=news.organisation_id)
            closed = [each for each in found if each.closed_reason is None and news.outdates(each.expiry_date)]
            reopened = [
                each
                for each in found
                if each.closed_reason is ClosedReason.RENEWED and not news.outdates(each.expiry_date)
            ]
            for lapse in closed:
                lapses.record_closing(session, lapse.dispatch_id, news.reason)
                _plan(session, lapse)
            for lapse in reopened:
                self._reopen(session, lapse, at=at)
            withdrawn = self._withdraw(session, news, at=at)
            self._enqueue(session, CERTIFICATION, news, {"mentor": news.mentor_id}, at=at)
        return {"closed": _opened(closed), "reopened": _opened(reopened), "withdrawn": withdrawn, "older": 0}

    def reopen(self, organisation_id: str, *, actor_id: str, dry_run: bool) -> tuple[int, int]:
        """Tell the acknowledgement service again every lapse of the organisation that is open there, who is responsible
        now, and the certifications of mentors who had one, for after a restore. Returns how many lapses and
        certifications. A dry run stores nothing. Idempotent: what is there already stays.
        """
        at = self.clock()
        with self.database.begin(tenant(organisation_id)) as session:
            found, certifications = lapses.opened(session), lapses.certifications(session)
            if not dry_run:
                for lapse in found:
                    for kind in (LAPSE,) if lapse.coordinator_version is None else (LAPSE, REASSIGNMENT):
                        self._enqueue(session, kind, lapse, {"dispatch": str(lapse.dispatch_id)}, at=at)
                for news in certifications:
                    self._enqueue(session, CERTIFICATION, news, {"mentor": news.mentor_id}, at=at)
                audit.record_reopening(session, organisation_id, actor_id=actor_id, at=at, lapses=len(found))
        return len(found), len(certifications)

    def _reopen(self, session: Session, lapse: WatchedLapse, *, at: datetime) -> None:
        lapses.record_reopening(session, lapse.dispatch_id, at=at)
        _plan(session, lapse)
        if lapse.opened_at is None and lapse.coordinator_id is not None:
            self._enqueue_opening(session, lapse, at=at)

    def _enqueue_opening(self, session: Session, lapse: WatchedLapse, *, at: datetime) -> Dispatch:
        outbox_id = uuid7()
        lapses.record_opening(session, lapse.dispatch_id, outbox_id)
        dispatch = dispatches.get(session, lapse.dispatch_id, organisation_id=lapse.organisation_id)
        message = lapse_message(dispatch, outbox_id=outbox_id)
        self.dispatcher.leave_to_relays(session, replace(message, due_at=at))
        return dispatch

    def _enqueue(
        self,
        session: Session,
        kind: str,
        about: WatchedLapse | Certification,
        payload: Mapping[str, str],
        *,
        at: datetime,
    ) -> None:
        """For the relays, after all that is to be told about the same mentor already."""
        order = lapse_order(about.mentor_id)
        message = OutboxMessage(kind=kind, payload=payload, tenant=about.organisation_id, ordering_key=order, due_at=at)
        self.dispatcher.leave_to_relays(session, message)

    def _withdraw(self, session: Session, news: Certification, *, at: datetime) -> int:
        done = 0
        for message in lapses.queued_messages(session, news):
            if news.outdates(message.expiry_date) and self.dispatcher.cancel(session, [message.outbox_id]):
                dispatches.record_outcome(
                    session,
                    message.number,
                    Status.SKIPPED,
                    organisation_id=news.organisation_id,
                    at=at,
                    reason=news.reason,
                )
                done += 1
        return done


def _plan(session: Session, lapse: WatchedLapse) -> None:
    agenda.changed(session, [lapse_subject(lapse.dispatch_id)], tenant=lapse.organisation_id)


def _opened(found: Sequence[WatchedLapse]) -> int:
    """How many of them have a coordinator who must acknowledge them."""
    return sum(lapse.outbox_id is not None for lapse in found)
