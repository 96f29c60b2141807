"""The relay process, and the part of it that every process has which makes promises."""

from collections.abc import Mapping
from typing import Any

from shared_lib.auth.service_tokens import ServiceSigner
from shared_lib.clock import Clock, utc_now
from shared_lib.config import BadSetting
from shared_lib.database.engine import Database
from shared_lib.http_client import ServiceClient
from shared_lib.outbox import Dispatcher, RetryPolicy
from shared_lib.privacy.encryption import FieldCipher

from orchestrator_service import worker
from orchestrator_service.clients.notification import HttpNotifier
from orchestrator_service.clients.person_data import LONGEST_EXPORT, PATIENCE_SECONDS, HttpPersonData
from orchestrator_service.config import Config
from orchestrator_service.domain.ports import Notifier, PersonDataElsewhere, Progress
from orchestrator_service.usecases.announcing import Announcing
from orchestrator_service.usecases.certification_notices import CertificationNotices
from orchestrator_service.usecases.contact_news import ContactNews
from orchestrator_service.usecases.directory_import import DirectoryImport
from orchestrator_service.usecases.person_data import PersonData
from orchestrator_service.usecases.recording import Recording

from . import NAME


def create_notifier(config: Config, *, clock: Clock = utc_now) -> Notifier:
    """The notification service. Reads our private key; connects to nobody yet. Raises BadSetting."""
    return HttpNotifier(client=_notification_service(config, clock))


def _notification_service(config: Config, clock: Clock, **options: Any) -> ServiceClient:
    try:
        signer = ServiceSigner.from_file(config.service_key, issuer=config.identity.issuer, name=NAME, clock=clock)
    except (OSError, ValueError) as error:
        raise BadSetting("SERVICE_KEY must be the path of a private key in PEM.") from error
    return ServiceClient(config.notification_url, audience=config.notification_audience, sign=signer.token, **options)


def create_dispatcher(
    config: Config,
    database: Database,
    notifier: Notifier,
    *,
    executors: Mapping[str, int] = worker.EXECUTORS,
    clock: Clock = utc_now,
) -> Dispatcher:
    """Knows how to keep every kind of promise; web and relay processes have one each."""
    dispatcher = Dispatcher(database, executors=executors, clock=clock, retry=RetryPolicy(scale=config.time_scale))
    announcing = Announcing(database=database, notifier=notifier, clock=clock, scale=config.time_scale)
    dispatcher.register(worker.routes(announcing, ContactNews(database=database, notifier=notifier)))
    return dispatcher


def create_import(config: Config, *, progress: Progress, clock: Clock = utc_now) -> DirectoryImport:
    """Brings the directory to what a file says."""
    database = Database.open(config.database_url, pool_size=1)
    return DirectoryImport(
        database=database, dispatcher=_without_threads(config, database, clock), clock=clock, progress=progress
    )


def create_person_data(
    config: Config, *, elsewhere: PersonDataElsewhere | None = None, clock: Clock = utc_now
) -> PersonData:
    """A person's data in all three services. Raises BadSetting."""
    database = Database.open(config.database_url, pool_size=1, statement_timeout=0)
    client = _notification_service(config, clock, total=PATIENCE_SECONDS, max_bytes=LONGEST_EXPORT)
    return PersonData(
        database=database,
        elsewhere=elsewhere or HttpPersonData(client=client),
        dispatcher=_without_threads(config, database, clock),
        cipher=FieldCipher.from_file(config.reason_encryption_keys, setting="REASON_ENCRYPTION_KEYS"),
        clock=clock,
    )


def _without_threads(config: Config, database: Database, clock: Clock) -> Dispatcher:
    """For commands: they leave their promises to the relays."""
    no_threads = dict.fromkeys(worker.EXECUTORS, 0)
    return create_dispatcher(config, database, create_notifier(config, clock=clock), executors=no_threads, clock=clock)


def create_certification_notices(config: Config, *, progress: Progress, clock: Clock = utc_now) -> CertificationNotices:
    """Like the import: what it promises is kept by the relays."""
    database = Database.open(config.database_url, pool_size=1)
    cipher = FieldCipher.from_file(config.reason_encryption_keys, setting="REASON_ENCRYPTION_KEYS")
    dispatcher = _without_threads(config, database, clock)
    recording = Recording(database=database, dispatcher=dispatcher, cipher=cipher, clock=clock)
    return CertificationNotices(database=database, recording=recording, clock=clock, progress=progress)
