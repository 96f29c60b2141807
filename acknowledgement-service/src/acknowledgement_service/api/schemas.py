"""One schema for each shape of the contract, with its members in the contract's order."""

from typing import Any
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, post_dump, post_load, validate, validates_schema
from shared_lib.web.fields import Identifier, PlainText, QueryBoolean, StrictBoolean, StrictInteger, UtcDateTime
from shared_lib.web.pagination import AFTER, BEFORE, CursorField, PageQuerySchema, PaginationSchema

from acknowledgement_service.domain.model import Change, ClosedReason, Filters, Sort, State

MAX_NOTE_LENGTH = 500
MAX_VERSION = 2**63 - 1


class LapseMembersSchema(Schema):
    """The members that both shapes of a lapse begin with."""

    acknowledgement_id = fields.UUID(required=True, attribute="id")
    notification_id = fields.UUID(required=True)
    mentor_id = fields.String(required=True)
    coordinator_id = fields.String(required=True)
    expiry_date = UtcDateTime(required=True)
    is_acknowledged = fields.Boolean(required=True)
    acknowledged_at = UtcDateTime(required=True, allow_none=True)


class ClosedMembersSchema(Schema):
    """The members that a closed lapse alone has, after all others."""

    closed_at = UtcDateTime(metadata={"description": "Only of a closed lapse."})
    closed_reason = fields.Enum(ClosedReason, by_value=True, metadata={"description": "Only of a closed lapse."})

    @post_dump
    def leave_out(self, members: dict[str, Any], **_: Any) -> dict[str, Any]:
        closed = {name: members.pop(name) for name in ("closed_at", "closed_reason")}
        return members if closed["closed_at"] is None else {**members, **closed}


class LapseSchema(LapseMembersSchema, ClosedMembersSchema):
    created_at = UtcDateTime(required=True)


class ChangedLapseSchema(LapseMembersSchema, ClosedMembersSchema):
    coordinator_notes = fields.String(required=True, allow_none=True)
    created_at = UtcDateTime(required=True)


class NotesSchema(Schema):
    acknowledgement_id = fields.UUID(required=True, attribute="id")
    coordinator_notes = fields.String(required=True, allow_none=True)
    updated_at = UtcDateTime(required=True, allow_none=True, attribute="notes_updated_at")


class LapseStateSchema(Schema):
    state = fields.Enum(State, by_value=True, required=True)
    coordinator_id = fields.String(required=True)
    acknowledged_at = UtcDateTime(required=True, allow_none=True)
    closed_at = UtcDateTime(required=True, allow_none=True)


class ReassignmentSchema(Schema):
    organisation_id = Identifier(required=True)
    coordinator_id = Identifier(
        required=True, allow_none=True, metadata={"description": "null: the coordinator has left, and nobody follows."}
    )
    version = StrictInteger(minimum=0, maximum=MAX_VERSION, required=True)


class ReassignedSchema(Schema):
    reassigned = fields.Boolean(required=True)
    older = fields.Integer(required=True, metadata={"description": "1: newer news is stored and stays; else 0."})


class CertificationSchema(Schema):
    organisation_id = Identifier(required=True)
    expires_at = UtcDateTime(required=True, allow_none=True)
    reason = fields.Enum(ClosedReason, by_value=True, required=True)
    version = StrictInteger(minimum=0, maximum=MAX_VERSION, required=True)


class CertificationOutcomeSchema(Schema):
    closed = fields.Integer(required=True)
    reopened = fields.Integer(required=True)
    withdrawn = fields.Integer(required=True, metadata={"description": "Messages that are not sent; here always 0."})
    older = fields.Integer(required=True, metadata={"description": "1: newer news is stored and stays; else 0."})


class LapsePageSchema(Schema):
    data = fields.List(fields.Nested(LapseSchema), required=True)
    pagination = fields.Nested(PaginationSchema, required=True)


class DeletedSchema(Schema):
    deleted = fields.Boolean(required=True)
    acknowledgement_id = fields.UUID(required=True)


class AcknowledgeSchema(Schema):
    notification_id = fields.UUID(required=True)
    coordinator_id = Identifier(required=True)


class ChangeSchema(Schema):
    is_acknowledged = StrictBoolean()
    acknowledged_at = UtcDateTime()
    coordinator_notes = PlainText(
        max_length=MAX_NOTE_LENGTH,
        line_breaks=True,
        allow_none=True,
        metadata={
            "description": "Shown in the response to PUT, without a token only if the request has it. null removes it."
        },
    )

    @validates_schema
    def require_a_member(self, values: dict[str, Any], **_: Any) -> None:
        if not values:
            raise ValidationError(
                "Give at least one of is_acknowledged, acknowledged_at and coordinator_notes.", "body"
            )

    @post_load
    def build(self, values: dict[str, Any], **_: Any) -> Change:
        return Change(**values, changes_notes="coordinator_notes" in values)


class OpeningSchema(Schema):
    mentor_id = Identifier(required=True)
    organisation_id = Identifier(required=True)
    expiry_date = UtcDateTime(required=True)


class PersonExportSchema(Schema):
    acknowledgement = fields.Dict(required=True, metadata={"description": "Rows by table."})


class PersonErasureSchema(Schema):
    acknowledgement = fields.Dict(required=True, metadata={"description": "Number of removed items by kind."})


class LapseQuerySchema(PageQuerySchema):
    after = CursorField(UUID, metadata=AFTER)
    before = CursorField(UUID, metadata=BEFORE)
    coordinator_id = Identifier()
    mentor_id = Identifier()
    is_acknowledged = QueryBoolean(metadata={"description": "false: those that wait; closed ones are left out."})
    state = fields.Enum(State, by_value=True)
    sort = fields.String(
        load_default=Sort.CREATED.value,
        validate=validate.OneOf([sort.value for sort in Sort]),
        metadata={"description": "created_at: newest first; expiry_date: earliest first."},
    )

    @post_load
    def build_filters(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        """`Filters` under `filters`; the base class puts a PageRequest under `page`. The hooks run in any order."""
        names = ("coordinator_id", "mentor_id", "is_acknowledged", "state")
        narrowed = {name: values.pop(name) for name in names if name in values}
        return {**values, "filters": Filters(**narrowed, sort=Sort(values.pop("sort")))}
