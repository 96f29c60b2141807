"""The pool has a connection for every thread of the lanes."""

from notification_service.config import LANE_THREADS
from notification_service.worker import LANES


def test_every_thread_of_a_lane_counts() -> None:
    assert sum(LANES.values()) == LANE_THREADS
