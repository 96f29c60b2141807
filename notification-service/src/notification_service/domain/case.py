"""An announcement together with what is known when it is decided upon."""

from dataclasses import dataclass
from datetime import datetime

from .model import Actor, Announcement, Contact, Notice, Organisation


@dataclass(frozen=True, kw_only=True)
class Case:
    """`acted_by` is somebody else than the mentor, who is to be named to him."""

    announcement: Announcement
    mentor: Contact
    organisation: Organisation
    coordinator_id: str | None
    at: datetime
    acted_by: Actor | None = None

    @property
    def notice(self) -> Notice:
        return self.announcement.notice

    @property
    def admin_ids(self) -> tuple[str, ...]:
        context = self.announcement.context
        return context.admin_ids if context else self.organisation.admin_ids

    @property
    def colleague_ids(self) -> tuple[str, ...]:
        context = self.announcement.context
        return context.also if context else ()
