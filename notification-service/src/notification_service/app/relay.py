"""The relay process, and the dispatcher that web processes have as well."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from shared_lib.agenda import AgendaLoop
from shared_lib.clock import Clock, utc_now
from shared_lib.database.engine import Database
from shared_lib.http_client import ServiceClient
from shared_lib.outbox import Dispatcher, RetryPolicy

from notification_service.clients.http import HttpAcknowledgements, HttpPusher
from notification_service.clients.mail.compose import Sender
from notification_service.clients.mail.mailer import SmtpMailer
from notification_service.config import Config
from notification_service.domain.ports import Acknowledgements, Mailer, Pusher
from notification_service.outbox_handlers import EXECUTORS
from notification_service.outbox_handlers import routes as outbox_routes
from notification_service.usecases.chasing import Chasing
from notification_service.usecases.deliveries import Deliveries
from notification_service.usecases.lapses import LapseDeliveries, LapseNews
from notification_service.usecases.recording import Recorder
from notification_service.usecases.texts import Texts

from . import NAME

MAX_EXPORT_BYTES = 64 * 1024 * 1024
"""A person's data arrive in one response."""
PERSON_SECONDS = 25.0
"""How long we wait for a person's data; the orchestrator waits 60 s for both services."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The adapters of everything outside."""

    mailer: Mailer
    pusher: Pusher
    acknowledgements: Acknowledgements


def create_ports(config: Config, *, clock: Clock = utc_now) -> Ports:
    """Over SMTP and HTTP. Reads our private key and connects to nothing yet. Raises BadSetting."""
    sign = config.signer(NAME, clock).token
    downstream = partial(ServiceClient, config.acknowledgement_url, audience=config.acknowledgement_audience, sign=sign)
    return Ports(
        mailer=SmtpMailer(server=config.smtp, sender=Sender(address=config.mail_from, name=config.mail_name)),
        pusher=HttpPusher(client=ServiceClient(config.push_url or "")),
        acknowledgements=HttpAcknowledgements(
            client=downstream(), slow_client=downstream(total=PERSON_SECONDS, max_bytes=MAX_EXPORT_BYTES)
        ),
    )


def create_recorder(config: Config) -> Recorder:
    push_configured = config.push_url is not None
    texts = Texts(portal_url=config.portal_url, push_configured=push_configured)
    return Recorder(texts=texts, push_configured=push_configured, time_scale=config.time_scale)


def create_lapse_news(config: Config, database: Database, *, clock: Clock = utc_now) -> LapseNews:
    """For commands: the relays deliver its outbox messages."""
    dispatcher = create_dispatcher(config, database, create_ports(config, clock=clock), clock=clock)
    return LapseNews(database=database, dispatcher=dispatcher, recorder=create_recorder(config), clock=clock)


def create_dispatcher(
    config: Config,
    database: Database,
    ports: Ports,
    *,
    executors: Mapping[str, int] = EXECUTORS,
    clock: Clock = utc_now,
) -> Dispatcher:
    """Delivers every kind of outbox message; each process has one."""
    retry = RetryPolicy(scale=config.time_scale)
    dispatcher = Dispatcher(database, executors=executors, clock=clock, retry=retry, max_waiting=config.max_waiting)
    chasing = _chasing(config, database, ports, dispatcher, clock)
    dispatcher.register(
        outbox_routes(
            Deliveries(
                database=database,
                recorder=create_recorder(config),
                mailer=ports.mailer,
                pusher=ports.pusher,
                dispatcher=dispatcher,
                chasing=chasing,
            ),
            LapseDeliveries(database=database, acknowledgements=ports.acknowledgements, clock=clock),
            chasing,
        )
    )
    return dispatcher


def create_agenda(
    config: Config, database: Database, *, ports: Ports | None = None, clock: Clock = utc_now
) -> AgendaLoop:
    """Looks at what is due; the relays deliver what it stores. Raises BadSetting."""
    ports, no_threads = ports or create_ports(config, clock=clock), dict.fromkeys(EXECUTORS, 0)
    dispatcher = create_dispatcher(config, database, ports, executors=no_threads, clock=clock)
    return AgendaLoop(database, _chasing(config, database, ports, dispatcher, clock).kinds(), clock=clock)


def _chasing(config: Config, database: Database, ports: Ports, dispatcher: Dispatcher, clock: Clock) -> Chasing:
    return Chasing(
        database=database,
        dispatcher=dispatcher,
        recorder=create_recorder(config),
        acknowledgements=ports.acknowledgements,
        clock=clock,
    )
