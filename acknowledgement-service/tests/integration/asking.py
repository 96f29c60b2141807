"""A client that opens, moves and closes lapses as the notification service does, and lists them as people do."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

BASE = "/api/v1/lapse-acknowledgements"
INTERNAL = "/internal/v1"
EXPIRY = "2026-04-01T00:00:00Z"
LATER = "2028-04-01T00:00:00Z"
Headers = dict[str, str]


@dataclass(frozen=True)
class Asking:
    client: FlaskClient
    service: Headers

    def open(self, coordinator: str = "maya", mentor: str = "james", expiry: str = EXPIRY, at: str = "") -> str:
        """The notification's id."""
        notification = at or str(uuid4())
        body = {"mentor_id": mentor, "organisation_id": "lhl", "expiry_date": expiry}
        path = f"{INTERNAL}/lapses/{notification}/{coordinator}"
        assert self.client.put(path, json=body, headers=self.service).status_code in (200, 201)
        return notification

    def reassign(self, notification: str, to: str | None, version: int = 1) -> TestResponse:
        body = {"organisation_id": "lhl", "coordinator_id": to, "version": version}
        return self.client.put(f"{INTERNAL}/lapses/{notification}/coordinator", json=body, headers=self.service)

    def certify(self, until: str | None, reason: str = "renewed", version: int = 1, mentor: str = "james") -> Any:
        body = {"organisation_id": "lhl", "expires_at": until, "reason": reason, "version": version}
        answer = self.client.put(f"{INTERNAL}/certifications/{mentor}", json=body, headers=self.service)
        assert answer.status_code == 200
        return answer.json

    def state(self, notification: str) -> dict[str, Any]:
        answer = self.client.get(f"{INTERNAL}/lapses/{notification}", headers=self.service)
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json
        return found

    def acknowledge(self, notification: str, coordinator: str, headers: Headers) -> int:
        body = {"notification_id": notification, "coordinator_id": coordinator}
        return self.client.post(BASE, json=body, headers=headers).status_code

    def listed(self, headers: Headers, query: str = "") -> list[dict[str, Any]]:
        answer = self.client.get(f"{BASE}?{query}", headers=headers)
        assert answer.status_code == 200
        assert answer.json["pagination"]["total"] == len(answer.json["data"])
        found: list[dict[str, Any]] = answer.json["data"]
        return found

    def audited(self, headers: Headers, query: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get(f"/api/v1/audit?{query}", headers=headers).json["data"]
        return found
