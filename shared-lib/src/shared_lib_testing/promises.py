"""What a use case promises, beside what the outbox keeps of it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from shared_lib.outbox import Dispatcher, Enqueued, OutboxMessage
from sqlalchemy.orm import Session


@contextmanager
def noted_messages(dispatcher: Dispatcher) -> Iterator[list[OutboxMessage]]:
    """The promises given to the relay inside the block, which stores them as ever."""
    noted: list[OutboxMessage] = []
    promise = dispatcher.enqueue

    def note(session: Session, *given: OutboxMessage, queueing: bool = False) -> Enqueued:
        noted.extend(given)
        return promise(session, *given, queueing=queueing)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dispatcher, "enqueue", note)
        yield noted
