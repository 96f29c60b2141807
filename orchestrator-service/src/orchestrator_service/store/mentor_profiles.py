"""Mentors with their chapters, coordinator, pause and certification: one of them, or a list by name."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from shared_lib.pagination import Page, PageRequest
from sqlalchemy import ColumnElement, Date, Select, and_, case, cast, false, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.orm import Session

from orchestrator_service.domain.access import AccessScope
from orchestrator_service.domain.mentors import (
    Availability,
    Certification,
    CertificationFilter,
    CertificationState,
    Chapter,
    MentorFilter,
    MentorProfile,
    NamedCoordinator,
    OpenPause,
    Reachable,
)
from orchestrator_service.domain.pauses import Cause
from orchestrator_service.domain.responsibility import Candidate, responsible_of
from orchestrator_service.domain.settings import Settings

from . import people
from .pauses import IS_OPEN
from .tables import (
    CertificationNewsRow,
    CertificationRow,
    ChapterRow,
    MembershipRow,
    OrganisationRow,
    OrganisationSettingsRow,
    PauseEventRow,
    PersonRow,
    RenewalEnrolmentRow,
)

TIERS = "certification_reminder_days"
_IS_PAUSED = PauseEventRow.id.is_not(None)
_CHAPTER = func.jsonb_build_array(ChapterRow.id, ChapterRow.name)
_CHAPTERS = (
    select(func.jsonb_agg(aggregate_order_by(_CHAPTER, ChapterRow.id), type_=JSONB))
    .join(
        MembershipRow,
        and_(MembershipRow.organisation_id == ChapterRow.organisation_id, MembershipRow.chapter_id == ChapterRow.id),
    )
    .where(MembershipRow.mentor_id == PersonRow.id, MembershipRow.organisation_id == PersonRow.organisation_id)
    .scalar_subquery()
)
# Stored with the largest first; an organisation without settings of its own has the default.
_LARGEST_TIER = case(
    (
        OrganisationSettingsRow.document.has_key(TIERS),
        OrganisationSettingsRow.document[TIERS][0].as_integer(),
    ),
    else_=Settings().certification_reminder_days[0],
)


def get(session: Session, mentor_id: str, scope: AccessScope, *, at: datetime) -> MentorProfile | None:
    """The mentor, if the person is one now and is in the scope at this time."""
    query = _mentors(scope, at).where(PersonRow.id == mentor_id)
    row = session.execute(query).one_or_none()
    if row is None or not people.is_visible(session, scope, mentor_id, organisation_id=row.organisation_id, at=at):
        return None
    return _profiles(session, [row], at=at)[0]


def page(
    session: Session, scope: AccessScope, wanted: MentorFilter, request: PageRequest, *, at: datetime
) -> Page[MentorProfile]:
    """The wanted mentors that are in the scope at this time, by name: in four statements, however many there are."""
    query = _mentors(scope, at).where(*_narrowed(wanted, at))
    if scope.coordinator_id is not None and scope.organisation_id is not None:
        own = people.mentors_of(session, scope.coordinator_id, organisation_id=scope.organisation_id, at=at)
        query = query.where(PersonRow.id.in_(own))
    counted = query.add_columns(func.count().over().label("total")).order_by(PersonRow.name, PersonRow.id)
    rows = session.execute(counted.limit(request.limit).offset(request.offset)).all()
    total = rows[0].total if rows else session.scalar(select(func.count()).select_from(query.subquery())) or 0
    return Page(
        items=_profiles(session, rows, at=at),
        request=request,
        has_more=request.offset + len(rows) < total,
        total=total,
    )


def _mentors(scope: AccessScope, at: datetime) -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = (
        select(
            PersonRow.id,
            PersonRow.name,
            PersonRow.organisation_id,
            PersonRow.channels,
            PersonRow.email.is_not(None).label("has_address"),
            PersonRow.push_token.is_not(None).label("has_device"),
            _CHAPTERS.label("chapters"),
            _IS_PAUSED.label("is_paused"),
            PauseEventRow.id.label("event_id"),
            PauseEventRow.effective_date,
            PauseEventRow.expected_return_date,
            PauseEventRow.cause,
            (_local_day(PauseEventRow.expected_return_date) < _local_day(at)).label("is_overdue"),
            CertificationRow.expires_at,
            CertificationNewsRow.known_since,
            _state(at).label("state"),
            RenewalEnrolmentRow.course_date,
        )
        .join(OrganisationRow, OrganisationRow.id == PersonRow.organisation_id)
        .outerjoin(OrganisationSettingsRow, OrganisationSettingsRow.organisation_id == OrganisationRow.id)
        .outerjoin(CertificationRow, CertificationRow.mentor_id == PersonRow.id)
        .outerjoin(CertificationNewsRow, CertificationNewsRow.mentor_id == CertificationRow.mentor_id)
        .outerjoin(
            RenewalEnrolmentRow,
            and_(
                RenewalEnrolmentRow.mentor_id == CertificationRow.mentor_id,
                RenewalEnrolmentRow.expires_at == CertificationRow.expires_at,
            ),
        )
        .outerjoin(PauseEventRow, and_(IS_OPEN, PauseEventRow.peer_mentor_id == PersonRow.id))
        .where(PersonRow.is_mentor)
    )
    return query if scope.organisation_id is None else query.where(PersonRow.organisation_id == scope.organisation_id)


def _local_day(moment: Any) -> ColumnElement[Any]:
    """The day of a moment in the organisation's time zone."""
    return cast(func.timezone(OrganisationRow.time_zone, moment), Date)


def _is_lapsed(at: datetime) -> ColumnElement[bool]:
    return func.coalesce(CertificationRow.expires_at <= at, false())


def _is_expiring(at: datetime) -> ColumnElement[bool]:
    days_left = _local_day(CertificationRow.expires_at) - _local_day(at)
    return and_(CertificationRow.expires_at > at, days_left <= _LARGEST_TIER)


def _state(at: datetime) -> ColumnElement[Any]:
    return case(
        (CertificationRow.expires_at.is_(None), None),
        (_is_lapsed(at), CertificationState.LAPSED.value),
        (_is_expiring(at), CertificationState.EXPIRING.value),
        else_=CertificationState.VALID.value,
    )


def _narrowed(wanted: MentorFilter, at: datetime) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.q is not None:
        parts = (column.icontains(wanted.q, autoescape=True) for column in (PersonRow.name, PersonRow.id))
        found.append(or_(*parts))
    if wanted.chapter_id is not None:
        own = (MembershipRow.mentor_id == PersonRow.id) & (MembershipRow.organisation_id == PersonRow.organisation_id)
        found.append(select(literal(1)).where(own, MembershipRow.chapter_id == wanted.chapter_id).exists())
    if wanted.availability is not None:
        is_paused = wanted.availability in (Availability.PAUSED, Availability.PAUSED_AND_LAPSED)
        is_lapsed = wanted.availability in (Availability.LAPSED, Availability.PAUSED_AND_LAPSED)
        found += [_IS_PAUSED.is_(is_paused), _is_lapsed(at).is_(is_lapsed)]
    if wanted.without_coordinator:
        responsible = people.all_responsible(at).subquery()
        found.append(~select(literal(1)).where(responsible.c.mentor_id == PersonRow.id).exists())
    if wanted.certification is CertificationFilter.ENROLLED:
        found.append(RenewalEnrolmentRow.course_date.is_not(None))
    elif wanted.certification is not None:
        found.append(_state(at) == wanted.certification.value)
    return found


def _profiles(session: Session, rows: Sequence[Any], *, at: datetime) -> list[MentorProfile]:
    coordinators = _coordinators(session, [row.id for row in rows], at=at)
    return [_profile(row, coordinators.get(row.id)) for row in rows]


def _coordinators(session: Session, mentors: Sequence[str], *, at: datetime) -> dict[str, NamedCoordinator]:
    """The responsible coordinator of each mentor who has one."""
    candidates: dict[str, list[Candidate]] = {
        mentor_id: [candidate for _, candidate in group]
        for mentor_id, group in groupby(people.candidates_of_many(session, mentors, at=at), key=lambda pair: pair[0])
    }
    found = {mentor_id: responsible_of(each) for mentor_id, each in candidates.items()}
    ids = {responsibility.coordinator_id for responsibility in found.values() if responsibility is not None}
    names = people.names_of(session, ids)
    return {
        mentor_id: NamedCoordinator(
            coordinator_id=each.coordinator_id,
            name=names[each.coordinator_id],
            rule=each.rule.value,
            source=each.source,
        )
        for mentor_id, each in found.items()
        if each is not None
    }


def _profile(row: Any, coordinator: NamedCoordinator | None) -> MentorProfile:
    return MentorProfile(
        mentor_id=row.id,
        name=row.name,
        organisation_id=row.organisation_id,
        chapters=tuple(Chapter(chapter_id=id_, name=name) for id_, name in row.chapters or ()),
        coordinator=coordinator,
        pause=_pause(row) if row.is_paused else None,
        certification=None if row.state is None else _certification(row),
        reachable=Reachable(
            email="email" in row.channels and row.has_address,
            push="push" in row.channels and row.has_device,
            in_app="in_app" in row.channels,
        ),
    )


def _certification(row: Any) -> Certification:
    return Certification(
        expires_at=row.expires_at,
        known_since=row.known_since,
        state=CertificationState(row.state),
        enrolled_for=row.course_date,
    )


def _pause(row: Any) -> OpenPause:
    return OpenPause(
        id=row.event_id,
        effective_date=row.effective_date,
        expected_return_date=row.expected_return_date,
        is_overdue=bool(row.is_overdue),
        cause=Cause(row.cause),
    )
