"""From what somebody may see to what his transaction may see."""

from shared_lib.tenancy import NOTHING, Reach, across, within

from acknowledgement_service.domain.visitor import Scope


def reach_of(scope: Scope) -> Reach:
    """His organisation; all of them for global admins, and for everybody where the service is open."""
    if scope.nothing:
        return NOTHING
    return across("public") if scope.organisation_id is None else within(scope.organisation_id)
