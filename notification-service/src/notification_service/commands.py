"""What the commands work with."""

from contextlib import nullcontext
from typing import TYPE_CHECKING

from shared_lib.cli import Operations
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database

from .app.relay import create_dispatcher, create_ports
from .config import Config
from .store.person_data import retention_rules
from .store.tables import GRANTS
from .usecases.person_data import PersonData

if TYPE_CHECKING:
    from flask import Flask


def _api(config: Config) -> "Flask":
    from .app.web import build_api

    return build_api(config, Database.open(config.database_url))


OPERATIONS = Operations[Config](
    grants=GRANTS,
    api=_api,
    retention=lambda config, now: retention_rules(
        now=now, message_days=config.message_days, inbox_retention_days=config.inbox_retention_days
    ),
    person_data=lambda process: nullcontext(PersonData(database=process.database(statement_timeout=0), clock=utc_now)),
    dispatcher=lambda config, database: create_dispatcher(config, database, create_ports(config)),
)
