"""On which channels a recipient is told, and which of them cannot work."""

from collections.abc import Iterator
from dataclasses import dataclass

from .addresses import is_plain_address
from .model import Channel, Contact, Notice, Status
from .notice_rules import NOTICE_RULES
from .recipients import Recipient

NO_ADDRESS = "no_address"
INVALID_ADDRESS = "invalid_address"
PUSH_NOT_CONFIGURED = "push_not_configured"
INACTIVE = "inactive"
SILENCED = "silenced"
WITHDRAWN = "withdrawn"
ERASED = "erased"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A message to be: `QUEUED` goes to the outbox, `DELIVERED` is the inbox row itself."""

    recipient: Recipient
    channel: Channel
    status: Status
    reason: str | None = None


def rows_for(recipient: Recipient, contact: Contact | None, notice: Notice, *, push_configured: bool) -> Iterator[Row]:
    """One row per channel, whatever the others are like.

    Nobody known under this id yet: the e-mail row is queued all the same, and the contact may arrive before it expires.
    """
    if contact is None:
        yield Row(recipient=recipient, channel=Channel.EMAIL, status=Status.QUEUED)
        return
    for channel in _channels(contact, notice):
        reason = _obstacle(contact, channel, push_configured=push_configured)
        if not contact.channels and NOTICE_RULES[notice].can_be_silenced:
            reason = SILENCED
        yield Row(recipient=recipient, channel=channel, status=_status(channel, reason), reason=reason)


def _channels(contact: Contact, notice: Notice) -> tuple[Channel, ...]:
    """A notice that cannot be silenced is always mailed, whatever else the recipient chose."""
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


def mail_obstacle(address: str | None) -> str | None:
    if not address:
        return NO_ADDRESS
    return None if is_plain_address(address) else INVALID_ADDRESS


def _status(channel: Channel, reason: str | None) -> Status:
    if reason is not None:
        return Status.SKIPPED
    return Status.DELIVERED if channel is Channel.IN_APP else Status.QUEUED
