"""Valid objects; each takes the one difference a test is about."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from notification_service.domain.model import Announcement, Contact, Context, Notice, Organisation
from notification_service.domain.ports import Mail
from notification_service.domain.wording.model import Facts, Letter

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


def a_letter(**changes: Any) -> Letter:
    return Letter(
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
            "letter": a_letter(),
            **changes,
        }
    )
