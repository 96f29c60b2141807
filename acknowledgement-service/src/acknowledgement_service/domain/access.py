"""Who makes a request, and which lapses they may see, acknowledge and delete."""

from dataclasses import dataclass

from .model import Lapse, MayNotDelete, NotYourLapse

COORDINATOR, ORG_ADMIN, GLOBAL_ADMIN = "coordinator", "org_admin", "global_admin"


@dataclass(frozen=True, kw_only=True)
class AccessScope:
    """The lapses that a principal may see; `None` does not narrow, `is_empty` means none at all.

    A coordinator no longer sees a lapse that they left behind.
    """

    organisation_id: str | None = None
    coordinator_id: str | None = None
    is_empty: bool = False

    def covers(self, lapse: Lapse) -> bool:
        return (
            not self.is_empty
            and self.organisation_id in (None, lapse.organisation_id)
            and (
                self.coordinator_id is None
                or (self.coordinator_id == lapse.coordinator_id and not lapse.coordinator_has_left)
            )
        )


@dataclass(frozen=True, kw_only=True)
class Principal:
    """A client with a verified token, or `ANONYMOUS` where the service needs none."""

    id: str
    roles: frozenset[str] = frozenset()
    organisation_id: str | None = None
    is_trusted: bool = False
    """One of our other services, or a client without a token in open mode: has access to every lapse."""
    address: str | None = None
    """Of a client without a token, as a keyed hash."""

    @property
    def actor(self) -> str:
        """The name that audit entries use."""
        return self.id if self.address is None else f"{self.id}:{self.address}"

    @property
    def scope(self) -> AccessScope:
        """The widest scope that the roles give; a role that needs an organisation gives nothing without one."""
        if self.is_trusted or GLOBAL_ADMIN in self.roles:
            return AccessScope()
        if self.organisation_id is not None and ORG_ADMIN in self.roles:
            return AccessScope(organisation_id=self.organisation_id)
        if self.organisation_id is not None and COORDINATOR in self.roles:
            return AccessScope(organisation_id=self.organisation_id, coordinator_id=self.id)
        return AccessScope(is_empty=True)

    def must_be_allowed_to_acknowledge(self, lapse: Lapse) -> None:
        """Only the responsible coordinator can, and an administrator for one who has left. Raises NotYourLapse."""
        is_own = COORDINATOR in self.roles and self.id == lapse.coordinator_id and not lapse.coordinator_has_left
        if not self.is_trusted and not is_own and not (ORG_ADMIN in self.roles and lapse.coordinator_has_left):
            raise NotYourLapse

    def must_be_allowed_to_delete(self) -> None:
        """A coordinator cannot remove the proof of what they were notified of. Raises MayNotDelete."""
        if not self.is_trusted and not self.roles & {ORG_ADMIN, GLOBAL_ADMIN}:
            raise MayNotDelete


ANONYMOUS = Principal(id="anonymous", is_trusted=True)
