"""What the services after this one hold about a person, over HTTP: the notification service asks the one after it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from shared_lib.http_client import ServiceClient

LONGEST_EXPORT = 64 * 1024 * 1024
"""Bytes: what is held about a person is answered in one piece."""
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class HttpPersonData:
    client: ServiceClient

    def export(self, person_id: str) -> Mapping[str, Any]:
        return self.client.call("GET", _path(person_id)).body

    def erase(self, person_id: str) -> Mapping[str, Any]:
        return self.client.call("DELETE", _path(person_id)).body


def _path(person_id: str) -> str:
    return f"/internal/v1/people/{quote(person_id, safe='')}"
