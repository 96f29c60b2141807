"""The five operations of the contract, and the HTTP status of each error."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import current_app
from shared_lib.pagination import PageRequest
from shared_lib.web.auth import public, requires
from shared_lib.web.conditional import etag, wanted_versions
from shared_lib.web.idempotency import REPLAYED
from shared_lib.web.json_input import Blueprint
from shared_lib.web.pagination import page_answer

from acknowledgement_service.domain import model
from acknowledgement_service.domain.access import COORDINATOR, ORG_ADMIN
from acknowledgement_service.domain.model import Change, Filters
from acknowledgement_service.usecases.lapses import Lapses

from . import schemas
from .access import acknowledgement_key, present_principal

BASE_PATH = "/api/v1/lapse-acknowledgements"
ERROR_TABLE: dict[type[Exception], HTTPStatus] = {
    model.LapseNotFound: HTTPStatus.NOT_FOUND,
    model.LapseDeleted: HTTPStatus.GONE,
    model.NotYourLapse: HTTPStatus.FORBIDDEN,
    model.MayNotDelete: HTTPStatus.FORBIDDEN,
    model.AlreadyAcknowledged: HTTPStatus.CONFLICT,
    model.AcknowledgedAtOutOfRange: HTTPStatus.UNPROCESSABLE_ENTITY,
    model.StaleVersion: HTTPStatus.PRECONDITION_FAILED,
}

blp = Blueprint(
    "lapse-acknowledgements",
    __name__,
    url_prefix=BASE_PATH,
    description="Lapsed certifications, and the coordinators' acknowledgements",
)


def _lapses() -> Lapses:
    found: Lapses = current_app.extensions["lapses"]
    return found


@blp.get("")
@public
@blp.arguments(schemas.LapseQuerySchema, location="query")
@blp.response(200, schemas.LapsePageSchema)
def list_lapses(query: dict[str, Any]) -> Any:
    """List lapse records, newest first

    With `coordinator_id` and `is_acknowledged=false`: the lapses that this coordinator has yet to acknowledge.
    """
    page: PageRequest = query["page"]
    filters: Filters = query["filters"]
    return page_answer(_lapses().page(filters, page, principal=present_principal()))


@blp.get("/<uuid:acknowledgement_id>")
@public
@blp.response(200, schemas.LapseSchema)
def get_lapse(acknowledgement_id: UUID) -> Any:
    """Get a lapse record"""
    lapse = _lapses().find(acknowledgement_id, principal=present_principal())
    return lapse, 200, etag(lapse.version)


@blp.get("/<uuid:acknowledgement_id>/notes")
@requires(COORDINATOR, ORG_ADMIN)
@blp.response(200, schemas.NotesSchema)
def get_notes(acknowledgement_id: UUID) -> Any:
    """Get the coordinator's notes on a lapse"""
    lapse = _lapses().notes(acknowledgement_id, principal=present_principal())
    return lapse, 200, etag(lapse.version)


@blp.post("")
@public
@blp.arguments(schemas.AcknowledgeSchema)
@blp.alt_response(200, schema=schemas.LapseSchema, description="Acknowledged earlier; unchanged")
@blp.response(201, schemas.LapseSchema)
def acknowledge(body: dict[str, Any]) -> Any:
    """Acknowledge a lapse

    The first request answers 201, every later one 200 with the record unchanged.
    """
    outcome = _lapses().acknowledge(
        body["notification_id"], body["coordinator_id"], principal=present_principal(), key=acknowledgement_key(body)
    )
    headers = {**etag(outcome.lapse.version), **({REPLAYED: "true"} if outcome.replayed else {})}
    return outcome.lapse, 201 if outcome.is_new else 200, headers


@blp.put("/<uuid:acknowledgement_id>")
@public
@blp.arguments(schemas.ChangeSchema)
@blp.response(200, schemas.ChangedLapseSchema)
def change_lapse(change: Change, acknowledgement_id: UUID) -> Any:
    """Acknowledge, correct the time, or write the coordinator's notes"""
    lapse = _lapses().change(acknowledgement_id, change, principal=present_principal(), versions=wanted_versions())
    return lapse, 200, etag(lapse.version)


@blp.delete("/<uuid:acknowledgement_id>")
@public
@blp.response(200, schemas.DeletedSchema)
def delete_lapse(acknowledgement_id: UUID) -> dict[str, Any]:
    """Delete a lapse record; the audit log keeps its ids and times"""
    _lapses().delete(acknowledgement_id, principal=present_principal(), versions=wanted_versions())
    return {"deleted": True, "acknowledgement_id": acknowledgement_id}
