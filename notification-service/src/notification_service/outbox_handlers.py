"""Which use case delivers which kind of outbox message, and with which executor."""

from shared_lib.outbox import Route

from notification_service.usecases.chasing import CHASE, Chasing
from notification_service.usecases.deliveries import Deliveries
from notification_service.usecases.lapses import CERTIFICATION, REASSIGNMENT, LapseDeliveries
from notification_service.usecases.recording import LAPSE, MAIL, PUSH

# An executor has its own threads and circuit breaker: a mail server that hangs delays neither lapses nor push messages.
EXECUTORS = {"mail": 8, "push": 4, "lapse": 4}


def routes(deliveries: Deliveries, lapses: LapseDeliveries, chasing: Chasing) -> dict[str, Route]:
    return {
        MAIL: Route(executor="mail", deliver=deliveries.deliver_mail, give_up=deliveries.give_up),
        PUSH: Route(executor="push", deliver=deliveries.deliver_push, give_up=deliveries.give_up),
        LAPSE: Route(executor="lapse", deliver=lapses.open, give_up=lapses.give_up),
        REASSIGNMENT: Route(executor="lapse", deliver=lapses.reassign, give_up=lapses.give_up),
        CERTIFICATION: Route(executor="lapse", deliver=lapses.certify, give_up=lapses.give_up),
        CHASE: Route(executor="lapse", deliver=chasing.deliver, give_up=chasing.give_up),
    }
