"""The notification service does not answer: events are recorded, and notified afterwards."""

import os
import signal
import statistics
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from .asking import PAUSES, ask
from .people import COORDINATOR, MENTORS, address_of

EVENTS = 50
P95 = 2.6
NOTIFIED_WITHIN = 60.0


def test_fifty_events_during_an_outage_are_all_recorded_and_notified_once(stack, gateway, token, maildir):
    caller = token("coordinator", COORDINATOR)

    def record(mentor):
        body = {"peer_mentor_id": mentor, "event_type": "pause_activated", "effective_date": "2026-08-01T00:00:00.000Z"}
        start = time.monotonic()
        answer = ask(gateway, "POST", PAUSES, token=caller, body=body)
        return answer, time.monotonic() - start

    mentors = MENTORS[-EVENTS:]  # used by no other test: a mentor who is paused already is not notified again
    stopped = stack.description["pids"]["notification.web"]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(record, mentors))
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)

    assert Counter(answer.status for answer, _ in answers) == {201: EVENTS}
    assert all(answer.document["notifications_sent"] == [] for answer, _ in answers)
    assert statistics.quantiles((seconds for _, seconds in answers), n=20)[-1] < P95
    maildir.expect(
        *(address_of(mentor) for mentor in mentors), *[address_of(COORDINATOR)] * EVENTS, within=NOTIFIED_WITHIN
    )
    arrived = Counter(mail["Delivered-To"] for mail in maildir.to(*map(address_of, [*mentors, COORDINATOR])))
    assert arrived == {**{address_of(mentor): 1 for mentor in mentors}, address_of(COORDINATOR): EVENTS}
