"""The port `Acknowledgements` over HTTP."""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from shared_lib.http_client import ServiceClient

from notification_service.domain.ports import Lapse


@dataclass(frozen=True, kw_only=True)
class HttpAcknowledgements:
    client: ServiceClient

    def open(self, lapse: Lapse) -> None:
        """The address names the lapse, which makes repeating harmless."""
        path = f"/internal/v1/lapses/{lapse.notification_id}/{quote(lapse.coordinator_id, safe='')}"
        body = {
            "mentor_id": lapse.mentor_id,
            "expiry_date": _written(lapse.expiry_date),
            "organisation_id": lapse.organisation_id,
        }
        self.client.call("PUT", path, json=body)


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
