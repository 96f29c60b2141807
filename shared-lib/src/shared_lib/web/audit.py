"""The audit log over HTTP: one list, for administrators."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import current_app, g
from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from shared_lib.audit import AuditFilters, AuditLog

from .auth import current_principal, requires
from .fields import PlainText, QueryInteger, UtcDateTime
from .json_input import Blueprint
from .pagination import AFTER, BEFORE, CursorField, PageQuerySchema, serial_number, slice_answer
from .problems import Problem

P = ParamSpec("P")
R = TypeVar("R")

MAX_PAGE = 1_000
"""A page found by number reads all pages before it; beyond this one, `next` links and the filter `to` lead on."""
MAX_LIMIT = 200
DEFAULT_LIMIT = 50


def audit_blueprint(
    url: str, *, own: str, everything: str, name: str | None = None, details: Mapping[str, str] | None = None
) -> Blueprint:
    """`GET url`, and `url/name` where the gateway joins several logs at one address.

    The role `own` sees the entries of its organisation, the role `everything` all of them. Always needs a token.
    `details` names further filters: the member of an entry's details that each one compares.
    Reads the AuditLog that the application keeps under `audit_log` in its extensions.
    """
    blueprint = Blueprint("audit", __name__, url_prefix=url, description="Who did what, and when")

    further: dict[str, fields.Field[Any]] = {
        filter_name: PlainText(max_length=200, attribute=f"details.{member}")
        for filter_name, member in (details or {}).items()
    }
    query_schema = AuditQuerySchema.from_dict(further, name="AuditQuerySchema")

    @_auditors(own, everything)
    @blueprint.arguments(query_schema, location="query")
    @blueprint.response(200, AuditPageSchema)
    def list_audit(query: dict[str, Any]) -> Any:
        """List audit entries, newest first

        There is no total: `has_more` says whether anything follows.
        """
        log: AuditLog = current_app.extensions["audit_log"]
        found = log.page(query["filters"], query["page"], organisation_id=g.audited_organisation)
        return slice_answer(found, max_page=MAX_PAGE)

    for address in ("",) if name is None else ("", f"/{name}"):
        blueprint.get(address)(list_audit)
    return blueprint


def _auditors(own: str, everything: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """401 and 403 before the query is read; 403 also for the role `own` without an organisation."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*arguments: P.args, **options: P.kwargs) -> R:
            principal = current_principal()
            if everything not in principal.roles and principal.organisation is None:
                raise Problem(kind="no-organisation")
            g.audited_organisation = None if everything in principal.roles else principal.organisation
            return view(*arguments, **options)

        return requires(own, everything)(guarded)

    return decorate


class AuditQuerySchema(PageQuerySchema):
    actor = PlainText(max_length=200, metadata={"description": "Who acted, as in `actor_id`."})
    action = PlainText(max_length=64)
    object = PlainText(max_length=200, metadata={"description": "What was acted on, as in `object_id`."})
    since = UtcDateTime(timespec="milliseconds", data_key="from", metadata={"description": "From then on."})
    until = UtcDateTime(timespec="milliseconds", data_key="to", metadata={"description": "Before then."})
    page = QueryInteger(minimum=1, maximum=MAX_PAGE, load_default=1, metadata={"description": "From 1."})
    limit = QueryInteger(
        minimum=1, maximum=MAX_LIMIT, load_default=DEFAULT_LIMIT, metadata={"description": "Entries per page."}
    )
    after = CursorField(serial_number, metadata=AFTER)
    before = CursorField(serial_number, metadata=BEFORE)

    @validates_schema
    def order_of_times(self, values: dict[str, Any], **_: Any) -> None:
        if "since" in values and "until" in values and values["since"] >= values["until"]:
            raise ValidationError("Must be later than from.", "to")

    @post_load
    def build_filters(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        """PageRequest under `page` and AuditFilters under `filters`, whichever hook runs first."""
        names = {"actor": "actor_id", "action": "action", "object": "object_id", "since": "since", "until": "until"}
        names["details"] = "details"
        narrowed = {own: values.pop(name) for name, own in names.items() if name in values}
        return {**values, "filters": AuditFilters(**narrowed)}


class AuditEntrySchema(Schema):
    id = fields.Integer(required=True)
    at = UtcDateTime(timespec="milliseconds", required=True)
    actor_id = fields.String(required=True)
    action = fields.String(required=True)
    object_id = fields.String(required=True, allow_none=True)
    organisation_id = fields.String(required=True, allow_none=True)
    details = fields.Dict(required=True, metadata={"description": "Ids, codes and times that this service notes."})


class SliceSchema(Schema):
    page = fields.Integer(required=True)
    limit = fields.Integer(required=True)
    has_more = fields.Boolean(required=True)


class AuditPageSchema(Schema):
    data = fields.List(fields.Nested(AuditEntrySchema), required=True)
    pagination = fields.Nested(SliceSchema, required=True)
