"""From what somebody may see to what his transaction may see."""

from shared_lib.tenancy import Reach, across, within

from orchestrator_service.domain.roles import GLOBAL_ADMIN, Scope


def reach_of(scope: Scope) -> Reach:
    """His organisation; all of them for a global admin alone."""
    return across(GLOBAL_ADMIN) if scope.organisation is None else within(scope.organisation)
