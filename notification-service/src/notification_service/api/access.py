"""From the request's verified token to the domain's principal, and to its Idempotency-Key."""

from typing import Any

from flask import current_app
from shared_lib.idempotency import RequestKey
from shared_lib.web.auth import hashed_address, optional_principal
from shared_lib.web.idempotency import request_key

from notification_service.domain.access import Principal
from notification_service.domain.model import Announcement


def present_principal() -> Principal:
    """The sender of this request; only the hash of their address without a token, where the service needs none."""
    who = optional_principal()
    if who is None:
        return Principal(address=hashed_address(current_app.extensions["address_secret"]))
    return Principal(id=who.subject, roles=who.roles, organisation_id=who.organisation, is_service=who.is_service)


def announcement_key(announcement: Announcement, principal: Principal) -> RequestKey | None:
    """The request's Idempotency-Key, None without one. Each caller has their own keys.

    The fingerprint is of the announcement alone: neither of the pause reason, nor of the orchestrator's context, which
    may have changed when it repeats its call.
    """
    body: dict[str, Any] = {name: value for name, value in vars(announcement).items() if name != "context"}
    return request_key(announcement.notice, principal=principal.caller, body=body, secret=b"no person's text in it")
