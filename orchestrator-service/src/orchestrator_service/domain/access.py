"""Who makes a request, which roles an operation allows, and which rows the sender may see."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from .errors import NoOrganisation, RoleMissing

COORDINATOR = "coordinator"
ORG_ADMIN = "org_admin"
GLOBAL_ADMIN = "global_admin"

READERS = (COORDINATOR, ORG_ADMIN, GLOBAL_ADMIN)
RECORDERS = (COORDINATOR, ORG_ADMIN)
CORRECTORS = (ORG_ADMIN, GLOBAL_ADMIN)
ADMINS = (ORG_ADMIN,)
REMOVERS = (GLOBAL_ADMIN,)


@dataclass(frozen=True, kw_only=True)
class AccessScope:
    """The events that a principal may see: all of them, those of one organisation, or those of the mentors for whom one
    coordinator of it is responsible now.
    """

    organisation_id: str | None = None
    coordinator_id: str | None = None


EVERYTHING = AccessScope()


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The sender of a request, or a job of ours that records events."""

    id: str
    roles: frozenset[str]
    organisation_id: str | None = None

    def limited_to(self, allowed: Collection[str]) -> "Principal":
        """The same principal with only the roles that an operation allows.

        Raises RoleMissing without any of them, NoOrganisation where the rest needs an organisation.
        """
        usable = self.roles & frozenset(allowed)
        if not usable:
            raise RoleMissing
        if GLOBAL_ADMIN not in usable and self.organisation_id is None:
            raise NoOrganisation
        return replace(self, roles=usable)

    @property
    def role(self) -> str:
        """The role that gives the scope."""
        return next(role for role in (GLOBAL_ADMIN, ORG_ADMIN, COORDINATOR) if role in self.roles)

    @property
    def is_coordinator(self) -> bool:
        return COORDINATOR in self.roles

    @property
    def scope(self) -> AccessScope:
        """The widest scope that the roles give. Raises NoOrganisation, as `limited_to` does."""
        if GLOBAL_ADMIN in self.roles:
            return EVERYTHING
        if self.organisation_id is None:
            raise NoOrganisation
        if ORG_ADMIN in self.roles:
            return AccessScope(organisation_id=self.organisation_id)
        return AccessScope(organisation_id=self.organisation_id, coordinator_id=self.id)
