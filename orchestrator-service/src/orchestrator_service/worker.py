"""Which promise is kept by which use case: the door for background work."""

from collections.abc import Mapping

from shared_lib.outbox import Delivery, FinalState, Route
from sqlalchemy.orm import Session

from .usecases.announcing import Announcing
from .usecases.contact_news import ContactNews
from .usecases.promises import ANNOUNCE, CONTACTS, WITHDRAW

NOTIFICATION = "notification"
DIRECTORY = "directory"
EXECUTORS: Mapping[str, int] = {NOTIFICATION: 8, DIRECTORY: 2}
"""Both lead to the notification service; a whole directory on its way there must not hold up a notice."""


def routes(announcing: Announcing, contact_news: ContactNews) -> Mapping[str, Route]:
    def announcement_given_up(session: Session, delivery: Delivery, ending: FinalState, _: str) -> None:
        announcing.give_up(session, delivery, ending)

    return {
        ANNOUNCE: Route(executor=NOTIFICATION, deliver=announcing.announce, give_up=announcement_given_up),
        WITHDRAW: Route(executor=NOTIFICATION, deliver=announcing.withdraw, give_up=_nothing_to_say),
        CONTACTS: Route(executor=DIRECTORY, deliver=contact_news.tell, give_up=_nothing_to_say),
    }


def _nothing_to_say(_: Session, __: Delivery, ___: FinalState, ____: str) -> None:
    """The closed row says it all."""
