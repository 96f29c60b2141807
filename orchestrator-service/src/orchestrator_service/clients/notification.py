"""The notification service over HTTP: announcements, contacts and the data it holds about people."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from shared_lib.errors import Rejected, RetryLater, Unreachable
from shared_lib.http_client import Answer, ServiceClient

from orchestrator_service.domain.announcements import Audience, DispatchResult, Status
from orchestrator_service.domain.notices import NOTICE_RULES, Notice
from orchestrator_service.domain.pause_events import EventType, PauseEvent
from orchestrator_service.domain.ports import CertificationNews, Contacts, OrganisationContact

BASE_PATH = "/api/v1/pause-notifications"
NOT_FOUND = "http_404"
OLDER_VERSION = "older_version"

MAX_EXPORT_BYTES = 64 * 1024 * 1024
"""The data of one person are answered in one piece."""
PERSON_DATA_SECONDS = 60.0


def _activated(event: PauseEvent) -> dict[str, Any]:
    """Never the reason: it stays here."""
    returns = event.expected_return_date
    return {} if returns is None else {"expected_return_date": _moment(returns)}


ENDPOINTS: Mapping[EventType, tuple[str, Callable[[PauseEvent], dict[str, Any]]]] = {
    EventType.PAUSE_ACTIVATED: ("pause-activated", _activated),
    EventType.PAUSE_DEACTIVATED: ("pause-lifted", lambda _: {}),
    EventType.CERTIFICATION_EXPIRED: (
        "cert-expiry",
        lambda event: {"expiry_date": _moment(event.expiry_date or event.effective_date)},
    ),
    EventType.CERTIFICATION_EXPIRING: (
        "cert-expiry-reminder",
        lambda event: {"days_remaining": event.days_remaining},
    ),
}


@dataclass(frozen=True, kw_only=True)
class HttpNotifier:
    """Every call may be repeated: announcements by their Idempotency-Key, contacts by their version."""

    client: ServiceClient

    def announce(
        self, event: PauseEvent, *, announcement_id: UUID, occurred_at: datetime, contact_version: int | None
    ) -> tuple[DispatchResult, ...]:
        """Raises RetryLater while the mentor's contact has not arrived there, else what ServiceClient raises."""
        endpoint, members = ENDPOINTS[event.event_type]
        context = {
            **_context(event),
            "occurred_at": _moment(occurred_at, timespec="milliseconds"),
            "contact_version": contact_version,
        }
        body = {"mentor_id": event.peer_mentor_id, **members(event), "context": context}
        headers = {"Idempotency-Key": str(announcement_id), "Prefer": "wait=1"}
        return _results(self._send(f"{BASE_PATH}/{endpoint}", body, headers))

    def notify(self, notice: Notice, *, notice_id: UUID) -> None:
        """Raises as `announce` does."""
        name = NOTICE_RULES[notice.kind].date
        body = {
            "notice": notice.kind.value,
            "mentor_id": notice.mentor_id,
            "dates": {} if name is None or notice.date is None else {name: _moment(notice.date)},
            "context": {
                **_audience(notice.organisation_id, notice.audience),
                "planned": notice.is_planned,
                "tier": None,
                "flags": list(notice.flags),
            },
        }
        self._send("/internal/v1/notices", body, {"Idempotency-Key": str(notice_id)})

    def _send(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Mapping[str, Any]:
        try:
            return self.client.call("POST", path, json=body, headers=headers).body
        except Rejected as refusal:
            if refusal.reason == NOT_FOUND:
                raise RetryLater("contact_not_there_yet") from refusal
            raise

    def withdraw(self, announcement_id: UUID) -> tuple[DispatchResult, ...]:
        try:
            answer = self.client.call("DELETE", f"/internal/v1/dispatches/{announcement_id}")
        except Rejected as refusal:
            if refusal.reason == NOT_FOUND:  # it does not know the announcement: there is nothing to withdraw
                return ()
            raise
        return _results(answer.body)

    def update_contacts(self, contacts: Contacts) -> None:
        body = {
            "organisations": [_organisation(contacts.organisation)],
            "contacts": [asdict(each) for each in contacts.people],
        }
        _taken(self.client.call("PUT", "/internal/v1/contacts", json=body))

    def update_certification(self, news: CertificationNews) -> None:
        body = {
            "organisation_id": news.organisation_id,
            "expires_at": _moment(news.expires_at) if news.expires_at is not None else None,
            "reason": news.reason,
            "version": news.version,
        }
        _taken(self.client.call("PUT", f"/internal/v1/certifications/{quote(news.mentor_id, safe='')}", json=body))


@dataclass(frozen=True, kw_only=True)
class HttpPersonData:
    """Raises what ServiceClient raises. The notification service asks the acknowledgement service."""

    client: ServiceClient

    def export(self, person_id: str) -> Mapping[str, Any]:
        return self.client.call("GET", _person_path(person_id)).body

    def erase(self, person_id: str) -> Mapping[str, Any]:
        return self.client.call("DELETE", _person_path(person_id)).body


def _context(event: PauseEvent) -> dict[str, Any]:
    return {
        **_audience(event.organisation_id, event.audience),
        "expiry_date": _moment(event.expiry_date) if event.expiry_date else None,
        "effective_date": _moment(event.effective_date, timespec="milliseconds"),
        "planned": event.is_planned,
        "tier": event.tier,
    }


def _audience(organisation_id: str, audience: Audience) -> dict[str, Any]:
    return {
        "organisation_id": organisation_id,
        "coordinator_id": audience.coordinator_id,
        "admin_ids": list(audience.admin_ids),
        "acted_by": asdict(audience.acted_by) if audience.acted_by else None,
        "also": list(audience.also),
    }


def _organisation(contact: OrganisationContact) -> dict[str, Any]:
    own = contact.settings
    settings = {
        "lapse_reminder_days": own.lapse_reminder_days,
        "lapse_escalation_days": own.lapse_escalation_days,
        "send_time": f"{own.send_time:%H:%M}",
        "quiet_hours": {"from": f"{own.quiet_from:%H:%M}", "until": f"{own.quiet_until:%H:%M}"},
        "working_days": list(own.working_days),
        "holidays": [day.isoformat() for day in own.holidays],
    }
    return {**asdict(contact), "settings": settings}


def _results(document: Mapping[str, Any]) -> tuple[DispatchResult, ...]:
    try:
        return tuple(
            DispatchResult(
                recipient_id=message["recipient"],
                channel=message["channel"],
                status=Status(message["status"]),
                message_id=message["message_id"],
            )
            for message in document["notifications_dispatched"]
        )
    except (KeyError, TypeError, ValueError) as fault:
        raise Unreachable("answer_not_understood") from fault


def _taken(answer: Answer) -> None:
    """Raises RetryLater where the service holds newer versions than ours: our database may have been restored."""
    if answer.body.get("older"):
        raise RetryLater(OLDER_VERSION)


def _moment(moment: datetime, *, timespec: str = "seconds") -> str:
    return moment.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def _person_path(person_id: str) -> str:
    return f"/internal/v1/people/{quote(person_id, safe='')}"
