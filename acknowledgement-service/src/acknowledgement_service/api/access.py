"""From the request's verified token to the domain's principal."""

from dataclasses import replace
from typing import Any

from flask import current_app
from shared_lib.idempotency import RequestKey
from shared_lib.web.auth import hashed_address, optional_principal
from shared_lib.web.idempotency import request_key

from acknowledgement_service.domain.access import ANONYMOUS, Principal


def present_principal() -> Principal:
    """The sender of this request; without a token, where the service needs none, `ANONYMOUS` with a hash as address."""
    who = optional_principal()
    if who is None:
        return replace(ANONYMOUS, address=hashed_address(current_app.extensions["fingerprint_secret"]))
    return Principal(id=who.subject, roles=who.roles, organisation_id=who.organisation, is_trusted=who.is_service)


def acknowledgement_key(body: dict[str, Any]) -> RequestKey | None:
    """The request's Idempotency-Key, None without one. Each caller has their own keys."""
    secret: bytes = current_app.extensions["fingerprint_secret"]
    return request_key("acknowledge", principal=present_principal().id, body=body, secret=secret)
