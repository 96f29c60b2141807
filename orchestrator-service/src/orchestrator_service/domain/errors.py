"""Facts that went wrong. They carry their sentence and know no HTTP."""

from datetime import UTC, datetime

from .responsibility import Unresolved


class RoleMissing(Exception):
    """The caller has none of the roles that the operation asks for; `detail` names them."""

    def __init__(self) -> None:
        super().__init__("Your role does not permit this.")


class NoOrganisation(Exception):
    """A coordinator's or organisation admin's token does not say their organisation; it needs that claim."""

    def __init__(self) -> None:
        super().__init__("Your token names no organisation.")


class EventNotFound(Exception):
    """The event is unknown, removed, or belongs to others: the answer is the same."""

    def __init__(self) -> None:
        super().__init__("There is no such pause notification.")


class MentorNotFound(Exception):
    """The person is unknown, no longer a mentor, or belongs to others: the answer is the same."""

    def __init__(self) -> None:
        super().__init__("There is no such peer mentor.")


class CertificationNotFound(Exception):
    """The mentor has no certification. Give them one first."""

    def __init__(self) -> None:
        super().__init__("This peer mentor has no certification.")


class NoCoordinator(Exception):
    """The mentor is known, but no coordinator is responsible. Assign one in the directory."""

    def __init__(self, why: Unresolved) -> None:
        super().__init__(f"No coordinator is responsible for this peer mentor: {why.sentence}.")
        self.why = why


class SameEventExists(Exception):
    """A correction would make two records of one event. Remove the one that is wrong."""

    def __init__(self) -> None:
        super().__init__("This mentor already has an event of this type with that effective date.")


class StaleVersion(Exception):
    """The record changed since the caller read it. Read it again, and repeat the change."""

    def __init__(self) -> None:
        super().__init__("The record has changed since you read it.")


class NoReturnDate(Exception):
    """Only a pause that begins has an expected return date."""

    def __init__(self) -> None:
        super().__init__("Only pause_activated has an expected_return_date.")


class PauseEnded(Exception):
    """The pause has ended: it has no return date and no check-in any more."""

    def __init__(self) -> None:
        super().__init__("The pause has ended.")


class TooSoon(Exception):
    """The mentor was asked how they are less than 7 days ago; `next_at` says when you may ask again."""

    def __init__(self, next_at: datetime) -> None:
        super().__init__("The mentor was asked less than 7 days ago.")
        self.problem_members = {
            "next_at": f"{next_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{next_at.microsecond // 1000:03}Z"
        }


class OrganisationNotFound(Exception):
    """Unknown, or not the caller's: the answer is the same."""

    def __init__(self) -> None:
        super().__init__("There is no such organisation.")


class ExpiryUnknown(Exception):
    """The days remaining are neither in the request nor in the directory. Send `days_remaining`."""

    def __init__(self) -> None:
        super().__init__("The mentor has no certification on record; send days_remaining.")


class ExpiryTooFar(Exception):
    """A reminder is about an expiry date within ten years. Correct the date."""

    def __init__(self) -> None:
        super().__init__("The certification must end within 3,650 days from today.")


class CertificationChanged(Exception):
    """The planner read a certification that was renewed or removed before it could record the notice."""


class ImportRunning(Exception):
    """Two imports at once would report on each other's half-done work."""

    def __init__(self) -> None:
        super().__init__("Another directory import is running; try again when it has ended.")
