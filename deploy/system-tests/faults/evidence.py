"""What the databases say happened, read-only."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from .ledger import StoredMessage
from .smtp_record import Record, Transfer

_NUMBER = re.compile(r"^msg-(\d+)")
READ_ONLY = "SET default_transaction_read_only = on; SET statement_timeout = 10000"


@dataclass(frozen=True)
class Evidence:
    """`dsns` by service, from stack.json."""

    dsns: Mapping[str, str]

    @contextmanager
    def _reading(self, service: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        with psycopg.connect(self.dsns[service], autocommit=True, connect_timeout=5) as connection:
            connection.execute(READ_ONLY)
            yield connection

    def rows(self, service: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._reading(service) as connection:
            return connection.execute(query, values or None).fetchall()

    def count(self, service: str, query: str, *values: Any) -> int:
        return int(self.rows(service, query, *values)[0][0])

    def events(self) -> dict[str, str]:
        """Whose each event is."""
        return dict(self.rows("orchestrator", "SELECT id, peer_mentor_id FROM pause_event"))

    def stored_messages(self) -> list[StoredMessage]:
        query = (
            "SELECT message.number, mentor_id, recipient_id, status "
            "FROM message JOIN dispatch ON dispatch.id = dispatch_id WHERE channel = 'email'"
        )
        return [
            StoredMessage(number=number, mentor=mentor, recipient=recipient, status=status)
            for number, mentor, recipient, status in self.rows("notification", query)
        ]

    def open_messages(self) -> dict[str, int]:
        """How many outbox messages are open, by service, without those for a later day."""
        query = "SELECT count(*) FROM outbox WHERE due_at < now() + interval '1 day'"
        return {name: self.count(name, query) for name in ("orchestrator", "notification")}

    def open_results(self) -> int:
        """Dispatch results that the orchestrator does not know the end of."""
        return self.count("orchestrator", "SELECT count(*) FROM dispatch_result WHERE status = 'queued'")

    def results_that_differ(self) -> list[str]:
        """Messages whose outcome differs between the orchestrator and the notification service."""
        ends = {
            f"msg-{number:05}": status
            for number, status in self.rows("notification", "SELECT number, status FROM message")
        }
        known = self.rows(
            "orchestrator", "SELECT event_id, message_id, status FROM dispatch_result WHERE message_id IS NOT NULL"
        )
        return [
            f"{event}: {message} {status}, really {ends.get(message)}"
            for event, message, status in known
            if ends.get(message) != status
        ]

    def ended_badly(self) -> list[str]:
        found = []
        for service in ("orchestrator", "notification"):
            query = (
                "SELECT kind, final_state, last_reason, count(*) FROM outbox_closed "
                "WHERE final_state <> 'done' GROUP BY 1, 2, 3"
            )
            found += [f"{service}: {' '.join(map(str, row))}" for row in self.rows(service, query)]
        return found


def copies_by_number(record: Record) -> dict[int, list[Transfer]]:
    """Stored copies of our mails by the number of their message."""
    found = {}
    for message_id, copies in record.copies().items():
        if (number := _NUMBER.match(message_id)) is not None:
            found[int(number[1])] = copies
    return found
