"""One request id in the log lines of all who had to do with a request, however late."""

import json
import os
import signal
from pathlib import Path

from .asking import PAUSES, ask
from .people import COORDINATOR, MENTORS, address_of
from .running import eventually

REQUEST_ID = "follow-me-00000001"
MENTOR = MENTORS[29]


def events_in(stack, process):
    """What a process has logged under the id."""
    lines = (Path(stack.description["logs"]) / f"{process}.log").read_text().splitlines()
    found = [json.loads(line) for line in lines if REQUEST_ID in line]
    assert all(line["request_id"] == REQUEST_ID for line in found)
    return {line["event"] for line in found}


def test_the_id_of_a_request_follows_it_through_the_relay_to_the_last_service(stack, gateway, token, maildir):
    body = {
        "peer_mentor_id": MENTOR,
        "event_type": "certification_expired",
        "effective_date": "2026-06-02T00:00:00.000Z",
        "expiry_date": "2026-06-02T00:00:00.000Z",
    }
    stopped = stack.description["pids"]["notification.web"]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        caller = token("coordinator", COORDINATOR)
        answer = ask(gateway, "POST", PAUSES, token=caller, body=body, headers={"X-Request-ID": REQUEST_ID})
        eventually(lambda: "outbox.postponed" in events_in(stack, "orchestrator.web"))
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)

    assert answer.status == 201
    assert answer.headers["X-Request-ID"] == REQUEST_ID
    eventually(lambda: {"request", "outbox.delivered"} <= events_in(stack, "notification.web"), within=60)
    eventually(lambda: "request" in events_in(stack, "acknowledgement.web"), within=60)
    eventually(lambda: "outbox.delivered" in events_in(stack, "orchestrator.relay"), within=60)
    maildir.expect(address_of(MENTOR), address_of(COORDINATOR), within=60)  # other tests count mails later
    assert {"request", "outbox.postponed"} <= events_in(stack, "orchestrator.web")
