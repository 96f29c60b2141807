"""Compares what was accepted with what was stored and mailed: lost, undelivered, doubled, and why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from .smtp_record import Transfer

BAD_ENDS = frozenset({"failed", "expired", "unknown"})


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer to one request; status 0 is a connection that failed."""

    status: int
    seconds: float
    at: float
    retry_after: bool = False
    reason: str = ""


@dataclass(kw_only=True)
class Entry:
    """One thing that a client wanted, under one Idempotency-Key, however often it had to ask."""

    key: str
    mentor: str
    replies: list[Reply] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    accepted_at: float | None = None

    @property
    def is_accepted(self) -> bool:
        return self.accepted_at is not None


@dataclass
class Ledger:
    """Safe to write from many client threads."""

    entries: dict[str, Entry] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def open(self, key: str, mentor: str) -> Entry:
        with self._lock:
            return self.entries.setdefault(key, Entry(key=key, mentor=mentor))

    def note(self, entry: Entry, reply: Reply, *, resource_id: str | None = None) -> None:
        """A 201 or 200 with an id accepts."""
        with self._lock:
            entry.replies.append(reply)
            if resource_id is not None:
                entry.ids.add(resource_id)
                entry.accepted_at = entry.accepted_at or reply.at

    @property
    def accepted(self) -> list[Entry]:
        with self._lock:
            return [entry for entry in self.entries.values() if entry.is_accepted]

    @property
    def replies(self) -> list[Reply]:
        with self._lock:
            return [reply for entry in self.entries.values() for reply in entry.replies]


@dataclass(frozen=True, kw_only=True)
class StoredMessage:
    """A message as the notification service's database has it."""

    number: int
    mentor: str
    recipient: str
    status: str


@dataclass(kw_only=True)
class Judgement:
    """Lists of ids, so that the cause of a bad figure can be found."""

    accepted: int
    lost: list[str] = field(default_factory=list)
    two_ids: list[str] = field(default_factory=list)
    notified_twice: list[str] = field(default_factory=list)
    undelivered: list[str] = field(default_factory=list)
    untruthful: list[str] = field(default_factory=list)
    doubled_by_fault: list[str] = field(default_factory=list)
    doubled_without_cause: list[str] = field(default_factory=list)
    max_copies: int = 0

    @property
    def doubled(self) -> int:
        return len(self.doubled_by_fault) + len(self.doubled_without_cause)


def judge(
    accepted: Sequence[Entry],
    *,
    events: Mapping[str, str],
    stored: Sequence[StoredMessage],
    copies: Mapping[int, Sequence[Transfer]],
    recipients_each: int = 2,
    explains: Callable[[Transfer], bool] = lambda _: False,
) -> Judgement:
    """`events` is mentor by event id, `copies` are by message number; one event per mentor is assumed.

    `explains` says of a copy that was not the last one whether a fault of ours ended its sender at that moment.
    """
    judgement = Judgement(accepted=len(accepted))
    by_mentor: dict[str, list[StoredMessage]] = {}
    for message in stored:
        by_mentor.setdefault(message.mentor, []).append(message)
    for entry in accepted:
        judgement.lost += [event_id for event_id in entry.ids if events.get(event_id) != entry.mentor]
        if len(entry.ids) > 1:
            judgement.two_ids.append(entry.mentor)
        messages = by_mentor.get(entry.mentor, [])
        recipients = {message.recipient for message in messages}
        if len(recipients) != len(messages):
            judgement.notified_twice.append(entry.mentor)
        if len(recipients) < recipients_each:
            judgement.undelivered.append(f"{entry.mentor}: {len(recipients)} messages")
        for message in messages:
            _judge_message(judgement, message, copies.get(message.number, ()), explains)
    return judgement


def _judge_message(
    judgement: Judgement, message: StoredMessage, copies: Sequence[Transfer], explains: Callable[[Transfer], bool]
) -> None:
    name = f"msg-{message.number:05} to {message.recipient} ({message.status})"
    judgement.max_copies = max(judgement.max_copies, len(copies))
    if not copies:
        judgement.undelivered.append(name)
    elif message.status != "sent":
        judgement.untruthful.append(name)
    if len(copies) > 1:
        explained = all(explains(copy) for copy in copies[:-1])
        (judgement.doubled_by_fault if explained else judgement.doubled_without_cause).append(name)
