"""For the orchestrator alone: contacts, taking notices back, a person's data. Never routed by the gateway."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import current_app, request
from shared_lib.web.auth import current_principal, service_only
from shared_lib.web.json_input import Blueprint

from notification_service.domain.model import Dispatch
from notification_service.usecases.contacts import Contacts
from notification_service.usecases.person_data import PersonDataFromHereOn
from notification_service.usecases.withdrawals import Withdrawals

from . import contact_schemas, schemas
from .visitors import key_holder

P = ParamSpec("P")
R = TypeVar("R")
MOST_BATCH_BYTES = 1024 * 1024

blp = Blueprint("internal", __name__, url_prefix="/internal/v1", description="For neighbour services")


def _large_body(view: Callable[P, R]) -> Callable[P, R]:
    """Up to 1 MiB, where a batch needs it. Sits below the door, so that strangers are not read at all."""

    @wraps(view)
    def reading(*arguments: P.args, **options: P.kwargs) -> R:
        request.max_content_length = MOST_BATCH_BYTES
        return view(*arguments, **options)

    return reading


@blp.put("/contacts")
@service_only
@_large_body
@blp.arguments(contact_schemas.NewsSchema)
@blp.response(200, contact_schemas.AcceptedSchema)
def put_contacts(news: dict[str, Any]) -> dict[str, int]:
    """Take over news of organisations and people

    The highest version of each wins; repeating and overtaking are harmless.
    """
    _contacts().put(organisations=news["organisations"], people=news["contacts"])
    return {"organisations": len(news["organisations"]), "contacts": len(news["contacts"])}


@blp.put("/contacts/<identifier:contact_id>")
@service_only
@blp.arguments(contact_schemas.ContactBodySchema)
@blp.response(200, contact_schemas.AcceptedSchema)
def put_contact(body: dict[str, Any], contact_id: str) -> dict[str, int]:
    """Take over news of one person"""
    _contacts().put(people=[contact_schemas.contact(id=contact_id, **body)])
    return {"organisations": 0, "contacts": 1}


@blp.delete("/dispatches/<identifier:idempotency_key>")
@service_only
@blp.response(200, schemas.DispatchSchema)
def withdraw(idempotency_key: str) -> Dispatch:
    """Take back what is still queued of the dispatch made under this Idempotency-Key

    Withdrawn messages are `skipped`. Harmless to repeat.
    """
    withdrawals: Withdrawals = current_app.extensions["withdrawals"]
    return withdrawals.withdraw(idempotency_key, caller=key_holder(current_principal()))


@blp.get("/people/<identifier:person_id>")
@service_only
@blp.response(200, schemas.PersonDataSchema)
def export_person(person_id: str) -> Any:
    """Say everything that is held about a person, here and at the acknowledgement service"""
    return _person_data().export(person_id)


@blp.delete("/people/<identifier:person_id>")
@service_only
@blp.response(200, schemas.PersonDataSchema)
def erase_person(person_id: str) -> Any:
    """Leave ids, codes and times of a person, here and at the acknowledgement service

    Harmless to repeat, and to be repeated after 503.
    """
    return _person_data().erase(person_id)


def _person_data() -> PersonDataFromHereOn:
    found: PersonDataFromHereOn = current_app.extensions["person_data"]
    return found


def _contacts() -> Contacts:
    found: Contacts = current_app.extensions["contacts"]
    return found
