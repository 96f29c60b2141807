"""Who takes part in an announcement, and who is notified of it, in which role and on which channels."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .mail_addresses import NO_ADDRESS, mail_obstacle
from .model import (
    ActingPerson,
    Announcement,
    Audience,
    Channel,
    Contact,
    Context,
    Dispatch,
    Message,
    Notice,
    Organisation,
    Status,
)
from .notice_rules import NOTICE_RULES

PUSH_NOT_CONFIGURED = "push_not_configured"
INACTIVE = "inactive"
SILENCED = "silenced"
WITHDRAWN = "withdrawn"
REPLACED = "replaced"
TOO_OLD = "too_old"
ERASED = "erased"


@dataclass(frozen=True, kw_only=True)
class Recipient:
    id: str
    audience: Audience


@dataclass(frozen=True, kw_only=True)
class Participants:
    """The people whom an announcement concerns. `acted_by` is named to the mentor, and is another person.

    `contacts` holds those of them who are known, by id.
    """

    mentor: Contact
    organisation: Organisation
    coordinator_id: str | None = None
    admin_ids: tuple[str, ...] = ()
    colleague_ids: tuple[str, ...] = ()
    acted_by: ActingPerson | None = None
    contacts: Mapping[str, Contact]


def involved_ids(
    announcement: Announcement, mentor: Contact, organisation: Organisation, *, person_id: str | None
) -> set[str]:
    """Ids of all people who may take part, besides the mentor. `person_id` is the person who makes the request."""
    context = announcement.context
    if context is None:
        return {*organisation.admin_ids, *filter(None, (mentor.coordinator_id, person_id))}
    acted_by = context.acted_by.id if context.acted_by else None
    named = filter(None, (context.coordinator_id, acted_by))
    return {*context.admin_ids, *organisation.admin_ids, *context.also, *named}


def participants_of(
    announcement: Announcement,
    mentor: Contact,
    organisation: Organisation,
    *,
    contacts: Mapping[str, Contact],
    person_id: str | None,
) -> Participants:
    """As the orchestrator says in the context, else by our own contacts. `contacts` are those of `involved_ids`."""
    context, known = announcement.context, {**contacts, mentor.id: mentor}
    acted_by = _acting_person(context, known, person_id)
    return Participants(
        mentor=mentor,
        organisation=organisation,
        coordinator_id=context.coordinator_id if context else _coordinator_of(mentor, known),
        admin_ids=(context.admin_ids if context else ()) or organisation.admin_ids,
        colleague_ids=context.also if context else (),
        acted_by=acted_by if acted_by is not None and acted_by.id != mentor.id else None,
        contacts=known,
    )


def _acting_person(
    context: Context | None, contacts: Mapping[str, Contact], person_id: str | None
) -> ActingPerson | None:
    if context is None:
        person = contacts.get(person_id) if person_id is not None else None
        return ActingPerson(id=person.id, name=person.name) if person else None
    named = context.acted_by
    if named is not None and named.id in contacts and contacts[named.id].is_erased:
        return replace(named, name="")  # they were erased while the announcement was on its way
    return named


def _coordinator_of(mentor: Contact, contacts: Mapping[str, Contact]) -> str | None:
    """None when they have left. A coordinator whose contact has not arrived yet is the coordinator all the same."""
    coordinator = contacts.get(mentor.coordinator_id) if mentor.coordinator_id is not None else None
    return mentor.coordinator_id if coordinator is None or coordinator.active else None


def recipients_of(
    announcement: Announcement, participants: Participants, *, push_configured: bool
) -> tuple[Recipient, ...]:
    """Each person once, in the first of their roles: a mentor who is their own coordinator reads the mentor's text."""
    audiences = NOTICE_RULES[announcement.notice].audiences(announcement)
    candidates = [
        Recipient(id=participants.mentor.id, audience=Audience.MENTOR),
        *responsible(participants, announcement.notice, push_configured=push_configured),
        *(Recipient(id=colleague, audience=Audience.COLLEAGUE) for colleague in participants.colleague_ids),
    ]
    recipients: dict[str, Recipient] = {}
    for recipient in candidates:
        if recipient.audience in audiences:
            recipients.setdefault(recipient.id, recipient)
    return tuple(recipients.values())


def is_replaced(dispatch: Dispatch, message: Message, mentor: Contact | None) -> bool:
    """Whether somebody else is responsible by now than the one for whose role the message is: the mentor's contact is
    newer than the dispatch, and names another coordinator or none.
    """
    known = dispatch.contact_version
    if message.audience not in (Audience.COORDINATOR, Audience.ADMIN) or mentor is None or known is None:
        return False
    return mentor.version > known and mentor.coordinator_id != dispatch.coordinator_id


def responsible(participants: Participants, notice: Notice, *, push_configured: bool) -> Sequence[Recipient]:
    """The coordinator; the admins where there is none, and as well where the notice cannot reach the coordinator."""
    admins = [Recipient(id=admin, audience=Audience.ADMIN) for admin in participants.admin_ids]
    if participants.coordinator_id is None:
        return admins
    coordinator = Recipient(id=participants.coordinator_id, audience=Audience.COORDINATOR)
    contact = participants.contacts.get(coordinator.id)
    return [coordinator, *([] if is_reachable(contact, notice, push_configured=push_configured) else admins)]


def chased(participants: Participants, audience: Audience) -> tuple[Recipient, ...]:
    """The coordinator or all admins, without those who are active no more."""
    coordinators = (participants.coordinator_id,) if participants.coordinator_id is not None else ()
    ids = participants.admin_ids if audience is Audience.ADMIN else coordinators
    contacts = {id_: participants.contacts.get(id_) for id_ in ids}
    return tuple(
        Recipient(id=id_, audience=audience) for id_, contact in contacts.items() if contact is None or contact.active
    )


def is_reachable(contact: Contact | None, notice: Notice, *, push_configured: bool) -> bool:
    """Has any of the recipient's channels no obstacle? True as well for one who wants no such notice, or whose contact
    may still arrive.
    """
    if contact is None or _is_silenced(contact, notice):
        return True
    channels = _channels(contact, notice)
    return any(_obstacle(contact, channel, push_configured=push_configured) is None for channel in channels)


def is_coordinator_unreachable(dispatch: Dispatch) -> bool:
    """Was no message to the coordinator attempted, against their wish?"""
    own = [message for message in dispatch.messages if message.recipient_id == dispatch.coordinator_id]
    return bool(own) and all(message.status is Status.SKIPPED and message.reason != SILENCED for message in own)


@dataclass(frozen=True, kw_only=True)
class PlannedMessage:
    """A message to store: a `QUEUED` one goes to the outbox, a `DELIVERED` one is the row in the inbox itself."""

    recipient: Recipient
    channel: Channel
    status: Status
    reason: str | None = None


def planned_messages(
    recipient: Recipient, contact: Contact | None, notice: Notice, *, push_configured: bool
) -> Iterator[PlannedMessage]:
    """One message per channel of the recipient; one channel's obstacle does not touch the others.

    For a recipient without a contact a mail is queued: the contact may arrive before the mail expires.
    """
    if contact is None:
        yield PlannedMessage(recipient=recipient, channel=Channel.EMAIL, status=Status.QUEUED)
        return
    for channel in _channels(contact, notice):
        reason = _obstacle(contact, channel, push_configured=push_configured)
        if _is_silenced(contact, notice):
            reason = SILENCED
        yield PlannedMessage(recipient=recipient, channel=channel, status=_status(channel, reason), reason=reason)


def _is_silenced(contact: Contact, notice: Notice) -> bool:
    return contact.active and not contact.channels and NOTICE_RULES[notice].can_be_silenced


def _channels(contact: Contact, notice: Notice) -> tuple[Channel, ...]:
    """A notice that cannot be silenced is always mailed, whatever channels the recipient chose."""
    is_always_mailed = not NOTICE_RULES[notice].can_be_silenced
    if not contact.channels or (is_always_mailed and Channel.EMAIL not in contact.channels):
        return (Channel.EMAIL, *contact.channels)
    return contact.channels


def _obstacle(contact: Contact, channel: Channel, *, push_configured: bool) -> str | None:
    if not contact.active:
        return INACTIVE
    if channel is Channel.EMAIL:
        return mail_obstacle(contact.email)
    if channel is Channel.PUSH and not push_configured:
        return PUSH_NOT_CONFIGURED
    return NO_ADDRESS if channel is Channel.PUSH and not contact.push_token else None


def _status(channel: Channel, reason: str | None) -> Status:
    if reason is not None:
        return Status.SKIPPED
    return Status.DELIVERED if channel is Channel.IN_APP else Status.QUEUED
