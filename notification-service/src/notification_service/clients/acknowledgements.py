"""The port `Acknowledgements` over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from shared_lib.http_client import ServiceClient

from notification_service.domain.ports import Lapse


@dataclass(frozen=True, kw_only=True)
class HttpAcknowledgements:
    client: ServiceClient
    patient: ServiceClient
    """For a person's data, which take longer to find and to send."""

    def open(self, lapse: Lapse) -> None:
        """The address names the lapse, which makes repeating harmless."""
        path = f"/internal/v1/lapses/{lapse.notification_id}/{quote(lapse.coordinator_id, safe='')}"
        body = {
            "mentor_id": lapse.mentor_id,
            "expiry_date": _written(lapse.expiry_date),
            "organisation_id": lapse.organisation_id,
        }
        self.client.call("PUT", path, json=body)

    def export(self, person_id: str) -> Mapping[str, Any]:
        return self.patient.call("GET", _person(person_id)).body

    def erase(self, person_id: str) -> Mapping[str, Any]:
        return self.patient.call("DELETE", _person(person_id)).body


def _person(person_id: str) -> str:
    return f"/internal/v1/people/{quote(person_id, safe='')}"


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
