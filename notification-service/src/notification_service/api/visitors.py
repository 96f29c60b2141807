"""From a verified token to what the use cases understand."""

from typing import Any

from shared_lib.auth.tokens import Principal
from shared_lib.idempotency import RequestKey
from shared_lib.web.auth import optional_principal
from shared_lib.web.idempotency import request_key

from notification_service.domain.errors import NotEntitled
from notification_service.domain.model import Announcement
from notification_service.domain.scope import EVERYBODY, Scope
from notification_service.usecases.announcements import Requester

ANONYMOUS = "anonymous"


def present_requester(announcement: Announcement, *, wait_seconds: float) -> Requester:
    """Whoever sent this request. Raises NotEntitled for a token without a role that announces."""
    who = optional_principal()
    return Requester(
        subject=key_holder(who),
        person_id=who.subject if who is not None and not who.is_service else None,
        scope=_scope(who),
        key=_key(announcement, who),
        wait_seconds=wait_seconds,
    )


def key_holder(who: Principal | None) -> str:
    """Under which name Idempotency-Keys are kept: people, services and passers-by do not share any."""
    if who is None:
        return ANONYMOUS
    return f"service:{who.subject}" if who.is_service else f"person:{who.subject}"


def _scope(who: Principal | None) -> Scope:
    if who is None or who.is_service or "global_admin" in who.roles:
        return EVERYBODY
    if who.organisation is not None and "org_admin" in who.roles:
        return Scope(organisation_id=who.organisation)
    if who.organisation is not None and "coordinator" in who.roles:
        return Scope(organisation_id=who.organisation, coordinator_id=who.subject)
    raise NotEntitled


def _key(announcement: Announcement, who: Principal | None) -> RequestKey | None:
    """Fingerprints what is announced only: neither the reason, nor what the orchestrator adds of its own knowledge,
    which may have changed when it repeats its call.
    """
    body: dict[str, Any] = {name: value for name, value in vars(announcement).items() if name != "context"}
    return request_key(announcement.notice, principal=key_holder(who), body=body, secret=b"no person's text in it")
