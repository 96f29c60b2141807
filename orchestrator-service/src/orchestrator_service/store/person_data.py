"""The data that this database holds about one person, and their removal."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from shared_lib.privacy import retention
from shared_lib.privacy.encryption import FieldCipher
from sqlalchemy import text
from sqlalchemy.orm import Session

from .pause_events import reasons_of

_NAMED_EVENT = (
    "peer_mentor_id = :person OR coordinator_id = :person OR acted_by_id = :person OR recorded_by_id = :person "
    "OR :person = ANY(admin_ids) OR :person = ANY(also_ids)"
)
_OWN_EVENTS = "SELECT id FROM pause_event WHERE peer_mentor_id = :person"
_OWN_KEY = (
    f"principal = :person OR resource_id IN ({_OWN_EVENTS}) OR split_part(resource_id, '/', 2) IN ({_OWN_EVENTS})"
)
_OWN_ANNOUNCEMENT = f"kind = 'announce' AND payload->>'event_id' IN ({_OWN_EVENTS})"
_OWN_SUBJECT = "subject IN ('cert:' || :person, 'pause:' || :person)"
_PLACES: Mapping[str, str] = {
    "person": "id = :person",
    "membership": "mentor_id = :person",
    "assignment": "coordinator_id = :person",
    "certification": "mentor_id = :person",
    "certification_news": "mentor_id = :person",
    "certification_period": "mentor_id = :person",
    "renewal_enrolment": "mentor_id = :person",
    "contact": "person_id = :person",
    "pause_event": _NAMED_EVENT,
    "dispatch_result": f"recipient_id = :person OR event_id IN ({_OWN_EVENTS})",
    "former_event": "peer_mentor_id = :person",
    "event_count": "coordinator_id = :person",
    "mentor_event_count": "coordinator_id = :person OR peer_mentor_id = :person",
    "audit_entry": "actor_id = :person OR subject_id = :person",
    "idempotency_key": _OWN_KEY,
    "agenda": _OWN_SUBJECT,
    "planned_act": _OWN_SUBJECT,
    "outbox": f"ordering_key = :person OR ({_OWN_ANNOUNCEMENT}) OR payload->'people' ? :person",
    "outbox_closed": f"ordering_key = :person OR ({_OWN_ANNOUNCEMENT}) OR payload->'people' ? :person",
}
_ENCRYPTED = ("encrypted_reason", "reason_key_id")


def held(session: Session, cipher: FieldCipher, person_id: str) -> dict[str, list[dict[str, Any]]]:
    """All rows that name the person. Reasons of their own events are decrypted; of other people's events they get no
    reason, and no name but their own.
    """
    found = retention.rows_of_person(session, _PLACES, person_id)
    if "pause_event" in found:
        reasons = reasons_of(session, cipher, [row["id"] for row in found["pause_event"]])
        found["pause_event"] = [_readable(row, reasons, person_id) for row in found["pause_event"]]
    return found


def _readable(row: dict[str, Any], reasons: Mapping[str, str | None], person_id: str) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if name not in _ENCRYPTED}
    if row["peer_mentor_id"] == person_id:
        return {**shown, "reason": reasons.get(row["id"])}
    return shown if row["acted_by_id"] == person_id else {**shown, "acted_by_name": None}


def lock(session: Session, person_id: str) -> str | None:
    """The person's organisation; None for an unknown id. Locks the person until the transaction ends."""
    found: str | None = session.scalar(
        text("SELECT organisation_id FROM person WHERE id = :person FOR UPDATE"), {"person": person_id}
    )
    return found


def blank_reasons(session: Session, person_id: str) -> int:
    return _count(
        session,
        "UPDATE pause_event SET encrypted_reason = NULL, reason_key_id = NULL, revision = revision + 1 "
        "WHERE peer_mentor_id = :person AND encrypted_reason IS NOT NULL RETURNING 1",
        person_id,
    )


def blank_directory(session: Session, person_id: str, *, at: datetime) -> dict[str, int]:
    """End their roles and remove their addresses. The import leaves an erased person alone from now on."""
    person = text(
        "UPDATE person SET name = '', email = NULL, push_token = NULL, channels = '{}', locale = NULL, "
        "is_mentor = false, is_coordinator = false, is_admin = false, erased_at = :at "
        "WHERE id = :person AND erased_at IS NULL RETURNING 1"
    )
    blanked = len(session.execute(person, {"person": person_id, "at": at}).all())
    statements = {
        "memberships": "DELETE FROM membership WHERE mentor_id = :person RETURNING 1",
        "assignments": "UPDATE assignment SET active = false WHERE coordinator_id = :person AND active RETURNING 1",
        "certifications": "DELETE FROM certification WHERE mentor_id = :person RETURNING 1",
        "enrolments": "DELETE FROM renewal_enrolment WHERE mentor_id = :person RETURNING 1",
        "contacts": "DELETE FROM contact WHERE person_id = :person RETURNING 1",
        "names": "UPDATE pause_event SET acted_by_name = NULL WHERE acted_by_id = :person "
        "AND acted_by_name IS NOT NULL RETURNING 1",
        "keys": f"DELETE FROM idempotency_key WHERE {_OWN_KEY} RETURNING 1",
    }
    counts = {what: _count(session, statement, person_id) for what, statement in statements.items()}
    return {"people": blanked, **counts}


def announcements_of(session: Session, person_id: str) -> Sequence[UUID]:
    """Outbox messages of the person's events that are still to be delivered, or whose outcome is still asked for."""
    query = text(f"SELECT id FROM outbox WHERE {_OWN_ANNOUNCEMENT} ORDER BY seq")
    return session.scalars(query, {"person": person_id}).all()


def skip_queued(session: Session, person_id: str) -> int:
    """Messages that have not left by now are not sent any more. Returns how many."""
    return _count(
        session,
        f"UPDATE dispatch_result SET status = 'skipped' WHERE status = 'queued' "
        f"AND (recipient_id = :person OR event_id IN ({_OWN_EVENTS})) RETURNING 1",
        person_id,
    )


def _count(session: Session, statement: str, person_id: str) -> int:
    return len(session.execute(text(statement), {"person": person_id}).all())
