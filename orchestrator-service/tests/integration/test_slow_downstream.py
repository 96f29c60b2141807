"""Requests that wait for a slow notification service, and what the others notice of them: real processes and HTTP."""

import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import requests

from ..builders import COORDINATOR, assignment, chapter, mentor, organisation, person
from ..conftest import Headers, Import
from ..fakes import StubService

PATH = "/api/v1/pause-notifications"
POSTS, READS = 40, 40
DELAY_SECONDS = 3.0


@pytest.fixture
def address(environ: dict[str, str], notification_service: StubService) -> Iterator[str]:
    """A web process with the default number of threads."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    settings = {**environ, "LISTEN_ADDRESS": address, "NOTIFICATION_URL": notification_service.url}
    del settings["DATABASE_POOL_SIZE"]
    command = [sys.executable, "-m", "gunicorn", "-c", "python:shared_lib.gunicorn.config"]
    process = subprocess.Popen([*command, "orchestrator_service.wsgi:application"], env={**os.environ, **settings})
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(requests.ConnectionError):
            requests.get(f"http://{address}/livez", timeout=5)
            break
        threading.Event().wait(0.02)
    yield f"http://{address}"
    process.terminate()
    process.wait(40)


def seconds_to_read(session: requests.Session, address: str) -> float:
    begun = time.monotonic()
    assert session.get(address + PATH, timeout=10).status_code == 200
    return time.monotonic() - begun


@pytest.mark.slow
def test_reads_stay_fast_while_many_requests_wait_for_a_slow_service(
    address: str, notification_service: StubService, bring_in: Import, as_person: Callable[..., Headers]
) -> None:
    mentors = [mentor(f"pm_{number}", "oslo") for number in range(POSTS)]
    coordinator = person("coordinator", COORDINATOR)
    report = bring_in(organisation("nhf"), chapter("oslo"), coordinator, assignment(COORDINATOR, "oslo"), *mentors)
    assert report.problems.shown == []
    headers = as_person("admin", "org_admin")

    def record(number: int) -> tuple[int, list[str], float]:
        body = {"peer_mentor_id": f"pm_{number}", "event_type": "pause_activated"}
        dated = {**body, "effective_date": "2026-05-01T00:00:00.000Z"}
        begun = time.monotonic()
        answer = requests.post(address + PATH, json=dated, headers=headers, timeout=20)
        return answer.status_code, answer.json()["notifications_sent"], time.monotonic() - begun

    notification_service.delay = DELAY_SECONDS
    with requests.Session() as session, ThreadPoolExecutor(POSTS) as crowd:
        session.headers.update(headers)
        quiet = [seconds_to_read(session, address) for _ in range(READS)]
        begun = [crowd.submit(record, number) for number in range(POSTS)]
        busy = [seconds_to_read(session, address) for _ in range(READS)]
        while not all(each.done() for each in begun):
            busy.append(seconds_to_read(session, address))
        recorded = [each.result() for each in begun]

    assert [(status, sent) for status, sent, _ in recorded] == [(201, [])] * POSTS
    assert statistics.median(busy) < 3 * statistics.median(quiet)
    assert max(busy) < 0.9
    assert statistics.median(seconds for _, _, seconds in recorded) < 1.5 < max(seconds for _, _, seconds in recorded)
