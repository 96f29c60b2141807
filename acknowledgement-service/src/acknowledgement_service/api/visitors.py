"""From a verified token to the domain's visitor."""

from typing import Any

from flask import current_app
from shared_lib.idempotency import RequestKey
from shared_lib.web.auth import optional_principal
from shared_lib.web.idempotency import request_key

from acknowledgement_service.domain.visitor import ANYBODY, Visitor


def present_visitor() -> Visitor:
    """Whoever sent this request; `ANYBODY` without a token, where anonymous requests are allowed."""
    who = optional_principal()
    if who is None:
        return ANYBODY
    return Visitor(id=who.subject, roles=who.roles, organisation_id=who.organisation, is_trusted=who.is_service)


def acknowledgement_key(body: dict[str, Any]) -> RequestKey | None:
    """The request's Idempotency-Key, known per caller."""
    secret: bytes = current_app.extensions["fingerprint_secret"]
    return request_key("acknowledge", principal=present_visitor().id, body=body, secret=secret)
