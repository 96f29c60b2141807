"""Requests that record pause events, each of them a new one."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

from ..directory import MENTORS, ORGANISATION, coordinator, mentor
from ..load import request
from ..plant import Plant

PATH = "/api/v1/pause-notifications"
CREATED = frozenset({201})
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class Events:
    """Hands out requests as the coordinators of the mentors would send them; every mentor's turn comes in order."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._numbers = count()

    def pauses(self, amount: int, **headers: str) -> list[bytes]:
        """Pauses that begin and end, in turn."""
        return [self._pause(number, headers) for number in self._next(amount)]

    def expiries(self, amount: int, **headers: str) -> list[bytes]:
        """Two of a mentor on one day would be one notice."""
        return [self._request(number, "certification_expired", headers, step=DAY) for number in self._next(amount)]

    def _next(self, amount: int) -> Iterator[int]:
        return (next(self._numbers) for _ in range(amount))

    def _pause(self, number: int, headers: dict[str, str]) -> bytes:
        begins = number // MENTORS % 2 == 0
        return self._request(number, "pause_activated" if begins else "pause_deactivated", headers)

    def _request(
        self, number: int, event_type: str, headers: dict[str, str], *, step: timedelta = timedelta(minutes=1)
    ) -> bytes:
        body = {
            "peer_mentor_id": mentor(number),
            "event_type": event_type,
            "effective_date": (FIRST_DAY + number // MENTORS * step).isoformat(),
            **({"reason": "Ønsker en pause i vår"} if event_type == "pause_activated" else {}),
        }
        token = self._plant.token("coordinator", coordinator(number), ORGANISATION)
        everything = {**token, "Idempotency-Key": str(uuid.uuid4()), **headers}
        return request("POST", PATH, body=json.dumps(body).encode(), headers=everything)
