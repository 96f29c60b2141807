"""Deliver notices that tell of no event, after a look at the facts as they are then."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import tenant
from shared_lib.outbox import Delivered, Delivery
from sqlalchemy.orm import Session

from orchestrator_service.domain.access import AccessScope
from orchestrator_service.domain.announcements import Audience
from orchestrator_service.domain.notices import NOTICE_RULES, Notice, NoticeKind
from orchestrator_service.domain.ports import Notifier
from orchestrator_service.store import certifications, pauses, people

from .audiences import audience_of


@dataclass(frozen=True, kw_only=True)
class Notices:
    """Used by the relay, and by the request that has just enqueued one. Raises what the Notifier raises."""

    database: Database
    notifier: Notifier
    clock: Clock

    def deliver(self, delivery: Delivery) -> Delivered:
        """Tell those who are responsible now; nobody when it is no longer true or the person is no mentor any more."""
        with self.database.begin(tenant(delivery.tenant)) as session:
            notice = self._notice(session, delivery.payload, organisation_id=delivery.tenant)
        if notice is not None:
            self.notifier.notify(notice, notice_id=delivery.id)
        return Delivered()

    def _notice(self, session: Session, payload: Any, *, organisation_id: str) -> Notice | None:
        scope, at = AccessScope(organisation_id=organisation_id), self.clock()
        mentor = people.mentor(session, payload["mentor_id"], scope, at=at)
        if mentor is None or not _is_true(session, payload):
            return None
        candidates = people.candidates_of(session, mentor.id, organisation_id=organisation_id, at=at)
        return Notice(
            kind=NoticeKind(payload["notice"]),
            mentor_id=mentor.id,
            organisation_id=organisation_id,
            audience=audience_of(session, mentor, candidates) if payload["to_coordinator"] else Audience(),
            date=_date(payload),
            is_planned=payload["planned"],
            flags=tuple(payload["flags"]),
        )


def _is_true(session: Session, payload: Any) -> bool:
    if NOTICE_RULES[NoticeKind(payload["notice"])].is_about_pause:
        pause = pauses.open_of(session, payload["mentor_id"])
        is_same = pause is not None and pause.event_id == payload["event_id"]
        return pause is not None and is_same and _date(payload) in (None, pause.expected_return_date)
    found = certifications.known(session, payload["mentor_id"])
    return found is not None and found.expires_at == _date(payload)


def _date(payload: Any) -> datetime | None:
    return None if payload["date"] is None else datetime.fromisoformat(payload["date"])
