"""Whose mentors a caller may announce something about."""

from dataclasses import dataclass

from .model import Contact


@dataclass(frozen=True, kw_only=True)
class Scope:
    """`None` means: not limited in this respect."""

    organisation_id: str | None = None
    coordinator_id: str | None = None

    def covers(self, mentor: Contact) -> bool:
        return self.organisation_id in (None, mentor.organisation_id) and self.coordinator_id in (
            None,
            mentor.coordinator_id,
        )


EVERYBODY = Scope()
