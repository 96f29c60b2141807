"""Who takes part in an announcement beside the mentor: the coordinator, and whoever acts for the mentor."""

from dataclasses import replace

from shared_lib.pipeline import Later
from sqlalchemy.orm import Session

from notification_service.domain.model import Actor, Announcement, Contact
from notification_service.store import contacts


def coordinator_of(session: Session, mentor: Contact) -> str | None:
    """By our copy. One who has left is nobody; one whose own news has not come yet is still the coordinator."""
    if mentor.coordinator_id is None:
        return None
    coordinator = contacts.find(session, mentor.coordinator_id, organisation_id=mentor.organisation_id)
    return mentor.coordinator_id if coordinator is None or coordinator.active else None


def named_actor(session: Session, announcement: Announcement) -> Later[Actor | None]:
    """Who acts for the mentor, as the orchestrator says."""
    actor = announcement.context.acted_by if announcement.context else None
    if actor is None:
        return Later(lambda: None)
    erased = contacts.is_erased(session, actor.id)  # the announcement may have been on its way
    return Later(lambda: replace(actor, name="") if erased.value else actor)


def actor(
    session: Session, named: Later[Actor | None], announcement: Announcement, mentor: Contact, *, person_id: str | None
) -> Actor | None:
    """As the orchestrator says, else whoever's token it is, when we know his name."""
    acting = named.value
    if acting is None and announcement.context is None and person_id is not None:
        person = contacts.find(session, person_id, organisation_id=mentor.organisation_id)
        acting = Actor(id=person.id, name=person.name) if person else None
    return acting if acting is not None and acting.id != mentor.id else None
