"""Record the events that the calendar brings: certifications that end soon, or have ended."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants

from orchestrator_service.domain.access import GLOBAL_ADMIN, Principal
from orchestrator_service.domain.certifications import due_notice
from orchestrator_service.domain.errors import CertificationChanged, MentorNotFound
from orchestrator_service.domain.pause_events import Draft
from orchestrator_service.domain.ports import Progress
from orchestrator_service.store import certifications

from .pause_events import PauseEvents

PLANNER = Principal(id="certification-planner", roles=frozenset({GLOBAL_ADMIN}))
EVERY_ORGANISATION = all_tenants("certification_planner")
BATCH = 500


@dataclass(frozen=True, kw_only=True)
class CertificationNotices:
    database: Database
    pause_events: PauseEvents
    clock: Clock
    progress: Progress

    def record_due(self, *, tiers: Collection[int], late_by: timedelta, dry_run: bool) -> int:
        """Record every notice that is due and not recorded; returns how many. Each one is a transaction of its own.

        A certification that ended longer ago than `late_by` is left alone: a first import must not announce old news.
        Running it again, also after it was killed half-way, announces nothing twice.
        """
        at = self.clock()
        since, until = at - late_by, at + timedelta(days=max(tiers, default=0) + 2)
        position, found = None, 0
        while True:
            with self.database.begin(EVERY_ORGANISATION) as session:
                page = certifications.ending(session, since=since, until=until, after=position, limit=BATCH)
                drafts = [due_notice(one, at=at, tiers=tiers) for one in page]
                missing = certifications.not_recorded(session, [draft for draft in drafts if draft is not None])
            if not page:
                return found
            position = (page[-1].expires_at, page[-1].mentor_id)
            for draft in missing:
                found += 1 if dry_run or self._record(draft) else 0
                self.progress.at(f"{found} notices", 0, 0)

    def _record(self, draft: Draft) -> bool:
        try:
            return self.pause_events.record(draft, principal=PLANNER, key=None, wait_seconds=0).is_new
        except (MentorNotFound, CertificationChanged):  # the directory has changed meanwhile
            return False
