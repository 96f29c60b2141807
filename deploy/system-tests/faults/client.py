"""A client as it should be: keeps its Idempotency-Key and asks again until it has an answer."""

import http.client
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from asking import LAPSES, PAUSES, Answer, ask

from .ledger import Entry, Ledger, Reply

__all__ = ["LAPSES", "PAUSES", "Client", "Load"]
PAUSE_BEFORE_ASKING_AGAIN = 0.3
TRANSIENT = frozenset({429, 502, 503, 504})
EFFECTIVE = "2026-08-01T00:00:00.000Z"


class Refused(RuntimeError):
    """An answer that no repetition mends; it should not have happened."""


@dataclass
class Client:
    """`token` answers a fresh one for an organisation; all requests go to `address()`."""

    address: Callable[[], str]
    token: Callable[[str], str]
    ledger: Ledger = field(default_factory=Ledger)

    def record(
        self, mentor: str, *, event_type: str = "pause_activated", give_up_after: float = 90.0, once: bool = False
    ) -> Entry:
        """Announce an event of this mentor; asks until it is accepted, or once only."""
        body: dict[str, Any] = {"peer_mentor_id": mentor, "event_type": event_type, "effective_date": EFFECTIVE}
        entry = self.ledger.open(str(uuid.uuid4()), mentor)
        deadline = time.monotonic() + give_up_after
        while not self.repeat(entry, body) and not once and time.monotonic() < deadline:
            time.sleep(PAUSE_BEFORE_ASKING_AGAIN)
        return entry

    def repeat(self, entry: Entry, body: dict[str, Any]) -> bool:
        """The same request under the same key; True when it was accepted."""
        start = time.monotonic()
        try:
            answer = ask(
                self.address(),
                "POST",
                PAUSES,
                token=self.token(entry.mentor.rpartition("-")[0]),
                body=body,
                headers={"Idempotency-Key": entry.key},
            )
            document = answer.document
        except (OSError, http.client.HTTPException, ValueError) as error:  # half a document is no answer either
            self._note(entry, Reply(status=0, seconds=_since(start), at=start, reason=type(error).__name__))
            return False
        return self._accepted(entry, answer, document.get("id"), start)

    def _accepted(self, entry: Entry, answer: Answer, resource_id: str | None, start: float) -> bool:
        reply = Reply(
            status=answer.status, seconds=_since(start), at=start, retry_after="Retry-After" in answer.headers
        )
        if answer.status in (200, 201):
            self._note(entry, reply, resource_id=resource_id)
            return True
        self._note(entry, reply)
        if answer.status not in TRANSIENT:
            raise Refused(f"{answer.status}: {answer.content[:300]!r}")
        return False

    def _note(self, entry: Entry, reply: Reply, *, resource_id: str | None = None) -> None:
        self.ledger.note(entry, reply, resource_id=resource_id)


def _since(start: float) -> float:
    return time.monotonic() - start


class Load:
    """Clients at work on threads of their own for as long as the block lasts, or until there are no more mentors."""

    def __init__(self, client: Client, mentors: Iterable[str], *, threads: int = 4, once: bool = False) -> None:
        self._client = client
        self._mentors: Iterator[str] = iter(mentors)
        self._once = once
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, name="client", daemon=True) for _ in range(threads)]
        self.failures: list[str] = []

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.join()

    def stop(self) -> None:
        """Send no new requests; those under way still get their answers."""
        self._stop.set()

    def join(self, within: float = 120.0) -> None:
        """Wait until every request has been answered."""
        deadline = time.monotonic() + within
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                mentor = next(self._mentors, None)
            if mentor is None:
                return
            try:
                self._client.record(mentor, once=self._once)
            except Refused as refusal:
                self.failures.append(f"{mentor}: {refusal}")
