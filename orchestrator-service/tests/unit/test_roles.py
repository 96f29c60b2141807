"""How much of the house a role lets somebody see."""

import pytest
from orchestrator_service.domain.errors import NoOrganisation, RoleMissing
from orchestrator_service.domain.roles import CORRECTORS, EVERYTHING, READERS, RECORDERS, Actor, Scope


def scope(*roles: str, organisation: str | None = "nhf", allowed: tuple[str, ...] = READERS) -> Scope:
    return Actor.acting("kari", roles=roles, organisation=organisation, allowed=allowed).scope


def test_the_widest_role_that_the_operation_allows_decides() -> None:
    assert scope("coordinator") == Scope(organisation="nhf", coordinator="kari")
    assert scope("coordinator", "org_admin") == Scope(organisation="nhf")
    assert scope("coordinator", "org_admin", "global_admin") == EVERYTHING
    assert scope("coordinator", "global_admin", allowed=RECORDERS) == Scope(organisation="nhf", coordinator="kari")
    assert scope("coordinator", "org_admin", allowed=CORRECTORS) == Scope(organisation="nhf")


@pytest.mark.parametrize("role", ["coordinator", "org_admin"])
def test_who_belongs_nowhere_sees_nothing(role: str) -> None:
    with pytest.raises(NoOrganisation):
        scope(role, organisation=None)


def test_a_global_admin_needs_no_organisation() -> None:
    assert scope("global_admin", organisation=None) == EVERYTHING


def test_a_role_that_does_not_count_here_is_none() -> None:
    with pytest.raises(RoleMissing):
        scope("global_admin", allowed=RECORDERS)
