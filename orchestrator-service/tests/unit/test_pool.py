"""The pool has a connection for every thread of the outbox executors."""

from orchestrator_service.config import Config
from orchestrator_service.worker import EXECUTORS


def test_every_executor_thread_has_a_connection() -> None:
    assert sum(EXECUTORS.values()) == Config.EXECUTOR_THREADS
