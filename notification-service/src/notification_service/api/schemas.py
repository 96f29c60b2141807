"""One schema for each shape the contract shows; the order of members is the contract's."""

from dataclasses import replace
from datetime import date
from typing import Any, ClassVar, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import Schema, ValidationError, fields, post_load, validate
from shared_lib.web.auth import optional_principal
from shared_lib.web.fields import HourAndMinute, Identifier, PlainText, StrictBoolean, StrictInteger, UtcDateTime
from shared_lib.working_hours import WEEKDAYS

from notification_service.domain.lapses import ClosedReason
from notification_service.domain.mail_addresses import is_plain_address, with_ascii_domain
from notification_service.domain.model import (
    ActingPerson,
    Announcement,
    Channel,
    Contact,
    Context,
    Flag,
    Notice,
    NoticeSettings,
    Organisation,
)
from notification_service.domain.notice_rules import NOTICE_RULES, Announcer

MAX_REASON_LENGTH = 200
MAX_DAYS = 3650
MAX_PEOPLE = 200
MAX_BATCH = 500
MAX_VERSION = 2**63 - 1


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


class ActingPersonSchema(Schema):
    id = Identifier(required=True)
    name = PlainText(required=True, max_length=200)

    @post_load
    def build(self, values: dict[str, Any], **_: Any) -> ActingPerson:
        return ActingPerson(**values)


def _is_within_time(day: date) -> None:
    if not 2000 <= day.year < 2100:
        raise ValidationError("Give a date between 2000 and 2100.")


class ContextSchema(Schema):
    organisation_id = Identifier(required=True)
    coordinator_id = Identifier(required=True, allow_none=True)
    admin_ids = fields.List(Identifier(), load_default=list, validate=validate.Length(max=MAX_PEOPLE))
    acted_by = fields.Nested(ActingPersonSchema, load_default=None, allow_none=True)
    also = fields.List(Identifier(), load_default=list, validate=validate.Length(max=MAX_PEOPLE))
    expiry_date = UtcDateTime(load_default=None, allow_none=True)
    effective_date = UtcDateTime(load_default=None, allow_none=True)
    planned = StrictBoolean(load_default=False)
    tier = StrictInteger(minimum=0, maximum=MAX_DAYS, load_default=None, allow_none=True)
    occurred_at = UtcDateTime(load_default=None, allow_none=True)
    contact_version = StrictInteger(minimum=0, maximum=MAX_VERSION, load_default=None, allow_none=True)
    flags = fields.List(fields.Enum(Flag, by_value=True), load_default=list, validate=validate.Length(max=len(Flag)))
    auto_paused = StrictBoolean(load_default=False, metadata={"description": "The same as this flag."})
    enrolled_for = fields.Date(load_default=None, allow_none=True, validate=_is_within_time)

    @post_load
    def build(self, values: dict[str, Any], **_: Any) -> Context:
        automatic = {Flag.AUTO_PAUSED} if values.pop("auto_paused") else set()
        values.update(admin_ids=tuple(values["admin_ids"]), also=tuple(values["also"]))
        return Context(**{**values, "flags": frozenset(values["flags"]) | automatic})


class AnnouncementSchema(Schema):
    """The member that all four have, and the orchestrator's `context`."""

    notice: ClassVar[Notice]

    mentor_id = Identifier(required=True)

    def load(self, data: Any, **options: Any) -> Announcement:
        """The orchestrator may add a `context`; from any other client it is an unknown field, and undocumented.

        A client that may say who is responsible can have a notice sent to any person.
        """
        who = optional_principal()
        if who is None or not who.is_service or not isinstance(data, dict) or "context" not in data:
            return cast(Announcement, super().load(data, **options))
        context = _CONTEXT.load({"context": data["context"]})
        own = {name: value for name, value in data.items() if name != "context"}
        return replace(cast(Announcement, super().load(own, **options)), **context)

    @post_load
    def build(self, values: dict[str, Any], **_: Any) -> Announcement:
        return Announcement(notice=self.notice, **values)


class _ContextMember(Schema):
    context = fields.Nested(ContextSchema, required=True)


_CONTEXT = _ContextMember()
"""Made once: making it with its nested schemas costs more than loading with it."""


class PauseActivatedSchema(AnnouncementSchema):
    notice = Notice.PAUSE_ACTIVATED

    expected_return_date = UtcDateTime(load_default=None, allow_none=True)
    pause_reason = PlainText(
        max_length=MAX_REASON_LENGTH,
        min_length=0,
        load_default=None,
        allow_none=True,
        metadata={"description": "Accepted and dropped: the reason of a pause is health data."},
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

    days_remaining = StrictInteger(minimum=0, maximum=MAX_DAYS, required=True)


class NoticeDatesSchema(Schema):
    expected_return_date = UtcDateTime()
    expiry_date = UtcDateTime()


class NoticeSchema(Schema):
    """A notice that the orchestrator tells by itself, with the dates that its rule names and no others."""

    notice = fields.String(
        required=True,
        validate=validate.OneOf(
            [notice for notice, rule in NOTICE_RULES.items() if rule.announcer is Announcer.ORCHESTRATOR]
        ),
    )
    mentor_id = Identifier(required=True)
    dates = fields.Nested(NoticeDatesSchema, load_default=dict)
    context = fields.Nested(ContextSchema, required=True)

    @post_load
    def build(self, values: dict[str, Any], **_: Any) -> Announcement:
        notice, dates = Notice(values["notice"]), values.pop("dates")
        members = NOTICE_RULES[notice].natural_key.members
        if set(dates) != set(members):
            raise ValidationError(f"This notice has these dates: {', '.join(members) or 'none'}.", "dates")
        return Announcement(**{**values, **dates, "notice": notice})


def _is_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValidationError("Give a time zone by its IANA name, such as Europe/Oslo.") from error


class _MailAddress(PlainText):
    """Loaded with its domain in ASCII. One that cannot be mailed to is no error here: it must not stop the others."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        return with_ascii_domain(super()._deserialize(value, attr, data, **options))


class _QuietHoursSchema(Schema):
    """Local times between which nothing that is planned is sent."""

    start = HourAndMinute(required=True, data_key="from")
    until = HourAndMinute(required=True)


class NoticeSettingsSchema(Schema):
    lapse_reminder_days = StrictInteger(minimum=1, maximum=MAX_DAYS, required=True, allow_none=True)
    lapse_escalation_days = StrictInteger(minimum=1, maximum=MAX_DAYS, required=True, allow_none=True)
    send_time = HourAndMinute(required=True)
    quiet_hours = fields.Nested(_QuietHoursSchema, required=True)
    working_days = fields.List(
        fields.String(validate=validate.OneOf(WEEKDAYS)), required=True, validate=validate.Length(min=1, max=7)
    )
    holidays = fields.List(fields.Date(), required=True, validate=validate.Length(max=MAX_BATCH))

    @post_load
    def build(self, values: dict[str, Any], **_: Any) -> NoticeSettings:
        quiet, days = values.pop("quiet_hours"), {name: tuple(values[name]) for name in ("working_days", "holidays")}
        return NoticeSettings(**{**values, **days}, quiet_from=quiet["start"], quiet_until=quiet["until"])


class OrganisationSchema(Schema):
    id = Identifier(required=True)
    name = PlainText(required=True, max_length=200)
    locale = PlainText(max_length=16, load_default="nb")
    time_zone = fields.String(load_default="Europe/Oslo", validate=[validate.Length(max=64), _is_time_zone])
    mentor_word = PlainText(max_length=60, allow_none=True, load_default=None)
    coordinator_word = PlainText(max_length=60, allow_none=True, load_default=None)
    reply_to = _MailAddress(max_length=254, allow_none=True, load_default=None)
    admin_ids = fields.List(Identifier(), load_default=list, validate=validate.Length(max=MAX_PEOPLE))
    version = StrictInteger(minimum=0, maximum=MAX_VERSION, required=True)
    settings = fields.Nested(NoticeSettingsSchema, load_default=None, allow_none=True)

    @post_load
    def build(self, values: dict[str, Any], **_: Any) -> Organisation:
        reply_to = values["reply_to"] if is_plain_address(values["reply_to"] or "") else None
        return Organisation(**{**values, "admin_ids": tuple(values["admin_ids"]), "reply_to": reply_to})


class ContactBodySchema(Schema):
    """One person without the id, which the address has."""

    organisation_id = Identifier(required=True)
    name = PlainText(required=True, max_length=200)
    email = _MailAddress(max_length=254, allow_none=True, load_default=None)
    push_token = PlainText(max_length=512, allow_none=True, load_default=None)
    channels = fields.List(fields.Enum(Channel, by_value=True), load_default=lambda: [Channel.EMAIL])
    locale = PlainText(max_length=16, allow_none=True, load_default=None)
    coordinator_id = Identifier(allow_none=True, load_default=None)
    is_mentor = StrictBoolean(load_default=False)
    active = StrictBoolean(load_default=True)
    version = StrictInteger(minimum=0, maximum=MAX_VERSION, required=True)


class ContactSchema(ContactBodySchema):
    id = Identifier(required=True)

    @post_load
    def build(self, values: dict[str, Any], **_: Any) -> Contact:
        return a_contact(**values)


class DirectoryUpdateSchema(Schema):
    organisations = fields.List(
        fields.Nested(OrganisationSchema), load_default=list, validate=validate.Length(max=MAX_BATCH)
    )
    contacts = fields.List(fields.Nested(ContactSchema), load_default=list, validate=validate.Length(max=MAX_BATCH))


class CertificationSchema(Schema):
    organisation_id = Identifier(required=True)
    expires_at = UtcDateTime(required=True, allow_none=True)
    reason = fields.Enum(ClosedReason, by_value=True, required=True)
    version = StrictInteger(minimum=0, maximum=MAX_VERSION, required=True)


class CertificationOutcomeSchema(Schema):
    closed = fields.Integer(required=True)
    reopened = fields.Integer(required=True)
    withdrawn = fields.Integer(required=True, metadata={"description": "Queued messages that are not sent."})
    older = fields.Integer(required=True, metadata={"description": "1: a newer version is stored and stays; else 0."})


class AcceptedSchema(Schema):
    organisations = fields.Integer(required=True)
    contacts = fields.Integer(required=True)
    older = fields.Integer(required=True, metadata={"description": "Of how many a newer version is stored and stays."})


def a_contact(*, channels: list[Channel], **values: Any) -> Contact:
    """A channel that is named twice is one channel."""
    return Contact(channels=tuple(dict.fromkeys(channels)), **values)
