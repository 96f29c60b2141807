"""Valid objects, of which a test names the one difference."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

from orchestrator_service.domain.access import ORG_ADMIN, Principal
from orchestrator_service.domain.announcements import Audience, DispatchResult, Status
from orchestrator_service.domain.directory_file import COLUMNS
from orchestrator_service.domain.pause_events import Draft, EventType, PauseEvent
from orchestrator_service.domain.responsibility import Candidate

DAY = timedelta(days=1)
EFFECTIVE = datetime(2026, 3, 20, tzinfo=UTC)
RECORDED = datetime(2026, 3, 19, 14, 30, tzinfo=UTC)
MENTOR = "pm_551e8400"
COORDINATOR = "coord_9f8e7d6c"


def a_coordinator(id: str, *, organisation_id: str = "nhf") -> Principal:
    return Principal(id=id, roles=frozenset({"coordinator"}), organisation_id=organisation_id)


INGRID = a_coordinator(COORDINATOR)
NHF_ADMIN = Principal(id="admin_nhf", roles=frozenset({ORG_ADMIN}), organisation_id="nhf")
LHL_ADMIN = Principal(id="admin_lhl", roles=frozenset({ORG_ADMIN}), organisation_id="lhl")
GLOBAL_ADMIN = Principal(id="root", roles=frozenset({"global_admin"}))


def a_draft(**difference: Any) -> Draft:
    values: dict[str, Any] = {
        "peer_mentor_id": MENTOR,
        "event_type": EventType.PAUSE_ACTIVATED,
        "effective_date": EFFECTIVE,
        "reason": "Personal leave",
    }
    return Draft.reported(**{**values, **difference})


def an_event(**difference: Any) -> PauseEvent:
    values: dict[str, Any] = {
        "id": "pn_8a1b2c3d4e5f",
        "organisation_id": "nhf",
        "peer_mentor_id": MENTOR,
        "event_type": EventType.PAUSE_ACTIVATED,
        "effective_date": EFFECTIVE,
        "reason": "Personal leave",
        "audience": Audience(coordinator_id=COORDINATOR),
        "created_at": RECORDED,
    }
    return PauseEvent(**{**values, **difference})


def a_result(recipient_id: str = MENTOR, channel: str = "email", status: Status = Status.SENT) -> DispatchResult:
    return DispatchResult(recipient_id=recipient_id, channel=channel, status=status, message_id="msg-00001")


def a_candidate(coordinator_id: str, **difference: Any) -> Candidate:
    values: dict[str, Any] = {"chapter_id": "oslo", "is_primary": False, "since": EFFECTIVE}
    return Candidate(coordinator_id=coordinator_id, **{**values, **difference})


def organisation(id: str, **cells: str) -> dict[str, str]:
    return {"record": "organisation", "id": id, "name": f"Organisasjon {id}", **cells}


def chapter(id: str, organisation: str = "nhf", **cells: str) -> dict[str, str]:
    return {"record": "chapter", "id": id, "organisation": organisation, "name": f"Lag {id}", **cells}


def person(record: str, id: str, organisation: str = "nhf", **cells: str) -> dict[str, str]:
    email = f"{id.lower()}@example.org"
    return {"record": record, "id": id, "organisation": organisation, "name": f"Navn {id}", "email": email, **cells}


def mentor(id: str, chapters: str = "", **cells: str) -> dict[str, str]:
    return person("mentor", id, chapters=chapters, **cells)


def assignment(id: str, chapters: str, organisation: str = "nhf", **cells: str) -> dict[str, str]:
    return {"record": "assignment", "id": id, "organisation": organisation, "chapters": chapters, **cells}


def certification(id: str, expires: str, organisation: str = "nhf", **cells: str) -> dict[str, str]:
    return {"record": "certification", "id": id, "organisation": organisation, "expires": expires, **cells}


def a_file(*lines: dict[str, str], delimiter: str = ",", columns: tuple[str, ...] = COLUMNS) -> bytes:
    """The lines as a spreadsheet program would export them."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().encode()


def two_organisations() -> list[dict[str, str]]:
    """nhf with Oslo and Bergen, lhl with Drammen, each with an admin, coordinators and mentors."""
    return [
        organisation("nhf"),
        organisation("lhl"),
        chapter("oslo"),
        chapter("bergen"),
        chapter("tromso"),
        chapter("drammen", "lhl"),
        person("admin", "admin_nhf"),
        person("admin", "admin_lhl", "lhl"),
        person("coordinator", COORDINATOR, name="Ingrid Bakke", email="ingrid.bakke@nhf-oslo.no"),
        person("coordinator", "coord_2a3b4c5d"),
        person("coordinator", "coordinator-007", "lhl"),
        assignment(COORDINATOR, "oslo", primary="true", since="2023-01-09"),
        assignment("coord_2a3b4c5d", "bergen", primary="true", since="2022-08-15"),
        assignment("coordinator-007", "drammen", "lhl", primary="true", since="2021-05-03"),
        mentor(MENTOR, "oslo", channels="email|push"),
        mentor("pm_662f9511", "bergen"),
        mentor("pm_alone", "tromso"),
        mentor("mentor-042", "drammen", organisation="lhl"),
        certification("mentor-042", "2026-03-31", "lhl"),
    ]
