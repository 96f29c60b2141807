"""Pauses: lists, return dates and check-ins."""

import dataclasses
from typing import Any

from flask import current_app
from marshmallow import Schema, fields, post_load, validate
from shared_lib.ids import opaque_id
from shared_lib.web.conditional import etag, wanted_versions
from shared_lib.web.fields import Identifier
from shared_lib.web.idempotency import REPLAYED, request_key
from shared_lib.web.json_input import Blueprint
from shared_lib.web.pagination import AFTER, BEFORE, CursorField, PageQuerySchema, PaginationSchema, page_answer

from orchestrator_service.domain.access import READERS, RECORDERS
from orchestrator_service.domain.pauses import Cause, PauseFilter, PauseOrder, PauseState
from orchestrator_service.usecases.pauses import Pauses

from .access import allowed, principal
from .schemas import Moment

BASE_PATH = "/api/v1/pauses"
CAUSES = (Cause.VOLUNTARY, Cause.CERTIFICATION_EXPIRED)

blp = Blueprint("pauses", __name__, url_prefix=BASE_PATH, description="Pauses, their return dates and check-ins")


class _RecordedBySchema(Schema):
    role = fields.String(required=True, allow_none=True)
    id = fields.String(required=True, allow_none=True)
    name = fields.String(required=True, allow_none=True)


class PauseItemSchema(Schema):
    """A pause; whether it has a reason, never the reason."""

    id = fields.String(required=True)
    peer_mentor_id = fields.String(required=True)
    peer_mentor_name = fields.String(required=True)
    chapter_ids = fields.List(fields.String(), required=True)
    effective_date = Moment(required=True)
    expected_return_date = Moment(required=True, allow_none=True)
    is_overdue = fields.Boolean(required=True)
    days_overdue = fields.Integer(required=True)
    cause = fields.Enum(Cause, by_value=True, required=True)
    recorded_by = fields.Nested(_RecordedBySchema, required=True)
    coordinator_id = fields.String(
        required=True, allow_none=True, metadata={"description": "Who is responsible for the mentor now."}
    )
    has_reason = fields.Boolean(required=True)
    ended_at = Moment(required=True, allow_none=True)


class PausePageSchema(Schema):
    data = fields.Nested(PauseItemSchema, many=True, required=True)
    pagination = fields.Nested(PaginationSchema, required=True)


class PauseQuerySchema(PageQuerySchema):
    after = CursorField(opaque_id, metadata=AFTER)
    before = CursorField(opaque_id, metadata=BEFORE)
    state = fields.Enum(PauseState, by_value=True)
    chapter_id = Identifier()
    coordinator_id = Identifier()
    cause = fields.Enum(Cause, by_value=True, validate=validate.OneOf(CAUSES))
    sort = fields.Enum(PauseOrder, by_value=True)

    @post_load
    def build_filter(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        """PageRequest under `page` and PauseFilter under `wanted`, whichever hook runs first."""
        narrowed = {each.name: values.pop(each.name) for each in dataclasses.fields(PauseFilter) if each.name in values}
        return {**values, "wanted": PauseFilter(**narrowed)}


class ReturnDateSchema(Schema):
    expected_return_date = Moment(required=True, allow_none=True, metadata={"description": "null: open-ended."})


class ReturnDateStoredSchema(Schema):
    id = fields.String(required=True)
    peer_mentor_id = fields.String(required=True)
    expected_return_date = Moment(required=True, allow_none=True)
    is_overdue = fields.Boolean(required=True)
    updated_at = Moment(required=True)


class CheckInSchema(Schema):
    event_id = fields.String(required=True)
    recipient_id = fields.String(required=True)
    told_at = Moment(required=True)


@blp.get("")
@allowed(*READERS)
@blp.arguments(PauseQuerySchema, location="query")
@blp.response(200, PausePageSchema)
def list_pauses(query: dict[str, Any]) -> Any:
    """List pauses

    `due_soon`: the return date is today or in the next 14 days. `open_ended`: there is none.
    """
    return page_answer(_pauses().page(query["wanted"], query["page"], principal=principal()))


@blp.put("/<identifier:event_id>/return-date")
@allowed(*RECORDERS)
@blp.arguments(ReturnDateSchema)
@blp.response(200, ReturnDateStoredSchema)
def set_return_date(body: dict[str, Any], event_id: str) -> Any:
    """Set or remove the return date of an open pause

    The mentor is reminded of the new date, and no longer of the one before. `If-Match` takes the event's `ETag`.
    """
    event, is_overdue = _pauses().set_return_date(
        event_id, body["expected_return_date"], principal=principal(), versions=wanted_versions()
    )
    names = ("id", "peer_mentor_id", "expected_return_date", "updated_at")
    return {**{name: getattr(event, name) for name in names}, "is_overdue": is_overdue}, 200, etag(event.revision)


@blp.post("/<identifier:event_id>/check-in")
@allowed(*RECORDERS)
@blp.response(201, CheckInSchema)
def check_in(event_id: str) -> Any:
    """Ask a mentor who pauses how they are

    At most once in seven days of a pause: else 409 `too-soon`, and `next_at` says when.
    """
    secret: bytes = current_app.extensions["fingerprint_secret"]
    key = request_key("check_in", principal=principal().id, body={"event_id": event_id}, secret=secret)
    found = _pauses().check_in(event_id, principal=principal(), key=key)
    return found, 201, {REPLAYED: "true"} if found.is_replay else {}


def _pauses() -> Pauses:
    found: Pauses = current_app.extensions["pauses"]
    return found
