"""What a use case promises, beside what the outbox keeps of it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.orm import Session

from shared_lib.outbox import Handover, Promise, Relay


@contextmanager
def noted_promises(relay: Relay) -> Iterator[list[Promise]]:
    """The promises given to the relay inside the block, which stores them as ever."""
    noted: list[Promise] = []
    promise = relay.promise

    def note(session: Session, *given: Promise, queueing: bool = False) -> Handover:
        noted.extend(given)
        return promise(session, *given, queueing=queueing)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(relay, "promise", note)
        yield noted
