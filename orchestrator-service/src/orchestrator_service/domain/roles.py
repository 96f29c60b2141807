"""Who may do what, and how much of the house a role lets somebody see."""

from collections.abc import Collection
from dataclasses import dataclass

from .errors import NoOrganisation, RoleMissing

COORDINATOR = "coordinator"
ORG_ADMIN = "org_admin"
GLOBAL_ADMIN = "global_admin"

READERS = (COORDINATOR, ORG_ADMIN, GLOBAL_ADMIN)
RECORDERS = (COORDINATOR, ORG_ADMIN)
CORRECTORS = (ORG_ADMIN, GLOBAL_ADMIN)
REMOVERS = (GLOBAL_ADMIN,)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What may be seen: everything, one organisation, or the mentors that one coordinator is responsible for now."""

    organisation: str | None = None
    coordinator: str | None = None


EVERYTHING = Scope()


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who asks, and what he may see while asking this."""

    id: str
    scope: Scope
    is_coordinator: bool = False

    @classmethod
    def acting(
        cls, subject: str, *, roles: Collection[str], organisation: str | None, allowed: Collection[str]
    ) -> "Actor":
        """The widest of his roles that this operation allows decides what he sees."""
        usable = set(roles) & set(allowed)
        if not usable:
            raise RoleMissing
        if GLOBAL_ADMIN in usable:
            return cls(id=subject, scope=EVERYTHING)
        if organisation is None:
            raise NoOrganisation
        is_coordinator = COORDINATOR in roles
        if ORG_ADMIN in usable:
            return cls(id=subject, scope=Scope(organisation=organisation), is_coordinator=is_coordinator)
        return cls(id=subject, scope=Scope(organisation=organisation, coordinator=subject), is_coordinator=True)
