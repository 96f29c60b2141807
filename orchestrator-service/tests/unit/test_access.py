"""Which rows a role lets a principal see."""

import pytest
from orchestrator_service.domain.access import CORRECTORS, EVERYTHING, READERS, RECORDERS, AccessScope, Principal
from orchestrator_service.domain.errors import NoOrganisation, RoleMissing


def scope(*roles: str, organisation_id: str | None = "nhf", allowed: tuple[str, ...] = READERS) -> AccessScope:
    principal = Principal(id="kari", roles=frozenset(roles), organisation_id=organisation_id)
    return principal.limited_to(allowed).scope


def test_the_widest_role_that_the_operation_allows_decides() -> None:
    own = AccessScope(organisation_id="nhf", coordinator_id="kari")

    assert scope("coordinator") == own
    assert scope("coordinator", "org_admin") == AccessScope(organisation_id="nhf")
    assert scope("coordinator", "org_admin", "global_admin") == EVERYTHING
    assert scope("coordinator", "global_admin", allowed=RECORDERS) == own
    assert scope("coordinator", "org_admin", allowed=CORRECTORS) == AccessScope(organisation_id="nhf")


@pytest.mark.parametrize("role", ["coordinator", "org_admin"])
def test_without_an_organisation_nothing_is_visible(role: str) -> None:
    with pytest.raises(NoOrganisation):
        scope(role, organisation_id=None)


def test_a_global_admin_needs_no_organisation() -> None:
    assert scope("global_admin", organisation_id=None) == EVERYTHING


def test_a_role_that_does_not_count_here_is_none() -> None:
    with pytest.raises(RoleMissing):
        scope("global_admin", allowed=RECORDERS)
