"""What we ask of the notification service, held against the examples that it tests itself by."""

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from orchestrator_service.clients.notification import BASE_PATH, ENDPOINTS, HttpNotifier
from orchestrator_service.domain.announcements import ActedBy, Audience, DispatchResult, Status
from orchestrator_service.domain.notices import Notice, NoticeKind
from orchestrator_service.domain.pause_events import EventType, PauseEvent
from orchestrator_service.domain.ports import (
    CertificationNews,
    Contacts,
    NoticeSettings,
    OrganisationContact,
    PersonContact,
)
from shared_lib.http_client import ServiceClient

from ..builders import RECORDED, an_event
from ..fakes import StubService

EXAMPLES = Path(__file__).parents[3] / "notification-service" / "contract" / "examples"
ANNOUNCEMENT = UUID("0195d1c2-7a31-7c55-9f0e-3a8b5c2d1e4f")


def example(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text())
    return found


@pytest.fixture
def http_notifier(notification_service: StubService) -> HttpNotifier:
    return HttpNotifier(
        client=ServiceClient(notification_service.url, audience="notification-service", sign=lambda _: "token")
    )


def announced(
    notifier: HttpNotifier, notification_service: StubService, event: PauseEvent, name: str
) -> list[DispatchResult]:
    notification_service.status, notification_service.answer = (
        example(name)["response"]["status"],
        example(name)["response"]["body"],
    )
    return list(notifier.announce(event, announcement_id=ANNOUNCEMENT, occurred_at=RECORDED, contact_version=17))


def event_of(body: dict[str, Any], event_type: EventType) -> PauseEvent:
    """The event that we would announce in these words."""
    context = body.get("context", {"organisation_id": "lhl", "coordinator_id": None, "admin_ids": [], "also": []})
    acted_by = context.get("acted_by")
    audience = Audience(
        coordinator_id=context["coordinator_id"],
        admin_ids=tuple(context["admin_ids"]),
        also=tuple(context["also"]),
        acted_by=ActedBy(**acted_by) if acted_by else None,
    )
    dates = {name: body.get(name) or context.get(name) for name in ("expected_return_date", "expiry_date")}
    return an_event(
        peer_mentor_id=body["mentor_id"],
        organisation_id=context["organisation_id"],
        event_type=event_type,
        audience=audience,
        days_remaining=body.get("days_remaining"),
        is_planned=context.get("planned", False),
        tier=context.get("tier"),
        **{name: datetime.fromisoformat(date) for name, date in dates.items() if date is not None},
    )


OF_TYPES: Mapping[EventType, tuple[str, ...]] = {
    EventType.PAUSE_ACTIVATED: ("pause-activated", "pause-activated-with-context"),
    EventType.PAUSE_DEACTIVATED: ("pause-lifted",),
    EventType.CERTIFICATION_EXPIRED: ("cert-expiry",),
    EventType.CERTIFICATION_EXPIRING: ("cert-expiry-reminder", "cert-expiry-reminder-with-context"),
}
"""The examples of each type of event; a type without one fails."""


@pytest.mark.parametrize(("event_type", "name"), [(each, name) for each in EventType for name in OF_TYPES[each]])
def test_we_announce_as_the_examples_do_and_understand_the_answer(
    http_notifier: HttpNotifier, notification_service: StubService, event_type: EventType, name: str
) -> None:
    request, expected = example(name)["request"], example(name)["response"]["body"]

    results = announced(http_notifier, notification_service, event_of(request["body"], event_type), name)

    asked = notification_service.asked[0]
    wanted = {member: value for member, value in request["body"].items() if member != "pause_reason"}
    assert (asked.method, asked.path) == (request["method"], request["path"])
    assert {member: asked.body[member] for member in wanted} == wanted
    assert set(asked.body) == {*wanted, "context"}
    assert (asked.headers["Idempotency-Key"], asked.headers["Prefer"]) == (str(ANNOUNCEMENT), "wait=1")
    assert [(result.recipient_id, result.channel, result.status, result.message_id) for result in results] == [
        (message["recipient"], message["channel"], Status(message["status"]), message["message_id"])
        for message in expected["notifications_dispatched"]
    ]


@pytest.mark.parametrize("event_type", EventType)
def test_every_type_of_event_is_announced_at_an_endpoint_that_is_there(event_type: EventType) -> None:
    """An example alone could have the same mistake."""
    document = json.loads((EXAMPLES.parent / "openapi.json").read_text())

    assert "post" in document["paths"][f"{BASE_PATH}/{ENDPOINTS[event_type][0]}"]


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_notice_is_sent_as_in_its_example(
    http_notifier: HttpNotifier, notification_service: StubService, kind: NoticeKind
) -> None:
    document = example(kind.replace("_", "-"))
    request, body = document["request"], document["request"]["body"]
    notification_service.status, notification_service.answer = 201, document["response"]["body"]
    context, dates = body["context"], [datetime.fromisoformat(date) for date in body["dates"].values()]
    notice = Notice(
        kind=kind,
        mentor_id=body["mentor_id"],
        organisation_id=context["organisation_id"],
        audience=Audience(coordinator_id=context["coordinator_id"]),
        date=dates[0] if dates else None,
        is_planned=context["planned"],
        flags=tuple(context["flags"]),
    )

    http_notifier.notify(notice, notice_id=UUID(request["headers"]["Idempotency-Key"]))

    asked = notification_service.asked[0]
    assert (asked.method, asked.path, asked.body) == (request["method"], request["path"], body)
    assert asked.headers["Idempotency-Key"] == request["headers"]["Idempotency-Key"]


def test_contacts_are_sent_as_in_the_example(http_notifier: HttpNotifier, notification_service: StubService) -> None:
    request = example("put-contacts")["request"]
    organisation = dict(request["body"]["organisations"][0])
    people = [dict(person) for person in request["body"]["contacts"]]
    own = organisation["settings"]
    settings = NoticeSettings(
        lapse_reminder_days=own["lapse_reminder_days"],
        lapse_escalation_days=own["lapse_escalation_days"],
        send_time=time.fromisoformat(own["send_time"]),
        quiet_from=time.fromisoformat(own["quiet_hours"]["from"]),
        quiet_until=time.fromisoformat(own["quiet_hours"]["until"]),
        working_days=tuple(own["working_days"]),
        holidays=tuple(date.fromisoformat(day) for day in own["holidays"]),
    )

    http_notifier.update_contacts(
        Contacts(
            organisation=OrganisationContact(
                **{**organisation, "admin_ids": tuple(organisation["admin_ids"]), "settings": settings}
            ),
            people=tuple(PersonContact(**{**person, "channels": tuple(person["channels"])}) for person in people),
        )
    )

    asked = notification_service.asked[0]
    assert (asked.method, asked.path, asked.body) == (request["method"], request["path"], request["body"])


@pytest.mark.parametrize("name", ["put-certification", "certification-not-required"])
def test_a_certification_is_told_as_in_the_example(
    http_notifier: HttpNotifier, notification_service: StubService, name: str
) -> None:
    request = example(name)["request"]
    notification_service.status, notification_service.answer = 200, example(name)["response"]["body"]
    body = request["body"]
    expires_at = datetime.fromisoformat(body["expires_at"]) if body["expires_at"] else None

    http_notifier.update_certification(
        CertificationNews(**{**body, "mentor_id": request["path"].rpartition("/")[2], "expires_at": expires_at})
    )

    asked = notification_service.asked[0]
    assert (asked.method, asked.path, asked.body) == (request["method"], request["path"], body)


def test_we_withdraw_as_the_example_does(http_notifier: HttpNotifier, notification_service: StubService) -> None:
    request = example("withdraw-dispatch")["request"]
    notification_service.status, notification_service.answer = 200, example("withdraw-dispatch")["response"]["body"]

    http_notifier.withdraw(ANNOUNCEMENT)

    assert (notification_service.asked[0].method, notification_service.asked[0].path) == (
        request["method"],
        request["path"],
    )
