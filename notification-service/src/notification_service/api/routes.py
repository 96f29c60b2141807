"""The four operations of the contract."""

from typing import Any

from flask import current_app
from shared_lib.web.auth import public
from shared_lib.web.idempotency import REPLAYED, preferred_wait
from shared_lib.web.json_input import Blueprint

from notification_service.domain.model import Announcement
from notification_service.usecases.announcements import LONGEST_WAIT, Announcements

from . import schemas
from .visitors import present_requester

BASE_PATH = "/api/v1/pause-notifications"
REPEATED = "The same notice again; the first dispatch as it is by now"

blp = Blueprint(
    "pause-notifications",
    __name__,
    url_prefix=BASE_PATH,
    description="Telling mentors and coordinators about pauses and certifications",
)


def _announced(announcement: Announcement) -> Any:
    wait_seconds, preference = preferred_wait(LONGEST_WAIT)
    announcements: Announcements = current_app.extensions["announcements"]
    answer = announcements.announce(announcement, present_requester(announcement, wait_seconds=wait_seconds))
    return answer.dispatch, answer.status, {**preference, **({REPLAYED: "true"} if answer.is_replay else {})}


@blp.post("/pause-activated")
@public
@blp.arguments(schemas.PauseActivatedSchema)
@blp.alt_response(200, schema=schemas.DispatchSchema, description=REPEATED)
@blp.response(201, schemas.DispatchSchema)
def pause_activated(announcement: Announcement) -> Any:
    """Tell the mentor and the coordinator that a pause has begun"""
    return _announced(announcement)


@blp.post("/pause-lifted")
@public
@blp.arguments(schemas.PauseLiftedSchema)
@blp.alt_response(200, schema=schemas.DispatchSchema, description=REPEATED)
@blp.response(201, schemas.DispatchSchema)
def pause_lifted(announcement: Announcement) -> Any:
    """Tell the mentor and the coordinator that a pause is over"""
    return _announced(announcement)


@blp.post("/cert-expiry")
@public
@blp.arguments(schemas.CertExpirySchema)
@blp.alt_response(200, schema=schemas.DispatchSchema, description=REPEATED)
@blp.response(201, schemas.DispatchSchema)
def cert_expiry(announcement: Announcement) -> Any:
    """Tell the mentor and the coordinator that a certification has run out, and open the lapse"""
    return _announced(announcement)


@blp.post("/cert-expiry-reminder")
@public
@blp.arguments(schemas.CertExpiryReminderSchema)
@blp.alt_response(200, schema=schemas.ReminderDispatchSchema, description=REPEATED)
@blp.response(201, schemas.ReminderDispatchSchema)
def cert_expiry_reminder(announcement: Announcement) -> Any:
    """Warn the mentor, and from seven days on the coordinator too, that a certification runs out"""
    return _announced(announcement)
