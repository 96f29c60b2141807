"""Who asks, and what that entitles them to see and do."""

from dataclasses import dataclass

from .errors import MayNotDelete, NotYourLapse
from .model import Lapse

COORDINATOR, ORG_ADMIN, GLOBAL_ADMIN = "coordinator", "org_admin", "global_admin"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What may be seen: everything where both are None."""

    organisation_id: str | None = None
    coordinator_id: str | None = None
    nothing: bool = False

    def covers(self, lapse: Lapse) -> bool:
        return (
            not self.nothing
            and self.organisation_id in (None, lapse.organisation_id)
            and self.coordinator_id in (None, lapse.coordinator_id)
        )


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """A caller with a verified token, or `ANYBODY` where the service is open."""

    id: str
    roles: frozenset[str] = frozenset()
    organisation_id: str | None = None
    is_trusted: bool = False
    """Open mode without a token, or a neighbour service: not narrowed."""

    @property
    def scope(self) -> Scope:
        """The widest that the roles give; a role without its organisation gives nothing."""
        if self.is_trusted or GLOBAL_ADMIN in self.roles:
            return Scope()
        if self.organisation_id is not None and ORG_ADMIN in self.roles:
            return Scope(organisation_id=self.organisation_id)
        if self.organisation_id is not None and COORDINATOR in self.roles:
            return Scope(organisation_id=self.organisation_id, coordinator_id=self.id)
        return Scope(nothing=True)

    def must_be(self, coordinator_id: str) -> None:
        """Only the coordinator in person can have seen it. Raises NotYourLapse."""
        if not self.is_trusted and (COORDINATOR not in self.roles or self.id != coordinator_id):
            raise NotYourLapse

    def must_be_allowed_to_delete(self) -> None:
        """A coordinator cannot remove the proof of what he was told. Raises MayNotDelete."""
        if not self.is_trusted and not self.roles & {ORG_ADMIN, GLOBAL_ADMIN}:
            raise MayNotDelete


ANYBODY = Visitor(id="public", is_trusted=True)
