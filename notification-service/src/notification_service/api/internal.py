"""For the orchestrator alone: contacts, certifications, its own notices, withdrawals, a person's data. The gateway
never routes it.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import current_app, request
from shared_lib.web.auth import service_only
from shared_lib.web.json_input import Blueprint
from shared_lib.web.problems import Problem

from notification_service.domain.lapses import Certification
from notification_service.domain.model import Announcement, Dispatch
from notification_service.usecases.lapses import LapseNews
from notification_service.usecases.person_data import Contacts, PersonDataWithDownstream
from notification_service.usecases.withdrawals import Withdrawals

from . import schemas
from .access import present_principal
from .routes import DUPLICATE, announce

P = ParamSpec("P")
R = TypeVar("R")
MAX_BATCH_BYTES = 1024 * 1024

blp = Blueprint("internal", __name__, url_prefix="/internal/v1", description="For our other services")


def _large_body(view: Callable[P, R]) -> Callable[P, R]:
    """Accept up to 1 MiB. Sits below `service_only`, so that no other client's body is read."""

    @wraps(view)
    def reading(*arguments: P.args, **options: P.kwargs) -> R:
        request.max_content_length = MAX_BATCH_BYTES
        return view(*arguments, **options)

    return reading


@blp.put("/contacts")
@service_only
@_large_body
@blp.arguments(schemas.DirectoryUpdateSchema)
@blp.response(200, schemas.AcceptedSchema)
def put_contacts(update: dict[str, Any]) -> dict[str, int]:
    """Store updates of organisations and people

    The highest version of each wins; repeated and older ones change nothing.
    """
    older = _contacts().put(organisations=update["organisations"], people=update["contacts"])
    return {"organisations": len(update["organisations"]), "contacts": len(update["contacts"]), "older": older}


@blp.put("/contacts/<identifier:contact_id>")
@service_only
@blp.arguments(schemas.ContactBodySchema)
@blp.response(200, schemas.AcceptedSchema)
def put_contact(body: dict[str, Any], contact_id: str) -> dict[str, int]:
    """Store an update of one person"""
    older = _contacts().put(people=[schemas.a_contact(id=contact_id, **body)])
    return {"organisations": 0, "contacts": 1, "older": older}


@blp.put("/certifications/<identifier:mentor_id>")
@service_only
@blp.arguments(schemas.CertificationSchema)
@blp.response(200, schemas.CertificationOutcomeSchema)
def put_certification(body: dict[str, Any], mentor_id: str) -> Any:
    """Store a mentor's certification as it is now

    Lapses that it outdates are closed, and queued messages about them are not sent. A renewal that is taken back opens
    them again. An older or repeated version changes nothing.
    """
    news: LapseNews = current_app.extensions["lapse_news"]
    return news.certification(Certification(mentor_id=mentor_id, **body))


@blp.post("/notices")
@service_only
@blp.arguments(schemas.NoticeSchema)
@blp.alt_response(200, schema=schemas.DispatchSchema, description=DUPLICATE)
@blp.response(201, schemas.DispatchSchema)
def notify(announcement: Announcement) -> Any:
    """Notify people of what the orchestrator tells by itself

    An Idempotency-Key is needed: nothing else tells a repeated call from a new notice.
    """
    if "Idempotency-Key" not in request.headers:
        raise Problem(kind="bad-idempotency-key")
    return announce(announcement)


@blp.delete("/dispatches/<identifier:idempotency_key>")
@service_only
@blp.response(200, schemas.DispatchSchema)
def withdraw(idempotency_key: str) -> Dispatch:
    """Cancel what is still queued of the dispatch made under this Idempotency-Key

    Withdrawn messages are `skipped`. Harmless to repeat.
    """
    withdrawals: Withdrawals = current_app.extensions["withdrawals"]
    return withdrawals.withdraw(idempotency_key, present_principal())


@blp.get("/people/<identifier:person_id>")
@service_only
@blp.response(200, schemas.PersonDataSchema)
def export_person(person_id: str) -> Any:
    """Return everything that is stored about a person, here and at the acknowledgement service"""
    return _person_data().export(person_id)


@blp.delete("/people/<identifier:person_id>")
@service_only
@blp.response(200, schemas.PersonDataSchema)
def erase_person(person_id: str) -> Any:
    """Erase a person's data but ids, codes and times, here and at the acknowledgement service

    Harmless to repeat; repeat it after 503.
    """
    return _person_data().erase(person_id)


def _person_data() -> PersonDataWithDownstream:
    found: PersonDataWithDownstream = current_app.extensions["person_data"]
    return found


def _contacts() -> Contacts:
    found: Contacts = current_app.extensions["contacts"]
    return found
