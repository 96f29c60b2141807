"""One schema for each shape of the contract, with its members in the contract's order."""

from typing import Any
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema
from shared_lib.web.fields import Identifier, PlainText, QueryBoolean, StrictBoolean, UtcDateTime
from shared_lib.web.pagination import AFTER, BEFORE, CursorField, PageQuerySchema, PaginationSchema

from acknowledgement_service.domain.model import Change, Filters, Sort

MAX_NOTE_LENGTH = 500


class LapseMembersSchema(Schema):
    """The members that both shapes of a lapse begin with."""

    acknowledgement_id = fields.UUID(required=True, attribute="id")
    notification_id = fields.UUID(required=True)
    mentor_id = fields.String(required=True)
    coordinator_id = fields.String(required=True)
    expiry_date = UtcDateTime(required=True)
    is_acknowledged = fields.Boolean(required=True)
    acknowledged_at = UtcDateTime(required=True, allow_none=True)


class LapseSchema(LapseMembersSchema):
    created_at = UtcDateTime(required=True)


class ChangedLapseSchema(LapseMembersSchema):
    coordinator_notes = fields.String(required=True, allow_none=True)
    created_at = UtcDateTime(required=True)


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
        metadata={"description": "Only the response to PUT shows it, as in the contract. null removes the note."},
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
    is_acknowledged = QueryBoolean()
    sort = fields.String(
        load_default=Sort.CREATED.value,
        validate=validate.OneOf([sort.value for sort in Sort]),
        metadata={"description": "created_at: newest first; expiry_date: earliest first."},
    )

    @post_load
    def build_filters(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        """`Filters` under `filters`; the base class puts a PageRequest under `page`. The hooks run in any order."""
        names = ("coordinator_id", "mentor_id", "is_acknowledged")
        narrowed = {name: values.pop(name) for name in names if name in values}
        return {**values, "filters": Filters(**narrowed, sort=Sort(values.pop("sort")))}
