"""The directory's news, as the orchestrator sends it."""

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import Schema, ValidationError, fields, post_load, validate
from shared_lib.web.fields import Identifier, PlainText, StrictBoolean, StrictInteger

from notification_service.domain.model import Channel, Contact, Organisation

MOST_AT_ONCE = 500
MOST_ADMINS = 200
LARGEST_VERSION = 2**63 - 1


def _is_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValidationError("Give a time zone by its IANA name, such as Europe/Oslo.") from error


class OrganisationSchema(Schema):
    id = Identifier(required=True)
    name = PlainText(required=True, max_length=200)
    locale = PlainText(max_length=16, load_default="nb")
    time_zone = fields.String(load_default="Europe/Oslo", validate=[validate.Length(max=64), _is_time_zone])
    mentor_word = PlainText(max_length=60, allow_none=True, load_default=None)
    coordinator_word = PlainText(max_length=60, allow_none=True, load_default=None)
    admin_ids = fields.List(Identifier(), load_default=list, validate=validate.Length(max=MOST_ADMINS))
    version = StrictInteger(minimum=0, maximum=LARGEST_VERSION, required=True)

    @post_load
    def build(self, values: dict[str, Any], **_: Any) -> Organisation:
        return Organisation(**{**values, "admin_ids": tuple(values["admin_ids"])})


class ContactBodySchema(Schema):
    """One person without the id, which the address has."""

    organisation_id = Identifier(required=True)
    name = PlainText(required=True, max_length=200)
    email = PlainText(max_length=254, allow_none=True, load_default=None)
    push_token = PlainText(max_length=512, allow_none=True, load_default=None)
    channels = fields.List(fields.Enum(Channel, by_value=True), load_default=lambda: [Channel.EMAIL])
    locale = PlainText(max_length=16, allow_none=True, load_default=None)
    coordinator_id = Identifier(allow_none=True, load_default=None)
    is_mentor = StrictBoolean(load_default=False)
    active = StrictBoolean(load_default=True)
    version = StrictInteger(minimum=0, maximum=LARGEST_VERSION, required=True)


class ContactSchema(ContactBodySchema):
    id = Identifier(required=True)

    @post_load
    def build(self, values: dict[str, Any], **_: Any) -> Contact:
        return contact(**values)


class NewsSchema(Schema):
    organisations = fields.List(
        fields.Nested(OrganisationSchema), load_default=list, validate=validate.Length(max=MOST_AT_ONCE)
    )
    contacts = fields.List(fields.Nested(ContactSchema), load_default=list, validate=validate.Length(max=MOST_AT_ONCE))


class AcceptedSchema(Schema):
    organisations = fields.Integer(required=True)
    contacts = fields.Integer(required=True)


def contact(*, channels: list[Channel], **values: Any) -> Contact:
    """A channel named twice is still one channel."""
    return Contact(channels=tuple(dict.fromkeys(channels)), **values)
