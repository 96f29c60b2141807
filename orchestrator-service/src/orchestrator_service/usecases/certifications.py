"""Renew and remove certifications, and enrol mentors for a renewal; what follows is in the same transaction."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from shared_lib import agenda
from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from sqlalchemy.orm import Session

from orchestrator_service.domain.access import Principal
from orchestrator_service.domain.certification_plan import certification_subject, enrolment_ends_on
from orchestrator_service.domain.errors import CertificationNotFound, MentorNotFound
from orchestrator_service.domain.mentors import Certification, MentorProfile
from orchestrator_service.domain.pause_events import in_milliseconds
from orchestrator_service.domain.planning import SkipReason
from orchestrator_service.domain.settings import OrganisationSettings
from orchestrator_service.store import audit, certifications, mentor_profiles, people, settings
from orchestrator_service.store.people import tenant_scope_of

from .certification_periods import settle
from .changed_contacts import ChangedContacts

Versions = Collection[int] | None
"""Revisions of the mentor that the caller knows; None for any."""


@dataclass(frozen=True, kw_only=True)
class Certified:
    """A mentor's certification. `renewed_from`: the earlier date that this one replaced."""

    mentor_id: str
    certification: Certification
    renewed_from: datetime | None
    is_new: bool


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    """The enrolment for a renewal; without a course date there is none."""

    mentor_id: str
    course_date: date | None
    reminders_resume_on: date | None
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class Removal:
    mentor_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class _Change:
    """A change in progress: the mentor as they are before it, in their turn."""

    session: Session
    profile: MentorProfile
    own: OrganisationSettings


@dataclass(frozen=True, kw_only=True)
class Certifications:
    database: Database
    changed_contacts: ChangedContacts
    clock: Clock

    def put(self, mentor_id: str, expires_at: datetime, *, principal: Principal, versions: Versions) -> Certified:
        """Let the mentor's certification end at this time. The same time again changes nothing.

        Raises MentorNotFound and StaleVersion.
        """
        with self._changing(mentor_id, principal, versions) as change:
            session, before, at = change.session, change.profile.certification, self.clock()
            old = None if before is None else before.expires_at
            if old != expires_at:
                certifications.save(session, mentor_id, expires_at)
                self._record(change, principal, "certification_changed", old, expires_at)
            last = certifications.last_period(session, mentor_id, is_open=False)
            after = mentor_profiles.get(session, mentor_id, principal.scope, at=at)
        if after is None or after.certification is None:
            raise MentorNotFound
        is_renewal = last is not None and last.end_reason == SkipReason.RENEWED
        return Certified(
            mentor_id=mentor_id,
            certification=after.certification,
            renewed_from=last.expires_at if last is not None and is_renewal else None,
            is_new=before is None,
        )

    def remove(self, mentor_id: str, *, principal: Principal, versions: Versions) -> Removal:
        """The mentor needs no certification any more. Raises MentorNotFound, CertificationNotFound and StaleVersion."""
        with self._changing(mentor_id, principal, versions) as change:
            before = _certification_of(change)
            certifications.remove(change.session, mentor_id)
            self._record(change, principal, "certification_removed", before.expires_at, None)
        return Removal(mentor_id=mentor_id, at=in_milliseconds(self.clock()))

    def enrol(self, mentor_id: str, course_date: date | None, *, principal: Principal, versions: Versions) -> Enrolled:
        """Send no reminders until the grace after the course has passed; None: go on with the next reminder.

        Raises MentorNotFound, CertificationNotFound and StaleVersion.
        """
        with self._changing(mentor_id, principal, versions) as change:
            session, before, at = change.session, _certification_of(change), self.clock()
            if before.enrolled_for != course_date:
                certifications.save_enrolment(
                    session, mentor_id, expires_at=before.expires_at, course_date=course_date, at=at
                )
                organisation_id = change.own.organisation_id
                agenda.changed(session, [certification_subject(mentor_id)], tenant=organisation_id)
                self._note(change, principal, "enrolment_changed", before.enrolled_for, course_date)
            known = certifications.known(session, mentor_id)
        resume_on = course_date and enrolment_ends_on(course_date, change.own.settings.enrolment_grace_days)
        return Enrolled(
            mentor_id=mentor_id,
            course_date=course_date,
            reminders_resume_on=resume_on,
            updated_at=(known and known.enrolment_since) or at,
        )

    @contextmanager
    def _changing(self, mentor_id: str, principal: Principal, versions: Versions) -> Iterator[_Change]:
        """The mentor in their turn, with everything that followed from earlier changes."""
        scope, at = principal.scope, self.clock()
        with self.database.begin(tenant_scope_of(scope), turn=people.turn_of(mentor_id)) as session:
            profile = mentor_profiles.get(session, mentor_id, scope, at=at)
            own = None if profile is None else settings.get(session, profile.organisation_id)
            if profile is None or own is None:
                raise MentorNotFound
            profile.must_be(versions)
            settle(session, self.changed_contacts.dispatcher, mentor_id, own, at=at)
            yield _Change(session=session, profile=profile, own=own)

    def _record(
        self, change: _Change, principal: Principal, action: str, before: datetime | None, after: datetime | None
    ) -> None:
        """Tell the services after this one, leave out what was planned by the old date, and write the audit log."""
        self.changed_contacts.enqueue_certifications(change.session, change.profile.mentor_id)
        dispatcher = self.changed_contacts.dispatcher
        settle(change.session, dispatcher, change.profile.mentor_id, change.own, at=self.clock())
        self._note(change, principal, action, before, after)

    def _note(
        self, change: _Change, principal: Principal, action: str, before: date | None, after: date | None
    ) -> None:
        audit.record_certification(
            change.session,
            action,
            change.profile.mentor_id,
            dates=(before, after),
            organisation_id=change.own.organisation_id,
            actor_id=principal.id,
            at=self.clock(),
        )


def _certification_of(change: _Change) -> Certification:
    if change.profile.certification is None:
        raise CertificationNotFound
    return change.profile.certification
