"""The pool has a connection for every thread of the outbox executors."""

from notification_service.config import Config
from notification_service.worker import EXECUTORS


def test_every_executor_thread_has_a_connection() -> None:
    assert sum(EXECUTORS.values()) == Config.EXECUTOR_THREADS
