"""What the notification service's answers mean to us, and what never goes to it."""

from typing import Any
from uuid import uuid4

import pytest
from orchestrator_service.clients.notification import HttpNotifier
from shared_lib.errors import Rejected, RetryLater, Unreachable
from shared_lib.http_client import ServiceClient

from ..builders import RECORDED, an_event
from ..fakes import StubService


@pytest.fixture
def http_notifier(notification_service: StubService) -> HttpNotifier:
    return HttpNotifier(
        client=ServiceClient(notification_service.url, audience="notification-service", sign=lambda _: "token")
    )


def test_the_reason_never_leaves(http_notifier: HttpNotifier, notification_service: StubService) -> None:
    notification_service.answer = {"notifications_dispatched": []}

    http_notifier.announce(an_event(reason="Sykdom"), announcement_id=uuid4(), occurred_at=RECORDED, contact_version=17)

    assert "Sykdom" not in repr(notification_service.asked)


@pytest.mark.parametrize(
    ("status", "failure"), [(404, RetryLater), (422, Rejected), (409, Rejected), (503, Unreachable)]
)
def test_a_mentor_whose_contact_is_on_its_way_is_tried_again(
    http_notifier: HttpNotifier, notification_service: StubService, status: int, failure: type[Exception]
) -> None:
    notification_service.status = status

    with pytest.raises(failure):
        http_notifier.announce(an_event(), announcement_id=uuid4(), occurred_at=RECORDED, contact_version=17)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"notifications_dispatched": None},
        {"notifications_dispatched": [{"recipient": "x", "channel": "email", "status": "eaten", "message_id": "m"}]},
        {"notifications_dispatched": [{"recipient": "x"}]},
    ],
)
def test_an_answer_that_is_not_understood_is_asked_for_again(
    http_notifier: HttpNotifier, notification_service: StubService, answer: dict[str, Any]
) -> None:
    notification_service.answer = answer

    with pytest.raises(Unreachable):
        http_notifier.announce(an_event(), announcement_id=uuid4(), occurred_at=RECORDED, contact_version=17)


def test_what_it_never_heard_of_needs_no_taking_back(
    http_notifier: HttpNotifier, notification_service: StubService
) -> None:
    notification_service.status = 404

    http_notifier.withdraw(uuid4())

    assert len(notification_service.asked) == 1
