"""The requests of these tests: each is for something new."""

import itertools
from datetime import UTC, datetime, timedelta

from asking import PAUSES
from containers.load import Wish

_days = itertools.count()


def moment() -> str:
    """A day that no other event or expiry has: two expiries of a mentor on one day are one notice."""
    at = datetime(2001, 1, 1, tzinfo=UTC) + timedelta(days=next(_days))
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def an_event(mentor: str, caller: str) -> Wish:
    """A request to the orchestrator: the mentor and their coordinator are notified of a lapsed certification."""
    body = {"peer_mentor_id": mentor, "event_type": "certification_expired", "effective_date": moment()}
    return Wish(method="POST", target=PAUSES, token=caller, body=body, status=201)


def an_expiry(mentor: str) -> Wish:
    """The same, asked of the notification service itself."""
    body = {"mentor_id": mentor, "expiry_date": moment()}
    return Wish(method="POST", target=f"{PAUSES}/cert-expiry", body=body, status=201)
