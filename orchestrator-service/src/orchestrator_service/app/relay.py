"""The relay process, the commands, and the dispatcher that every process has which stores outbox messages."""

from collections.abc import Mapping
from typing import Any

from shared_lib.agenda import AgendaLoop
from shared_lib.clock import Clock, utc_now
from shared_lib.database.engine import Database
from shared_lib.http_client import ServiceClient
from shared_lib.outbox import Dispatcher, RetryPolicy

from orchestrator_service import outbox_handlers
from orchestrator_service.clients.notification import (
    MAX_EXPORT_BYTES,
    PERSON_DATA_SECONDS,
    HttpNotifier,
    HttpPersonData,
)
from orchestrator_service.config import Config
from orchestrator_service.domain.ports import Notifier, PersonDataElsewhere, Progress
from orchestrator_service.usecases.announcing import Announcing
from orchestrator_service.usecases.changed_contacts import ChangedContacts
from orchestrator_service.usecases.directory_import import DirectoryImport
from orchestrator_service.usecases.notices import Notices
from orchestrator_service.usecases.pause_events import PauseEvents
from orchestrator_service.usecases.person_data import PersonData
from orchestrator_service.usecases.planning import Planning

from . import NAME


def create_notifier(config: Config, *, clock: Clock = utc_now) -> Notifier:
    """The notification service. Reads our private key; opens no connection yet. Raises BadSetting."""
    return HttpNotifier(client=_notification_service(config, clock))


def _notification_service(config: Config, clock: Clock, **options: Any) -> ServiceClient:
    sign = config.signer(NAME, clock).token
    return ServiceClient(config.notification_url, audience=config.notification_audience, sign=sign, **options)


def create_dispatcher(
    config: Config,
    database: Database,
    notifier: Notifier,
    *,
    executors: Mapping[str, int] = outbox_handlers.EXECUTORS,
    clock: Clock = utc_now,
) -> Dispatcher:
    """Delivers every kind of outbox message; web and relay processes have one each."""
    retry = RetryPolicy(scale=config.time_scale)
    dispatcher = Dispatcher(database, executors=executors, clock=clock, retry=retry, max_waiting=config.max_waiting)
    announcing = Announcing(database=database, notifier=notifier, clock=clock, scale=config.time_scale)
    changed_contacts = ChangedContacts(database=database, dispatcher=dispatcher, clock=clock)
    notices = Notices(database=database, notifier=notifier, clock=clock)
    dispatcher.register(outbox_handlers.routes(announcing, notices, changed_contacts))
    return dispatcher


def create_import(config: Config, *, progress: Progress, clock: Clock = utc_now) -> DirectoryImport:
    """Imports directory files. Raises BadSetting."""
    database = Database.open(config.database_url, pool_size=1)
    dispatcher = _without_threads(config, database, clock)
    return DirectoryImport(
        database=database,
        changed_contacts=ChangedContacts(database=database, dispatcher=dispatcher, clock=clock),
        dispatcher=dispatcher,
        clock=clock,
        progress=progress,
    )


def create_changed_contacts(config: Config, *, clock: Clock = utc_now) -> ChangedContacts:
    """Sends contacts; the relays deliver them. Raises BadSetting."""
    database = Database.open(config.database_url, pool_size=1, statement_timeout=0)
    return ChangedContacts(database=database, dispatcher=_without_threads(config, database, clock), clock=clock)


def create_person_data(
    config: Config, *, elsewhere: PersonDataElsewhere | None = None, clock: Clock = utc_now
) -> PersonData:
    """A person's data in all three services. Raises BadSetting."""
    database = Database.open(config.database_url, pool_size=1, statement_timeout=0)
    client = _notification_service(config, clock, total=PERSON_DATA_SECONDS, max_bytes=MAX_EXPORT_BYTES)
    dispatcher = _without_threads(config, database, clock)
    return PersonData(
        database=database,
        elsewhere=elsewhere or HttpPersonData(client=client),
        dispatcher=dispatcher,
        changed_contacts=ChangedContacts(database=database, dispatcher=dispatcher, clock=clock),
        cipher=config.cipher(),
        clock=clock,
    )


def _without_threads(config: Config, database: Database, clock: Clock) -> Dispatcher:
    """For commands: the relays deliver their outbox messages."""
    no_threads = dict.fromkeys(outbox_handlers.EXECUTORS, 0)
    return create_dispatcher(config, database, create_notifier(config, clock=clock), executors=no_threads, clock=clock)


def create_agenda(config: Config, database: Database, *, clock: Clock = utc_now) -> AgendaLoop:
    """Looks at what is due; the relays announce what it records. Raises BadSetting."""
    dispatcher = _without_threads(config, database, clock)
    pause_events = PauseEvents(database=database, dispatcher=dispatcher, cipher=config.cipher(), clock=clock)
    return AgendaLoop(database, Planning(pause_events=pause_events).kinds(), clock=clock)
