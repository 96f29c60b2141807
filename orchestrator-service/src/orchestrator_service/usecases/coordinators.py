"""Resolve the coordinator who is responsible for a mentor now, and why."""

from dataclasses import dataclass

from shared_lib.clock import Clock
from shared_lib.database.engine import Database

from orchestrator_service.domain.access import Principal
from orchestrator_service.domain.errors import MentorNotFound, NoCoordinator
from orchestrator_service.domain.responsibility import ResolvedCoordinator, Unresolved, responsible_of
from orchestrator_service.store import people
from orchestrator_service.store.people import tenant_scope_of


@dataclass(frozen=True, kw_only=True)
class Coordinators:
    database: Database
    clock: Clock

    def resolve(self, mentor_id: str, *, principal: Principal) -> ResolvedCoordinator:
        """Raises MentorNotFound for an unknown or invisible mentor, NoCoordinator when nobody is responsible."""
        scope, at = principal.scope, self.clock()
        with self.database.begin(tenant_scope_of(scope)) as session:
            mentor = people.mentor(session, mentor_id, scope, at=at)
            if mentor is None:
                raise MentorNotFound
            responsibility = responsible_of(
                people.candidates_of(session, mentor_id, organisation_id=mentor.organisation_id, at=at)
            )
            if responsibility is None:
                has_chapters = people.has_chapters(session, mentor_id, organisation_id=mentor.organisation_id)
                raise NoCoordinator(Unresolved.NO_ASSIGNMENT if has_chapters else Unresolved.NO_CHAPTER)
            name, email = people.name_and_email(
                session, responsibility.coordinator_id, organisation_id=mentor.organisation_id
            )
        return ResolvedCoordinator(
            peer_mentor_id=mentor_id,
            coordinator_id=responsibility.coordinator_id,
            coordinator_name=name,
            coordinator_email=email,
            rule=responsibility.rule,
            source=responsibility.source,
        )
