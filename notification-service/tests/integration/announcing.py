"""Announcements that several tests make, as objects and as request bodies."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from notification_service.domain.model import Announcement, Notice
from notification_service.domain.notice_rules import NOTICE_RULES, Announcer
from notification_service.usecases.announcements import Accepted
from shared_lib.idempotency import RequestKey

from ..builders import A_MOMENT, an_announcement

EXPIRED = an_announcement(Notice.CERT_EXPIRY, expiry_date=A_MOMENT)
EXAMPLES = Path(__file__).parents[2] / "contract" / "examples"


def _body(path: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((EXAMPLES / f"{path}.json").read_text())["request"]["body"]
    return body


ANNOUNCED = [notice for notice in Notice if NOTICE_RULES[notice].announcer is not Announcer.AGENDA]
PUBLIC = [notice for notice in Notice if NOTICE_RULES[notice].announcer is Announcer.ANY_CLIENT]
PATHS = [notice.value.replace("_", "-") for notice in PUBLIC]
BODIES: Mapping[str, dict[str, Any]] = {path: _body(path) for path in PATHS}
"""The request body of each operation, from its example in the contract."""


def a_key(key: str, body: bytes = b"") -> RequestKey:
    return RequestKey(principal="anonymous", operation="x", key=key, fingerprint=body)


def rows(accepted: Accepted) -> list[tuple[str, str, str]]:
    return [(row.recipient_id, row.channel, row.status) for row in accepted.dispatch.messages]


def reminder(days: int) -> Announcement:
    return an_announcement(Notice.CERT_EXPIRY_REMINDER, days_remaining=days)
