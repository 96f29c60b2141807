"""Mentors as those who look after them see them; their certification and their enrolment for a renewal."""

from datetime import date, datetime
from typing import Any

from flask import current_app
from marshmallow import Schema, ValidationError, fields, post_load
from shared_lib.web.conditional import etag, wanted_versions
from shared_lib.web.fields import Identifier, PlainText, QueryBoolean
from shared_lib.web.json_input import Blueprint
from shared_lib.web.pagination import PageQuerySchema, PaginationSchema, page_answer

from orchestrator_service.domain.access import ADMINS, READERS, RECORDERS
from orchestrator_service.domain.mentors import Availability, CertificationFilter, CertificationState, MentorFilter
from orchestrator_service.domain.pauses import Cause
from orchestrator_service.usecases.certifications import Certifications
from orchestrator_service.usecases.mentors import Mentors

from .access import allowed, principal
from .schemas import Moment

BASE_PATH = "/api/v1/mentors"
FILTERS = ("q", "chapter_id", "availability", "without_coordinator", "certification")

blp = Blueprint("mentors", __name__, url_prefix=BASE_PATH, description="Mentors and their certifications")


class Day(fields.Field[date]):
    """A day such as `2026-04-05`, from 2000 until 2099."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"type": "string", "format": "date"}, **options)

    def _serialize(self, value: date | None, attr: str | None, obj: Any, **_: Any) -> str | None:
        return None if value is None else value.isoformat()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> date:
        try:
            if isinstance(value, str) and len(value) == len("2026-04-05") and 2000 <= int(value[:4]) < 2100:
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise ValidationError("Give a day from 2000 until 2099 such as 2026-04-05.")


class _ChapterSchema(Schema):
    chapter_id = fields.String(required=True)
    name = fields.String(required=True)


class _CoordinatorSchema(Schema):
    coordinator_id = fields.String(required=True)
    name = fields.String(required=True)
    rule = fields.String(required=True)
    source = fields.String(required=True)


class _PauseSchema(Schema):
    id = fields.String(required=True)
    effective_date = Moment(required=True)
    expected_return_date = Moment(required=True, allow_none=True)
    is_overdue = fields.Boolean(required=True)
    cause = fields.Enum(Cause, by_value=True, required=True)


class _CertificationSchema(Schema):
    expires_at = Moment(required=True)
    state = fields.Enum(CertificationState, by_value=True, required=True)
    enrolled_for = Day(required=True, allow_none=True)


class _ReachableSchema(Schema):
    email = fields.Boolean(required=True)
    push = fields.Boolean(required=True)
    in_app = fields.Boolean(required=True)


class _NextSchema(Schema):
    kind = fields.String(required=True, attribute="act.kind.value")
    due_at = Moment(required=True, attribute="at")
    tier = fields.Integer(required=True, allow_none=True, attribute="act.tier")


class MentorSchema(Schema):
    mentor_id = fields.String(required=True)
    name = fields.String(required=True)
    organisation_id = fields.String(required=True)
    chapters = fields.List(fields.Nested(_ChapterSchema), required=True)
    coordinator = fields.Nested(_CoordinatorSchema, required=True, allow_none=True)
    availability = fields.Enum(Availability, by_value=True, required=True)
    pause = fields.Nested(_PauseSchema, required=True, allow_none=True)
    certification = fields.Nested(_CertificationSchema, required=True, allow_none=True)
    reachable = fields.Nested(_ReachableSchema, required=True)


class MentorDetailSchema(MentorSchema):
    next = fields.List(
        fields.Nested(_NextSchema),
        required=True,
        metadata={"description": "What will be told or recorded next if no fact changes."},
    )


class MentorPageSchema(Schema):
    data = fields.List(fields.Nested(MentorSchema), required=True)
    pagination = fields.Nested(PaginationSchema, required=True)


class MentorQuerySchema(PageQuerySchema):
    q = PlainText(max_length=100, metadata={"description": "A part of the name or of the id."})
    chapter_id = Identifier()
    availability = fields.Enum(Availability, by_value=True)
    without_coordinator = QueryBoolean()
    certification = fields.Enum(CertificationFilter, by_value=True)

    @post_load
    def build_filter(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        """PageRequest under `page` and MentorFilter under `wanted`, whichever hook runs first."""
        narrowed = {name: values.pop(name) for name in FILTERS if name in values}
        return {**values, "wanted": MentorFilter(**narrowed)}


class CertificationDraftSchema(Schema):
    expires_at = Moment(required=True)


class CertifiedSchema(Schema):
    mentor_id = fields.String(required=True)
    expires_at = Moment(required=True, attribute="certification.expires_at")
    state = fields.Enum(CertificationState, by_value=True, required=True, attribute="certification.state")
    renewed_from = Moment(required=True, allow_none=True)
    enrolled_for = Day(required=True, allow_none=True, attribute="certification.enrolled_for")
    updated_at = Moment(required=True, attribute="certification.known_since")


class CertificationDeletedSchema(Schema):
    mentor_id = fields.String(required=True)
    deleted = fields.Constant(True)
    deleted_at = Moment(required=True, attribute="at")


class EnrolmentDraftSchema(Schema):
    course_date = Day(required=True)


class EnrolmentSchema(Schema):
    mentor_id = fields.String(required=True)
    course_date = Day(required=True, allow_none=True)
    reminders_resume_on = Day(required=True, allow_none=True)
    updated_at = Moment(required=True)


@blp.get("")
@allowed(*READERS)
@blp.arguments(MentorQuerySchema, location="query")
@blp.response(200, MentorPageSchema)
def list_mentors(query: dict[str, Any]) -> Any:
    """List mentors by name"""
    return page_answer(_mentors().page(query["wanted"], query["page"], principal=principal()))


@blp.get("/<identifier:mentor_id>")
@allowed(*READERS)
@blp.response(200, MentorDetailSchema)
def get_mentor(mentor_id: str) -> Any:
    """Get a mentor, and what will be told about them next"""
    profile, coming = _mentors().get(mentor_id, principal=principal())
    document = {name: getattr(profile, name) for name in MentorSchema().fields}
    return {**document, "next": coming}, 200, etag(profile.revision)


@blp.put("/<identifier:mentor_id>/certification")
@allowed(*RECORDERS)
@blp.arguments(CertificationDraftSchema)
@blp.alt_response(201, schema=CertifiedSchema, description="The mentor had no certification")
@blp.response(200, CertifiedSchema)
def put_certification(draft: dict[str, datetime], mentor_id: str) -> Any:
    """Renew or correct a mentor's certification

    Everything follows from the new date: reminders, open lapses, what is planned. The same date again changes nothing.
    """
    sender, versions = principal(), wanted_versions()
    found = _certifications().put(mentor_id, draft["expires_at"], principal=sender, versions=versions)
    return found, 201 if found.is_new else 200


@blp.delete("/<identifier:mentor_id>/certification")
@allowed(*ADMINS)
@blp.response(200, CertificationDeletedSchema)
def delete_certification(mentor_id: str) -> Any:
    """Remove a mentor's certification: they need none any more"""
    return _certifications().remove(mentor_id, principal=principal(), versions=wanted_versions())


@blp.put("/<identifier:mentor_id>/renewal-enrolment")
@allowed(*RECORDERS)
@blp.arguments(EnrolmentDraftSchema)
@blp.response(200, EnrolmentSchema)
def put_enrolment(draft: dict[str, date], mentor_id: str) -> Any:
    """Enrol a mentor for a renewal: no reminders until some days after the course"""
    return _certifications().enrol(mentor_id, draft["course_date"], principal=principal(), versions=wanted_versions())


@blp.delete("/<identifier:mentor_id>/renewal-enrolment")
@allowed(*RECORDERS)
@blp.response(200, EnrolmentSchema)
def delete_enrolment(mentor_id: str) -> Any:
    """Take an enrolment back: reminders go on with the next one"""
    return _certifications().enrol(mentor_id, None, principal=principal(), versions=wanted_versions())


def _mentors() -> Mentors:
    found: Mentors = current_app.extensions["mentors"]
    return found


def _certifications() -> Certifications:
    found: Certifications = current_app.extensions["certifications"]
    return found
