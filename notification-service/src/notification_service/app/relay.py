"""The relay process, and the part of it that every process has which makes promises."""

from dataclasses import dataclass
from functools import partial

from shared_lib.auth.service_tokens import ServiceSigner
from shared_lib.clock import Clock, utc_now
from shared_lib.config import BadSetting
from shared_lib.database.engine import Database
from shared_lib.http_client import ServiceClient
from shared_lib.outbox import Dispatcher, RetryPolicy

from notification_service.clients.acknowledgements import HttpAcknowledgements
from notification_service.clients.mail.compose import Sender
from notification_service.clients.mail.mailer import SmtpMailer
from notification_service.clients.push import HttpPusher
from notification_service.config import Config
from notification_service.domain.ports import Acknowledgements, Mailer, Pusher
from notification_service.usecases.envelopes import Envelopes
from notification_service.usecases.lapses import Lapses
from notification_service.usecases.letters import Letters
from notification_service.usecases.mailing import Mailing
from notification_service.usecases.pushing import Pushing
from notification_service.worker import EXECUTORS
from notification_service.worker import routes as worker_routes

from . import NAME

LONGEST_EXPORT = 64 * 1024 * 1024
"""Bytes: what is held about a person is answered in one piece."""
PERSON_SECONDS = 25.0
"""Until it is; the orchestrator waits 60 s for both of us."""


@dataclass(frozen=True, kw_only=True)
class Outside:
    """Everybody we speak to, as our ports."""

    mailer: Mailer
    pusher: Pusher
    acknowledgements: Acknowledgements


def outside(config: Config, *, clock: Clock = utc_now) -> Outside:
    """The real ones. Reads our private key; connects to nobody yet."""
    try:
        signer = ServiceSigner.from_file(config.service_key, issuer=config.identity.issuer, name=NAME, clock=clock)
    except (OSError, ValueError) as error:
        raise BadSetting("SERVICE_KEY must be the path of our private key, PEM without a password.") from error
    neighbour = partial(
        ServiceClient, config.acknowledgement_url, audience=config.acknowledgement_audience, sign=signer.token
    )
    return Outside(
        mailer=SmtpMailer(server=config.smtp, sender=Sender(address=config.mail_from, name=config.mail_name)),
        pusher=HttpPusher(client=ServiceClient(config.push_url or "")),
        acknowledgements=HttpAcknowledgements(
            client=neighbour(), patient=neighbour(total=PERSON_SECONDS, max_bytes=LONGEST_EXPORT)
        ),
    )


def create_dispatcher(config: Config, database: Database, others: Outside, *, clock: Clock = utc_now) -> Dispatcher:
    """Knows how to keep every kind of promise; web and relay processes have one each."""
    retry = RetryPolicy(scale=config.time_scale)
    dispatcher = Dispatcher(database, executors=EXECUTORS, clock=clock, retry=retry)
    envelopes = Envelopes(database=database, letters=Letters(portal_url=config.portal_url))
    dispatcher.register(
        worker_routes(
            mailing=Mailing(envelopes=envelopes, mailer=others.mailer, clock=clock),
            pushing=Pushing(envelopes=envelopes, pusher=others.pusher, clock=clock),
            lapses=Lapses(database=database, acknowledgements=others.acknowledgements, clock=clock),
        )
    )
    return dispatcher
