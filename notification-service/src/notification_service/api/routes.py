"""The four operations of the contract, and the metric that counts their messages."""

from typing import Any

from flask import current_app
from prometheus_client import Counter
from shared_lib.web.auth import public
from shared_lib.web.idempotency import REPLAYED, preferred_wait
from shared_lib.web.json_input import Blueprint

from notification_service.domain.model import Announcement, Dispatch
from notification_service.domain.participants import is_coordinator_unreachable
from notification_service.usecases.announcements import MAX_WAIT_SECONDS, Announcements

from . import schemas
from .access import announcement_key, present_principal

BASE_PATH = "/api/v1/pause-notifications"
DUPLICATE = "The same notice again; the first dispatch as it is by now"

MESSAGES = Counter(
    "notice_messages_total",
    "Messages of new dispatches by the status they begin with: delivered to the inbox, queued, or skipped",
    ["channel", "status"],
)

UNREACHABLE_COORDINATORS = Counter(
    "unreachable_coordinators_total",
    "New dispatches of which no channel reaches the coordinator, so that the organisation's admins are notified",
)

blp = Blueprint(
    "pause-notifications",
    __name__,
    url_prefix=BASE_PATH,
    description="Notify mentors and coordinators of pauses and certifications",
)


def count_messages(dispatch: Dispatch) -> None:
    """Count the messages of a dispatch that was recorded just now."""
    for message in dispatch.messages:
        MESSAGES.labels(message.channel.value, message.status.value).inc()
    UNREACHABLE_COORDINATORS.inc(is_coordinator_unreachable(dispatch))


def announce(announcement: Announcement) -> Any:
    """Notify as the announcement says; the response of each operation that announces."""
    wait_seconds, preference = preferred_wait(MAX_WAIT_SECONDS)
    announcements: Announcements = current_app.extensions["announcements"]
    principal = present_principal()
    accepted = announcements.announce(
        announcement, principal, key=announcement_key(announcement, principal), wait_seconds=wait_seconds
    )
    return accepted.dispatch, accepted.status, {**preference, **({REPLAYED: "true"} if accepted.is_replay else {})}


@blp.post("/pause-activated")
@public
@blp.arguments(schemas.PauseActivatedSchema)
@blp.alt_response(200, schema=schemas.DispatchSchema, description=DUPLICATE)
@blp.response(201, schemas.DispatchSchema)
def pause_activated(announcement: Announcement) -> Any:
    """Notify the mentor and the coordinator that a pause has begun"""
    return announce(announcement)


@blp.post("/pause-lifted")
@public
@blp.arguments(schemas.PauseLiftedSchema)
@blp.alt_response(200, schema=schemas.DispatchSchema, description=DUPLICATE)
@blp.response(201, schemas.DispatchSchema)
def pause_lifted(announcement: Announcement) -> Any:
    """Notify the mentor and the coordinator that a pause is over"""
    return announce(announcement)


@blp.post("/cert-expiry")
@public
@blp.arguments(schemas.CertExpirySchema)
@blp.alt_response(200, schema=schemas.DispatchSchema, description=DUPLICATE)
@blp.response(201, schemas.DispatchSchema)
def cert_expiry(announcement: Announcement) -> Any:
    """Notify the mentor and the coordinator that a certification has run out, and open the lapse"""
    return announce(announcement)


@blp.post("/cert-expiry-reminder")
@public
@blp.arguments(schemas.CertExpiryReminderSchema)
@blp.alt_response(200, schema=schemas.ReminderDispatchSchema, description=DUPLICATE)
@blp.response(201, schemas.ReminderDispatchSchema)
def cert_expiry_reminder(announcement: Announcement) -> Any:
    """Remind the mentor, and from seven days on the coordinator too, that a certification expires"""
    return announce(announcement)
