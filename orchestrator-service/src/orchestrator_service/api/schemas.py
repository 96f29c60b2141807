"""One schema for each shape the contract shows; the order of members is the contract's."""

import dataclasses
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema
from shared_lib.ids import opaque_id
from shared_lib.web.fields import Identifier, PlainText, StrictInteger, UtcDateTime
from shared_lib.web.pagination import AFTER, BEFORE, CursorField, PageQuerySchema, PaginationSchema

from orchestrator_service.domain.pause_events import (
    EVENT_RULES,
    MAX_DAYS_REMAINING,
    Correction,
    Draft,
    EventFilter,
    EventType,
)

MAX_REASON_LENGTH = 200
ONLY_WHEN_SET = tuple(sorted({name for rule in EVENT_RULES.values() for name in rule.members} - {"reason"}))
"""Members beyond the contract, which appear only where they have a value."""


class Moment(UtcDateTime):
    """A time as this service writes it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(timespec="milliseconds", **options)


class DispatchResultSchema(Schema):
    channel = fields.String(required=True)
    recipient_id = fields.String(required=True)
    status = fields.String(
        required=True, metadata={"description": "queued, sent, delivered, failed, expired, unknown or skipped."}
    )
    sent_at = Moment(required=True, allow_none=True)


class _EventSchema(Schema):
    """Every member of an event, in the contract's order; the shapes below name those that they show."""

    id = fields.String(required=True)
    peer_mentor_id = fields.String(required=True)
    event_type = fields.Enum(EventType, by_value=True, required=True)
    effective_date = Moment(required=True)
    reason = fields.String(required=True, allow_none=True)
    expected_return_date = Moment()
    expiry_date = Moment()
    days_remaining = fields.Integer()
    coordinator_id = fields.String(required=True, allow_none=True)
    notifications_sent = fields.List(fields.String(), required=True)
    dispatch_results = fields.List(fields.Nested(DispatchResultSchema), required=True)
    created_at = Moment(required=True)
    updated_at = Moment(required=True)

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """The attribute alone: marshmallow would first look for an item and for a path with dots.

        The default leaves the member out.
        """
        value = getattr(obj, attr, default)
        return default if value is None and attr in ONLY_WHEN_SET else value


class EventDetailSchema(_EventSchema):
    class Meta:
        exclude = ("updated_at",)


class EventItemSchema(_EventSchema):
    class Meta:
        exclude = ("dispatch_results", "updated_at")


class EventCreatedSchema(_EventSchema):
    class Meta:
        exclude = ("reason", *ONLY_WHEN_SET, "dispatch_results", "updated_at")


class EventUpdatedSchema(_EventSchema):
    class Meta:
        exclude = (*ONLY_WHEN_SET, "notifications_sent", "dispatch_results", "created_at")


class EventDeletedSchema(Schema):
    message = fields.Constant("Pause notification record deleted")
    deleted_id = fields.String(required=True, attribute="event_id")
    deleted_at = Moment(required=True, attribute="at")


class EventPageSchema(Schema):
    data = fields.Nested(EventItemSchema, many=True, required=True)
    pagination = fields.Nested(PaginationSchema, required=True)


class ResolvedCoordinatorSchema(Schema):
    peer_mentor_id = fields.String(required=True)
    coordinator_id = fields.String(required=True)
    coordinator_name = fields.String(required=True)
    coordinator_email = fields.String(required=True, allow_none=True)


class DraftSchema(Schema):
    peer_mentor_id = Identifier(required=True)
    event_type = fields.Enum(EventType, by_value=True, required=True)
    effective_date = Moment(required=True)
    reason = PlainText(
        max_length=MAX_REASON_LENGTH,
        allow_none=True,
        load_default=None,
        metadata={"description": "Kept with pause_activated only."},
    )
    expected_return_date = Moment(
        allow_none=True, load_default=None, metadata={"description": "With pause_activated only."}
    )
    expiry_date = Moment(
        allow_none=True,
        load_default=None,
        metadata={"description": "With certification events only. Default: the directory's certification."},
    )
    days_remaining = StrictInteger(
        minimum=0,
        maximum=MAX_DAYS_REMAINING,
        allow_none=True,
        load_default=None,
        metadata={"description": "With certification_expiring only. Default: by the certification's expiry date."},
    )

    @validates_schema
    def members_suit_the_type(self, values: dict[str, Any], **_: Any) -> None:
        members = EVENT_RULES[values["event_type"]].members
        strays = {
            name: [f"Does not go with {values['event_type'].value}."]
            for name in ONLY_WHEN_SET
            if values.get(name) is not None and name not in members
        }
        if strays:
            raise ValidationError(strays)

    @post_load
    def build(self, values: dict[str, Any], **_: Any) -> Draft:
        return Draft.reported(**values)


class CorrectionSchema(Schema):
    reason = PlainText(
        max_length=MAX_REASON_LENGTH,
        allow_none=True,
        metadata={"description": "null blanks it. Kept with pause_activated only."},
    )
    effective_date = Moment()
    expected_return_date = Moment(
        allow_none=True, metadata={"description": "With pause_activated only. null removes it."}
    )

    @validates_schema
    def something_is_corrected(self, values: dict[str, Any], **_: Any) -> None:
        if not values:
            raise ValidationError("Give reason, effective_date or expected_return_date.", "body")

    @post_load
    def build(self, values: dict[str, Any], **_: Any) -> Correction:
        return Correction.of(values)


class EventQuerySchema(PageQuerySchema):
    after = CursorField(opaque_id, metadata=AFTER)
    before = CursorField(opaque_id, metadata=BEFORE)
    event_type = fields.Enum(EventType, by_value=True)
    peer_mentor_id = Identifier()
    coordinator_id = Identifier()

    @post_load
    def build_filter(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        """PageRequest under `page` and EventFilter under `wanted`, whichever hook runs first."""
        narrowed = {each.name: values.pop(each.name) for each in dataclasses.fields(EventFilter) if each.name in values}
        return {**values, "wanted": EventFilter(**narrowed)}
