"""The commands that run every day. Each success is an entry of the audit log, where the metric finds the last one."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from shared_lib import audit
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Unavailable


def record_success(database: Database, command: str, *, at: datetime) -> None:
    """Write that the command ("retention run") has done all its work. Commits. Raises Unavailable."""
    with database.begin(all_tenants("daily_commands")) as session:
        audit.record(session, action=_action(command), actor_id="operations", at=at, organisation_id=None)


class LastSuccessCollector(Collector):
    """When each daily command last succeeded, in seconds since 1970; 0 for one that never has."""

    def __init__(self, database: Database, commands: Sequence[str]) -> None:
        self._database = database
        self._commands = {_action(command): command for command in commands}

    def collect(self) -> Iterable[Metric]:
        """Returns nothing while the database cannot answer."""
        entries = audit.ENTRIES.c
        query = select(entries.action, func.max(entries.at)).where(entries.action.in_(self._commands))
        try:
            with self._database.begin(all_tenants("metrics")) as session:
                found = {action: at.timestamp() for action, at in session.execute(query.group_by(entries.action))}
        except Unavailable:
            return []
        name, about = "daily_command_last_success_timestamp_seconds", "When a daily command last succeeded; 0: never"
        metric = GaugeMetricFamily(name, about, labels=["command"])
        for action, command in self._commands.items():
            metric.add_metric([command], found.get(action, 0.0))
        return [metric]

    def describe(self) -> Iterable[Metric]:
        """The database is not asked before the first scrape."""
        return []


def _action(command: str) -> str:
    return command.replace(" ", "_")
