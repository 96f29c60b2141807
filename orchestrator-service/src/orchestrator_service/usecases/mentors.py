"""Read mentors, and what will be told about each of them next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.pagination import Page, PageRequest
from sqlalchemy.orm import Session

from orchestrator_service.domain.access import Principal
from orchestrator_service.domain.certification_plan import plan_certification
from orchestrator_service.domain.errors import MentorNotFound
from orchestrator_service.domain.mentors import MentorFilter, MentorProfile
from orchestrator_service.domain.planning import Coming, Hours, Plan, coming
from orchestrator_service.store import certifications, mentor_profiles, pauses, settings
from orchestrator_service.store.people import tenant_scope_of

from . import acts
from .certification_periods import facts_of
from .open_pauses import planned
from .settings import working_hours

HORIZON = timedelta(days=400)
"""How far ahead the next acts are shown."""


class Found(NamedTuple):
    """A mentor, and what will be told about them if no fact changes."""

    profile: MentorProfile
    next: Sequence[Coming]


@dataclass(frozen=True, kw_only=True)
class Mentors:
    database: Database
    clock: Clock

    def get(self, mentor_id: str, *, principal: Principal) -> Found:
        """Raises MentorNotFound, for a mentor that the principal may not see as for an unknown one."""
        at = self.clock()
        with self.database.begin(tenant_scope_of(principal.scope)) as session:
            profile = mentor_profiles.get(session, mentor_id, principal.scope, at=at)
            if profile is None:
                raise MentorNotFound
            return Found(profile, self._next(session, profile, at=at))

    def page(self, wanted: MentorFilter, request: PageRequest, *, principal: Principal) -> Page[MentorProfile]:
        """The wanted mentors that the principal may see, by name."""
        with self.database.begin(tenant_scope_of(principal.scope)) as session:
            return mentor_profiles.page(session, principal.scope, wanted, request, at=self.clock())

    def _next(self, session: Session, profile: MentorProfile, *, at: datetime) -> Sequence[Coming]:
        own = settings.get(session, profile.organisation_id)
        certified = certifications.known(session, profile.mentor_id)
        pause = pauses.open_of(session, profile.mentor_id)
        plans: list[tuple[Plan, Hours]] = []
        if own is not None and certified is not None:
            hours = working_hours(own.settings)
            plans.append((plan_certification(facts_of(profile.mentor_id, certified, own, at=at), hours), hours))
        if pause is not None and (found := planned(session, pause)) is not None:
            plans.append(found)
        ahead = [
            each
            for plan, hours in plans
            for each in coming(plan, acts.decided(session, plan), at=at, hours=hours, until=at + HORIZON)
        ]
        return sorted(ahead, key=lambda each: each.at)
