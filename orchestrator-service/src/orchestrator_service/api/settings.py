"""The settings of an organisation: read by its people, replaced as a whole by its admins."""

import dataclasses
import re
from datetime import date
from typing import Any

from flask import current_app
from marshmallow import Schema, ValidationError, fields, post_load, pre_load, validate, validates_schema
from shared_lib.web.conditional import etag, wanted_versions
from shared_lib.web.fields import HourAndMinute, PlainText, StrictBoolean, StrictInteger
from shared_lib.web.json_input import Blueprint

from orchestrator_service.domain.access import CORRECTORS, READERS
from orchestrator_service.domain.directory_values import BadValue, time_zone
from orchestrator_service.domain.holidays import NORWAY
from orchestrator_service.domain.settings import WEEKDAYS, OrganisationSettings, Settings
from orchestrator_service.usecases.settings import OrganisationsSettings

from .access import allowed, principal
from .schemas import Moment

BASE_PATH = "/api/v1/organisations"
READ_ONLY = ("organisation_id", "updated_at", "updated_by")
MAX_TIERS = 10
MAX_DAYS = 3650
MAX_EXTRA_HOLIDAYS = 60
LEAP_YEAR = 2000
HOLIDAY = "([0-9]{4}-)?[0-9]{2}-[0-9]{2}"

blp = Blueprint("organisations", __name__, url_prefix=BASE_PATH, description="Settings of an organisation")


def _distinct(numbers: list[int]) -> None:
    if len(set(numbers)) != len(numbers):
        raise ValidationError("Give each number once.")


def _tiers(minimum: int) -> Any:
    """Distinct numbers of days, stored the largest first."""
    days = StrictInteger(minimum=minimum, maximum=MAX_DAYS)
    return fields.List(days, required=True, validate=[validate.Length(max=MAX_TIERS), _distinct])


def _zone(name: str) -> None:
    try:
        time_zone(name)
    except BadValue as fault:
        raise ValidationError(f"The time zone {fault}.") from fault


def _holiday(text: str) -> None:
    try:
        if not re.fullmatch(HOLIDAY, text):
            raise ValueError("a week, or without hyphens")
        date.fromisoformat(text if len(text) == len("2026-12-24") else f"{LEAP_YEAR}-{text}")
    except ValueError as fault:
        raise ValidationError("Give days as MM-DD or YYYY-MM-DD.") from fault


class _QuietHoursSchema(Schema):
    start = HourAndMinute(required=True, data_key="from")
    until = HourAndMinute(required=True)


class SettingsSchema(Schema):
    """The whole document. Members that are only read are accepted and ignored."""

    organisation_id = fields.String(dump_only=True)
    locale = fields.String(required=True, validate=validate.OneOf(["nb", "nn", "en"]))
    time_zone = fields.String(required=True, validate=_zone, metadata={"pattern": "^[A-Za-z0-9_+/-]{1,64}$"})
    mentor_word = PlainText(max_length=40, required=True, allow_none=True)
    coordinator_word = PlainText(max_length=40, required=True, allow_none=True)
    tell_all_coordinators = StrictBoolean(required=True)
    certification_reminder_days = _tiers(minimum=1)
    certification_auto_pause = StrictBoolean(required=True)
    enrolment_grace_days = StrictInteger(minimum=0, maximum=365, required=True)
    return_reminder_days = _tiers(minimum=0)
    return_overdue_days = StrictInteger(minimum=0, maximum=365, required=True)
    lapse_reminder_days = StrictInteger(minimum=1, maximum=365, required=True, allow_none=True)
    lapse_escalation_days = StrictInteger(minimum=1, maximum=365, required=True, allow_none=True)
    send_time = HourAndMinute(required=True)
    quiet_hours = fields.Nested(_QuietHoursSchema, required=True)
    working_days = fields.List(
        fields.String(validate=validate.OneOf(WEEKDAYS)), required=True, validate=[validate.Length(min=1), _distinct]
    )
    holidays = fields.String(required=True, allow_none=True, validate=validate.OneOf([NORWAY]))
    extra_holidays = fields.List(
        fields.String(validate=_holiday, metadata={"pattern": f"^{HOLIDAY}$"}),
        required=True,
        validate=[validate.Length(max=MAX_EXTRA_HOLIDAYS), _distinct],
    )
    acknowledge_by_link = StrictBoolean(required=True)
    updated_at = Moment(dump_only=True, allow_none=True)
    updated_by = fields.String(dump_only=True, allow_none=True)

    @pre_load
    def ignore_what_is_read_only(self, document: Any, **_: Any) -> Any:
        if not isinstance(document, dict):
            return document
        return {name: value for name, value in document.items() if name not in READ_ONLY}

    @validates_schema
    def hours_fit_together(self, values: dict[str, Any], **_: Any) -> None:
        quiet, send_time = values["quiet_hours"], values["send_time"]
        if not quiet["until"] <= send_time < quiet["start"]:
            raise ValidationError("It lies inside the quiet hours.", "send_time")
        reminder, escalation = values["lapse_reminder_days"], values["lapse_escalation_days"]
        if reminder is not None and escalation is not None and reminder >= escalation:
            raise ValidationError("It must be less than lapse_escalation_days.", "lapse_reminder_days")

    @post_load
    def build(self, values: dict[str, Any], **_: Any) -> Settings:
        quiet = values.pop("quiet_hours")
        for name in ("certification_reminder_days", "return_reminder_days"):
            values[name] = tuple(sorted(values[name], reverse=True))
        values["working_days"] = tuple(day for day in WEEKDAYS if day in values["working_days"])
        values["extra_holidays"] = tuple(sorted(values["extra_holidays"]))
        return Settings(**values, quiet_from=quiet["start"], quiet_until=quiet["until"])


@blp.get("/<identifier:organisation_id>/settings")
@allowed(*READERS)
@blp.response(200, SettingsSchema)
def get_settings(organisation_id: str) -> Any:
    """Get the settings of an organisation"""
    return _answer(_settings().get(organisation_id, principal=principal()))


@blp.put("/<identifier:organisation_id>/settings")
@allowed(*CORRECTORS)
@blp.arguments(SettingsSchema)
@blp.response(200, SettingsSchema)
def replace_settings(new: Settings, organisation_id: str) -> Any:
    """Replace the settings of an organisation

    A changed calendar or changed days send nothing that would have been due earlier.
    """
    found = _settings().replace(organisation_id, new, principal=principal(), versions=wanted_versions())
    return _answer(found)


def _answer(found: OrganisationSettings) -> tuple[dict[str, Any], int, dict[str, str]]:
    settings = found.settings
    members = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    quiet_hours = {"start": settings.quiet_from, "until": settings.quiet_until}
    document = {**{name: getattr(found, name) for name in READ_ONLY}, **members, "quiet_hours": quiet_hours}
    return document, 200, etag(found.revision)


def _settings() -> OrganisationsSettings:
    found: OrganisationsSettings = current_app.extensions["organisations_settings"]
    return found
