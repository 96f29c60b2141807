"""Who makes a request, and about whose mentors they may announce something."""

from dataclasses import dataclass

from .model import Contact

GLOBAL_ADMIN = "global_admin"
ORG_ADMIN = "org_admin"
COORDINATOR = "coordinator"
ANONYMOUS_CALLER = "anonymous"


class NotEntitled(Exception):
    """The token is valid, but none of its roles may announce anything; `detail` names those that may."""

    def __init__(self) -> None:
        super().__init__("Roles that may send notices: coordinator and org_admin of an organisation, global_admin.")


class TooManyNotices(Exception):
    """Callers without a token have caused as many notices about this mentor as they may. Wait, or send a token."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("There were too many notices about this mentor without a token. Send a token, or wait.")
        self.retry_after = retry_after


class MentorNotFound(Exception):
    """There is no such active mentor in the access scope: a client must not learn whether others have one."""

    def __init__(self) -> None:
        super().__init__("No mentor with this id.")


@dataclass(frozen=True, kw_only=True)
class AccessScope:
    """The mentors that a principal may announce something about; `None` does not narrow."""

    organisation_id: str | None = None
    coordinator_id: str | None = None

    def covers(self, mentor: Contact) -> bool:
        return self.organisation_id in (None, mentor.organisation_id) and self.coordinator_id in (
            None,
            mentor.coordinator_id,
        )


EVERY_MENTOR = AccessScope()


@dataclass(frozen=True, kw_only=True)
class Principal:
    """A person, one of our own services (`is_service`), or a client without a token (`ANONYMOUS`, without an id)."""

    id: str | None = None
    roles: frozenset[str] = frozenset()
    organisation_id: str | None = None
    is_service: bool = False
    address: str = ""
    """Of a client without a token, as a keyed hash."""

    @property
    def caller(self) -> str:
        """The name that Idempotency-Keys use: people, services and anonymous clients share none."""
        if self.id is None:
            return ANONYMOUS_CALLER
        return f"service:{self.id}" if self.is_service else f"person:{self.id}"

    @property
    def actor(self) -> str:
        """The name that audit entries use: the caller, an anonymous one with their address."""
        return f"{self.caller}:{self.address}" if self.id is None else self.caller

    @property
    def person_id(self) -> str | None:
        """None for a service and for a client without a token."""
        return None if self.is_service else self.id

    @property
    def scope(self) -> AccessScope:
        """Raises NotEntitled for a person without a role that announces."""
        if self.id is None or self.is_service or GLOBAL_ADMIN in self.roles:
            return EVERY_MENTOR
        if self.organisation_id is not None and ORG_ADMIN in self.roles:
            return AccessScope(organisation_id=self.organisation_id)
        if self.organisation_id is not None and COORDINATOR in self.roles:
            return AccessScope(organisation_id=self.organisation_id, coordinator_id=self.id)
        raise NotEntitled


ANONYMOUS = Principal()
