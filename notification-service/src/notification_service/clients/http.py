"""The ports over HTTP: the acknowledgement service, and the push gateway."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from shared_lib.errors import Rejected, RetryLater, Unreachable
from shared_lib.http_client import Answer, ServiceClient

from notification_service.domain.lapses import Certification, LapseState, Reassignment
from notification_service.domain.ports import Lapse, PushMessage

NOT_FOUND, GONE = "http_404", "http_410"
OLDER_VERSION = "older_version"


@dataclass(frozen=True, kw_only=True)
class HttpAcknowledgements:
    """`slow_client` is for a person's data, which take longer to find and to send."""

    client: ServiceClient
    slow_client: ServiceClient

    def open(self, lapse: Lapse) -> None:
        """The address names the lapse, so repeating is harmless."""
        path = f"/internal/v1/lapses/{lapse.notification_id}/{quote(lapse.coordinator_id, safe='')}"
        body = {
            "mentor_id": lapse.mentor_id,
            "expiry_date": _formatted(lapse.expiry_date),
            "organisation_id": lapse.organisation_id,
        }
        try:
            self.client.call("PUT", path, json=body)
        except Rejected as refusal:
            if refusal.reason != GONE:  # an administrator has deleted it
                raise

    def state(self, notification_id: UUID) -> LapseState | None:
        try:
            answer = self.client.call("GET", f"/internal/v1/lapses/{notification_id}").body
        except Rejected as refusal:
            if refusal.reason == NOT_FOUND:
                return None
            raise
        try:
            return LapseState(answer["state"])
        except (KeyError, TypeError, ValueError) as fault:
            raise Unreachable("answer_not_understood") from fault

    def reassign(self, news: Reassignment) -> None:
        body = {
            "organisation_id": news.organisation_id,
            "coordinator_id": news.coordinator_id,
            "version": news.version,
        }
        try:
            _taken(self.client.call("PUT", f"/internal/v1/lapses/{news.notification_id}/coordinator", json=body))
        except Rejected as refusal:
            if refusal.reason != NOT_FOUND:  # an administrator has deleted it
                raise

    def certify(self, news: Certification) -> None:
        body = {
            "organisation_id": news.organisation_id,
            "expires_at": _formatted(news.expires_at) if news.expires_at is not None else None,
            "reason": news.reason,
            "version": news.version,
        }
        _taken(self.client.call("PUT", f"/internal/v1/certifications/{quote(news.mentor_id, safe='')}", json=body))

    def export(self, person_id: str) -> Mapping[str, Any]:
        return self.slow_client.call("GET", _person(person_id)).body

    def erase(self, person_id: str) -> Mapping[str, Any]:
        return self.slow_client.call("DELETE", _person(person_id)).body


@dataclass(frozen=True, kw_only=True)
class HttpPusher:
    """One POST per message. Its id is the Idempotency-Key, so that the gateway can drop a repeated one."""

    client: ServiceClient

    def send(self, message: PushMessage) -> None:
        """Returns after 2xx. Sends the short text only, with first names at most."""
        body = {
            "message_id": message.message_id,
            "token": message.token,
            "title": message.text.title,
            "body": message.text.push,
            "link": message.text.link,
        }
        self.client.call("POST", "", json=body, headers={"Idempotency-Key": message.message_id})


def _taken(answer: Answer) -> None:
    """Raises RetryLater where the service holds a newer version than ours: our database may have been restored."""
    if answer.body.get("older"):
        raise RetryLater(OLDER_VERSION)


def _person(person_id: str) -> str:
    return f"/internal/v1/people/{quote(person_id, safe='')}"


def _formatted(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
