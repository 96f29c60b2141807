"""The door for background work: which use case keeps which kind of promise, and on which lane."""

from shared_lib.outbox import Route

from notification_service.usecases.lapses import Lapses
from notification_service.usecases.mailing import Mailing
from notification_service.usecases.outcomes import LAPSE, MAIL, PUSH
from notification_service.usecases.pushing import Pushing

# A lane has its own threads and breaker: a mail server that hangs keeps neither lapses nor push notes waiting.
EXECUTORS = {"mail": 8, "push": 4, "lapse": 4}


def routes(*, mailing: Mailing, pushing: Pushing, lapses: Lapses) -> dict[str, Route]:
    return {
        MAIL: Route(executor="mail", deliver=mailing.deliver, give_up=mailing.give_up),
        PUSH: Route(executor="push", deliver=pushing.deliver, give_up=pushing.give_up),
        LAPSE: Route(executor="lapse", deliver=lapses.deliver, give_up=lapses.give_up),
    }
