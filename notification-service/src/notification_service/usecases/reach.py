"""From whose mentors somebody may announce about to what his transaction may see."""

from shared_lib.tenancy import Reach, across, within

from notification_service.domain.model import Announcement
from notification_service.domain.scope import Scope

DIRECTORY = across("directory")
"""For the orchestrator's news, which come for several organisations at once, and its withdrawals, which name none."""


def reach_of(scope: Scope, announcement: Announcement) -> Reach:
    """His organisation, or the one that the orchestrator names.

    Whoever announces without a token, or as global admin, names a mentor alone: the contract calls this public.
    """
    if scope.organisation_id is not None:
        return within(scope.organisation_id)
    if announcement.context is not None:
        return within(announcement.context.organisation_id)
    return across("public")
