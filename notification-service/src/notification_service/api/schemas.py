"""One schema for each shape the contract shows; the order of members is the contract's."""

from dataclasses import replace
from typing import Any, ClassVar, cast

from marshmallow import Schema, fields, post_load, validate
from shared_lib.web.auth import optional_principal
from shared_lib.web.fields import Identifier, PlainText, StrictInteger, UtcDateTime

from notification_service.domain.model import Actor, Announcement, Context, Notice

LONGEST_REASON = 200
MOST_DAYS = 3650
MOST_PEOPLE = 200


class MessageSchema(Schema):
    recipient = fields.String(required=True, attribute="recipient_id")
    channel = fields.String(required=True)
    status = fields.String(
        required=True,
        metadata={"description": "queued, sent, delivered, failed, expired, unknown or skipped; see the README."},
    )
    message_id = fields.String(required=True)


class DispatchSchema(Schema):
    mentor_id = fields.String(required=True)
    notifications_dispatched = fields.List(fields.Nested(MessageSchema), required=True, attribute="messages")
    dispatched_at = UtcDateTime(required=True, attribute="created_at")


class ReminderDispatchSchema(Schema):
    mentor_id = fields.String(required=True)
    days_remaining = fields.Integer(required=True)
    notifications_dispatched = fields.List(fields.Nested(MessageSchema), required=True, attribute="messages")
    dispatched_at = UtcDateTime(required=True, attribute="created_at")


class PersonDataSchema(Schema):
    notification = fields.Dict(required=True)
    acknowledgement = fields.Dict(required=True)


class ActorSchema(Schema):
    id = Identifier(required=True)
    name = PlainText(required=True, max_length=200)

    @post_load
    def build(self, values: dict[str, Any], **_: Any) -> Actor:
        return Actor(**values)


class ContextSchema(Schema):
    organisation_id = Identifier(required=True)
    coordinator_id = Identifier(required=True, allow_none=True)
    admin_ids = fields.List(Identifier(), load_default=list, validate=validate.Length(max=MOST_PEOPLE))
    acted_by = fields.Nested(ActorSchema, load_default=None, allow_none=True)
    also = fields.List(Identifier(), load_default=list, validate=validate.Length(max=MOST_PEOPLE))

    @post_load
    def build(self, values: dict[str, Any], **_: Any) -> Context:
        values.update(admin_ids=tuple(values["admin_ids"]), also=tuple(values["also"]))
        return Context(**values)


class AnnouncementSchema(Schema):
    """What all four have in common."""

    notice: ClassVar[Notice]

    mentor_id = Identifier(required=True)

    def load(self, data: Any, **options: Any) -> Announcement:
        """The orchestrator may add a `context`; from anybody else it is an unknown field, and undocumented.

        Whoever could say who is responsible could have a notice sent to anybody.
        """
        who = optional_principal()
        if who is None or not who.is_service or not isinstance(data, dict) or "context" not in data:
            return cast(Announcement, super().load(data, **options))
        added = _ADDED.load({"context": data["context"]})
        own = {name: value for name, value in data.items() if name != "context"}
        return replace(cast(Announcement, super().load(own, **options)), **added)

    @post_load
    def build(self, values: dict[str, Any], **_: Any) -> Announcement:
        return Announcement(notice=self.notice, **values)


class _Added(Schema):
    context = fields.Nested(ContextSchema, required=True)


_ADDED = _Added()
"""Made once: the making, nested schemas and all, costs more than to load with it."""


class PauseActivatedSchema(AnnouncementSchema):
    notice = Notice.PAUSE_ACTIVATED

    expected_return_date = UtcDateTime(load_default=None, allow_none=True)
    pause_reason = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=LONGEST_REASON),
        metadata={"description": "Accepted and dropped at the door: the reason of a pause is health data."},
    )

    @post_load
    def build(self, values: dict[str, Any], **_: Any) -> Announcement:
        values.pop("pause_reason")
        return Announcement(notice=self.notice, **values)


class PauseLiftedSchema(AnnouncementSchema):
    notice = Notice.PAUSE_LIFTED


class CertExpirySchema(AnnouncementSchema):
    notice = Notice.CERT_EXPIRY

    expiry_date = UtcDateTime(required=True)


class CertExpiryReminderSchema(AnnouncementSchema):
    notice = Notice.CERT_EXPIRY_REMINDER

    days_remaining = StrictInteger(minimum=0, maximum=MOST_DAYS, required=True)
