"""Valid objects; each takes the one difference a test is about."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from notification_service.domain.model import Announcement, Contact, Context, Dispatch, Notice, Organisation
from notification_service.domain.participants import Participants
from notification_service.domain.ports import Lapse, Mail
from notification_service.domain.texts.model import Facts, RenderedText
from shared_lib.outbox import Delivery

A_MOMENT = datetime(2026, 3, 26, 8, 30, tzinfo=UTC)
A_DISPATCH_ID = UUID("0195d1c2-0000-7000-8000-000000000001")


def an_organisation(**changes: Any) -> Organisation:
    return Organisation(**{"id": "lhl", "name": "LHL", "admin_ids": ("admin-lhl",), "version": 1, **changes})


def a_contact(**changes: Any) -> Contact:
    return Contact(
        **{
            "id": "mentor-042",
            "organisation_id": "lhl",
            "name": "Kari Nordmann",
            "email": "kari.nordmann@lhl.example",
            "coordinator_id": "coordinator-007",
            "is_mentor": True,
            "version": 1,
            **changes,
        }
    )


def a_coordinator(**changes: Any) -> Contact:
    return a_contact(
        **{
            "id": "coordinator-007",
            "name": "Ola Hansen",
            "email": "ola.hansen@lhl.example",
            "coordinator_id": None,
            "is_mentor": False,
            **changes,
        }
    )


def an_announcement(notice: Notice = Notice.PAUSE_ACTIVATED, **changes: Any) -> Announcement:
    return Announcement(**{"notice": notice, "mentor_id": "mentor-042", **changes})


def a_context(**changes: Any) -> Context:
    return Context(**{"organisation_id": "lhl", "coordinator_id": "coordinator-007", **changes})


def some_facts(**changes: Any) -> Facts:
    return Facts(
        **{"mentor_name": "Kari Nordmann", "organisation": an_organisation(), "date": "1. mai 2026", **changes}
    )


def some_text(**changes: Any) -> RenderedText:
    return RenderedText(
        **{
            "language": "nb",
            "title": "Pausen din er registrert på nytt",
            "greeting": "Hei, Kari!",
            "paragraphs": (
                "Første avsnitt, og det er ganske langt, så linjen må brytes et sted på veien.",
                ".",
                "Siste.",
            ),
            "action": "Se pausen din",
            "link": "https://portal.example/mentor/pause",
            "closing": "Vennlig hilsen",
            "signature": "LHL",
            "footer": "Sendt automatisk.",
            "push": "Pausen din er registrert.",
            **changes,
        }
    )


def a_mail(**changes: Any) -> Mail:
    return Mail(
        **{
            "message_id": f"msg-00940.{A_DISPATCH_ID}",
            "to": "kari.nordmann@lhl.example",
            "written_at": A_MOMENT,
            "sender_name": "LHL",
            "reply_to": "post@lhl.example",
            "text": some_text(),
            **changes,
        }
    )


def a_lapse(**changes: Any) -> Lapse:
    return Lapse(
        **{
            "notification_id": A_DISPATCH_ID,
            "coordinator_id": "coord_maya_patel",
            "mentor_id": "mentor_james_okafor",
            "expiry_date": datetime(2026, 4, 1, tzinfo=UTC),
            "organisation_id": "lhl",
            **changes,
        }
    )


def some_participants(**changes: Any) -> Participants:
    return Participants(
        **{
            "mentor": a_contact(),
            "organisation": an_organisation(),
            "coordinator_id": "coordinator-007",
            "contacts": {},
            **changes,
        }
    )


def a_dispatch(**changes: Any) -> Dispatch:
    return Dispatch(
        **{
            "id": A_DISPATCH_ID,
            "organisation_id": "lhl",
            "notice": Notice.PAUSE_ACTIVATED,
            "mentor_id": "mentor-042",
            "coordinator_id": "coordinator-007",
            "created_at": A_MOMENT,
            "messages": (),
            **changes,
        }
    )


def a_delivery(kind: str, **payload: Any) -> Delivery:
    return Delivery(
        id=A_DISPATCH_ID,
        kind=kind,
        payload=payload,
        tenant="lhl",
        attempt=1,
        crash_count=0,
        ambiguous_count=0,
        created_at=A_MOMENT,
        expires_at=None,
        ordering_key=None,
        request_id=None,
        mark_in_flight=lambda: None,
    )
