"""The pool has a connection for every thread of the lanes."""

from orchestrator_service.config import EXECUTOR_THREADS
from orchestrator_service.outbox_handlers import EXECUTORS


def test_every_thread_of_a_lane_counts() -> None:
    assert sum(EXECUTORS.values()) == EXECUTOR_THREADS
