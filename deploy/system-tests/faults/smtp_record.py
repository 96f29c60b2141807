"""What the mail server saw: every mail that was begun, and how far it came."""

import time
from collections import defaultdict
from dataclasses import dataclass, field
from threading import Lock


@dataclass
class Transfer:
    """One mail on one connection. `stored` is what counts as a copy."""

    connection: int
    recipient: str
    message_id: str = ""
    began_at: float = field(default_factory=time.monotonic)
    dot_seen: bool = False
    stored: bool = False
    answered: int | None = None
    ended_at: float | None = None
    left_at: float | None = None
    """When the connection ended over which it came, whatever else came after it."""


@dataclass
class Record:
    """Safe to read while the server serves. Times are of `time.monotonic`."""

    transfers: list[Transfer] = field(default_factory=list)
    connections: int = 0
    _lock: Lock = field(default_factory=Lock)

    def connected(self) -> int:
        with self._lock:
            self.connections += 1
            return self.connections

    def begin(self, connection: int, recipient: str) -> Transfer:
        transfer = Transfer(connection=connection, recipient=recipient)
        with self._lock:
            self.transfers.append(transfer)
        return transfer

    def copies(self) -> dict[str, list[Transfer]]:
        """Stored copies by Message-ID, in the order they came."""
        found: dict[str, list[Transfer]] = defaultdict(list)
        with self._lock:
            for transfer in self.transfers:
                if transfer.stored:
                    found[transfer.message_id].append(transfer)
        return dict(found)

    def copies_to(self, recipient: str) -> list[Transfer]:
        with self._lock:
            return [transfer for transfer in self.transfers if transfer.stored and transfer.recipient == recipient]

    def forget(self) -> None:
        with self._lock:
            self.transfers.clear()
