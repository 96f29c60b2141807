"""The six operations of the contract."""

from typing import Any

from flask import current_app
from shared_lib.idempotency import RequestKey
from shared_lib.web.conditional import etag, wanted_versions
from shared_lib.web.idempotency import REPLAYED, preferred_wait, request_key
from shared_lib.web.json_input import Blueprint
from shared_lib.web.pagination import page_answer

from orchestrator_service.domain.access import CORRECTORS, READERS, RECORDERS, REMOVERS
from orchestrator_service.domain.pause_events import Correction, Draft
from orchestrator_service.usecases.coordinators import Coordinators
from orchestrator_service.usecases.pause_events import MAX_WAIT_SECONDS, PauseEvents

from . import schemas
from .access import allowed, principal

BASE_PATH = "/api/v1/pause-notifications"

blp = Blueprint(
    "pause-notifications",
    __name__,
    url_prefix=BASE_PATH,
    description="Pause events: recorded, announced, corrected; and who is responsible for a mentor",
)


@blp.get("")
@allowed(*READERS)
@blp.arguments(schemas.EventQuerySchema, location="query")
@blp.response(200, schemas.EventPageSchema)
def list_events(query: dict[str, Any]) -> Any:
    """List pause events, newest first"""
    return page_answer(_pause_events().page(query["wanted"], query["page"], principal=principal()))


@blp.get("/<identifier:event_id>")
@allowed(*READERS)
@blp.response(200, schemas.EventDetailSchema)
def get_event(event_id: str) -> Any:
    """Get a pause event, and the dispatch results of its notices"""
    event = _pause_events().find(event_id, principal=principal())
    return event, 200, etag(event.revision)


@blp.post("")
@allowed(*RECORDERS)
@blp.arguments(schemas.DraftSchema)
@blp.alt_response(200, schema=schemas.EventCreatedSchema, description="The same event again; it is not announced twice")
@blp.response(201, schemas.EventCreatedSchema)
def record_event(draft: Draft) -> Any:
    """Record a pause event and announce it

    The same mentor, type and effective date is the same event. `notifications_sent` holds what is certain by now.
    """
    wait_seconds, preference = preferred_wait(MAX_WAIT_SECONDS)
    recorded = _pause_events().record(draft, principal=principal(), key=_key(draft), wait_seconds=wait_seconds)
    event = recorded.event
    headers = {**etag(event.revision), **preference, "Location": f"{BASE_PATH}/{event.id}"}
    if recorded.is_replay:
        headers[REPLAYED] = "true"
    return event, 201 if recorded.is_new else 200, headers


@blp.put("/<identifier:event_id>")
@allowed(*CORRECTORS)
@blp.arguments(schemas.CorrectionSchema)
@blp.response(200, schemas.EventUpdatedSchema)
def correct_event(correction: Correction, event_id: str) -> Any:
    """Correct the reason or the effective date; nothing is sent"""
    event = _pause_events().correct(event_id, correction, principal=principal(), versions=wanted_versions())
    return event, 200, etag(event.revision)


@blp.delete("/<identifier:event_id>")
@allowed(*REMOVERS)
@blp.response(200, schemas.EventDeletedSchema)
def delete_event(event_id: str) -> Any:
    """Remove a pause event and withdraw its messages that have not left"""
    return _pause_events().remove(event_id, principal=principal(), versions=wanted_versions())


@blp.get("/resolve-coordinator/<identifier:peer_mentor_id>")
@allowed(*READERS)
@blp.response(
    200,
    schemas.ResolvedCoordinatorSchema,
    headers={
        "Resolution-Rule": {"description": "What decided.", "schema": {"type": "string"}},
        "Resolution-Source": {"description": "Through which chapter.", "schema": {"type": "string"}},
    },
)
def resolve_coordinator(peer_mentor_id: str) -> Any:
    """Say who is responsible for a mentor now"""
    coordinators: Coordinators = current_app.extensions["coordinators"]
    found = coordinators.resolve(peer_mentor_id, principal=principal())
    return found, 200, {"Resolution-Rule": found.rule.value, "Resolution-Source": found.source}


def _pause_events() -> PauseEvents:
    found: PauseEvents = current_app.extensions["pause_events"]
    return found


def _key(draft: Draft) -> RequestKey | None:
    """The request's Idempotency-Key, None without one. Each caller has their own keys.

    The fingerprint of the body covers the reason, so it is keyed with a secret.
    """
    secret: bytes = current_app.extensions["fingerprint_secret"]
    return request_key("record", principal=principal().id, body=vars(draft), secret=secret)
