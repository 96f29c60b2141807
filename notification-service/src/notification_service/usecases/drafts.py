"""What a dispatch is made from beside the case, asked for before it is known whether there is one already."""

from dataclasses import dataclass
from uuid import UUID

from shared_lib.pipeline import Later
from sqlalchemy.orm import Session

from notification_service.domain.case import Case
from notification_service.domain.model import Announcement, Contact, Dispatch
from notification_service.domain.notice_rules import NOTICE_RULES, key_of_members, natural_key
from notification_service.domain.recipients import recipients_of
from notification_service.store import contacts, dispatches


@dataclass(frozen=True, kw_only=True)
class Draft:
    """`same`: the dispatch that there is already. `people`: those who may be told, as far as we know them."""

    same: Later[Dispatch | None]
    latest: Later[UUID | None]
    people: Later[dict[str, Contact]]


def foreseen(session: Session, announcement: Announcement) -> Draft | None:
    """Where the orchestrator says all that matters: goes to the database together with the asking for the mentor.

    It has found duplicates within minutes itself; its Idempotency-Key says which they are. None where it takes the
    organisation's time zone to find a duplicate.
    """
    context, rule = announcement.context, NOTICE_RULES[announcement.notice].natural_key
    if context is None or rule.on_one_day:
        return None
    mentor_id, organisation_id = announcement.mentor_id, context.organisation_id
    if rule.within is not None:
        same: Later[Dispatch | None] = Later(lambda: None)
    else:
        key = key_of_members(announcement)
        same = dispatches.under_natural_key(session, mentor_id, key, organisation_id=organisation_id)
    return Draft(
        same=same,
        latest=dispatches.latest_of(session, mentor_id, organisation_id=organisation_id),
        people=contacts.known(session, context.people, organisation_id=organisation_id),
    )


def of(session: Session, case: Case) -> Draft:
    """Of any case, once it is known."""
    mentor_id, organisation_id = case.mentor.id, case.organisation.id
    within = NOTICE_RULES[case.notice].natural_key.within
    if within is not None:
        since = case.at - within
        same = dispatches.recent_duplicate(session, case.announcement, organisation_id=organisation_id, since=since)
    else:
        key = natural_key(case, latest=None)
        same = dispatches.under_natural_key(session, mentor_id, key, organisation_id=organisation_id)
    told = [recipient.id for recipient in recipients_of(case)]
    return Draft(
        same=same,
        latest=dispatches.latest_of(session, mentor_id, organisation_id=organisation_id),
        people=contacts.known(session, told, organisation_id=organisation_id),
    )
