"""Which use case delivers which kind of outbox message, and with which executor."""

from shared_lib.outbox import Route

from notification_service.usecases.deliveries import LAPSE, MAIL, PUSH, Deliveries, Lapses

# An executor has its own threads and circuit breaker: a mail server that hangs delays neither lapses nor push messages.
EXECUTORS = {"mail": 8, "push": 4, "lapse": 4}


def routes(deliveries: Deliveries, lapses: Lapses) -> dict[str, Route]:
    return {
        MAIL: Route(executor="mail", deliver=deliveries.deliver_mail, give_up=deliveries.give_up),
        PUSH: Route(executor="push", deliver=deliveries.deliver_push, give_up=deliveries.give_up),
        LAPSE: Route(executor="lapse", deliver=lapses.deliver, give_up=lapses.give_up),
    }
