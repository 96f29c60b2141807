"""The use case that delivers each kind of outbox message."""

from collections.abc import Mapping

from shared_lib.outbox import Delivery, FinalState, Route
from sqlalchemy.orm import Session

from .usecases.announcing import Announcing
from .usecases.changed_contacts import ChangedContacts
from .usecases.notices import Notices
from .usecases.outbox_messages import ANNOUNCE, ASSIGNMENTS, CERTIFICATION, CONTACTS, NOTICE, WITHDRAW

NOTIFICATION = "notification"
DIRECTORY = "directory"
EXECUTORS: Mapping[str, int] = {NOTIFICATION: 8, DIRECTORY: 2}
"""Threads by executor. Both lead to the notification service: a whole directory must not delay a notice."""


def routes(announcing: Announcing, notices: Notices, changed_contacts: ChangedContacts) -> Mapping[str, Route]:
    def announcement_given_up(session: Session, delivery: Delivery, ending: FinalState, _: str) -> None:
        announcing.give_up(session, delivery, ending)

    return {
        ANNOUNCE: Route(executor=NOTIFICATION, deliver=announcing.announce, give_up=announcement_given_up),
        WITHDRAW: Route(executor=NOTIFICATION, deliver=announcing.withdraw, give_up=_record_nothing),
        NOTICE: Route(executor=NOTIFICATION, deliver=notices.deliver, give_up=_record_nothing),
        CONTACTS: Route(executor=DIRECTORY, deliver=announcing.update_contacts, give_up=_record_nothing),
        CERTIFICATION: Route(executor=DIRECTORY, deliver=announcing.update_certification, give_up=_record_nothing),
        ASSIGNMENTS: Route(
            executor=DIRECTORY, deliver=changed_contacts.enqueue_of_organisation, give_up=_record_nothing
        ),
    }


def _record_nothing(_: Session, __: Delivery, ___: FinalState, ____: str) -> None:
    """The closed outbox message is record enough."""
