"""Starting, stopping and starting again: quick, little memory, no process left, no data lost."""

import os
import signal
import time
from pathlib import Path

import pytest

from .asking import LAPSES, PAUSES, ask
from .people import Tokens
from .running import PORTS, Stack, eventually, is_alive

READY_WITHIN = 15.0
MEMORY = 900 * 1024  # KiB
EVENT = {
    "peer_mentor_id": "pm_551e8400",
    "event_type": "pause_activated",
    "effective_date": "2026-03-20T00:00:00.000Z",
    "reason": "Personal leave",
}
KEYS = {
    "gateway", "orchestrator", "notification", "acknowledgement", "smtp", "mailbox", "databases", "pids", "logs",
    "jwks", "issuer", "audiences", "private_key", "service_key",
}  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tmp_path_factory.mktemp("life") / "stack"


@pytest.fixture(scope="module")
def living(data):
    """A stack that has been started on an empty directory."""
    stack = Stack(data)
    yield stack
    stack.kill()


def proportional_size(pid):
    """KiB of memory, shared pages counted in proportion (PSS)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise AssertionError("no Pss line")


def events_of(stack):
    caller = Tokens(stack)("coordinator", "coord_9f8e7d6c", "nhf")
    return ask(stack.description["gateway"], "GET", PAUSES, token=caller).document["data"]


def lapses_of(stack):
    return ask(stack.description["gateway"], "GET", LAPSES).document["data"]


def test_it_is_ready_within_fifteen_seconds(living):
    assert living.seconds < READY_WITHIN


def test_it_describes_itself(living):
    description = living.description
    assert set(description) >= KEYS
    services = ["orchestrator", "notification", "acknowledgement"]
    assert [description[name] for name in ("gateway", *services)] == [
        f"http://127.0.0.1:{living.port_base + number}" for number in range(4)
    ]
    assert description["smtp"] == f"smtp://127.0.0.1:{living.port_base + 4}"
    assert list(description["databases"]) == list(description["audiences"]) == services
    assert all(is_alive(pid) for pid in living.pids)
    assert set(living.pids) <= set(living.family())


def test_it_is_small(living):
    assert sum(proportional_size(pid) for pid in living.family()) < MEMORY


def test_a_second_stack_on_the_same_directory_is_refused(living, data):
    with pytest.raises(AssertionError, match="already running on"):
        Stack(data)
    assert ask(living.description["gateway"], "GET", LAPSES).status == 200


def test_a_killed_process_is_started_again(living):
    for name in ("orchestrator.web", "notification.relay", "gateway", "mailbox", "postgres"):
        pids = living.description["pids"][name]
        first = pids[0] if isinstance(pids, list) else pids
        os.kill(first, signal.SIGKILL)
        eventually(lambda name=name, before=pids: _is_back(living, name, before), within=20)

    ready = [f"{living.description[service]}" for service in ("orchestrator", "notification", "acknowledgement")]
    eventually(lambda: all(_answers(address, "/readyz") for address in ready))
    eventually(lambda: _answers(living.description["gateway"], LAPSES))


def _is_back(stack, name, before):
    now = stack.description["pids"].get(name)
    return bool(now) and now != before


def _answers(address, path):
    try:
        return ask(address, "GET", path).status == 200
    except OSError:
        return False


def test_two_run_side_by_side(living, stack):
    assert {living.port_base + number for number in range(PORTS)}.isdisjoint(
        stack.port_base + number for number in range(PORTS)
    )
    event = ask(
        living.description["gateway"],
        "POST",
        PAUSES,
        token=Tokens(living)("coordinator", "coord_9f8e7d6c", "nhf"),
        body=EVENT,
    )
    assert event.status == 201

    caller = Tokens(stack)("global_admin", "root", None)
    elsewhere = ask(stack.description["gateway"], "GET", f"{PAUSES}/{event.document['id']}", token=caller)
    assert elsewhere.status == 404


def test_ctrl_c_leaves_no_process_and_the_next_run_finds_everything(tmp_path):
    stack = Stack(tmp_path / "stack")
    caller = Tokens(stack)("coordinator", "coord_9f8e7d6c", "nhf")
    assert ask(stack.description["gateway"], "POST", PAUSES, token=caller, body=EVENT).status == 201
    eventually(lambda: len(events_of(stack)[0]["notifications_sent"]) == 2)
    before, family, keys = (
        (events_of(stack), lapses_of(stack)),
        stack.family(),
        Path(stack.description["jwks"]).read_bytes(),
    )
    mails = {mail.name for mail in Path(stack.description["mailbox"], "new").iterdir()}

    assert stack.interrupt() == 0
    assert not [pid for pid in family if is_alive(pid)]

    again = Stack(stack.data)
    try:
        assert again.seconds < READY_WITHIN
        assert (events_of(again), lapses_of(again)) == before
        assert Path(again.description["jwks"]).read_bytes() == keys
        assert {mail.name for mail in Path(again.description["mailbox"], "new").iterdir()} == mails
        family = again.family()
        again.kill()
        eventually(lambda: not [pid for pid in family if is_alive(pid)])
    finally:
        again.kill()


def test_a_second_ctrl_c_hurries(tmp_path):
    stack = Stack(tmp_path / "stack", "--no-sample", "--no-mailbox")
    assert stack.description["smtp"] is None
    assert stack.description["mailbox"] is None
    os.kill(stack.description["pids"]["acknowledgement.web"][0], signal.SIGSTOP)
    family = stack.family()

    start = time.monotonic()
    stack.process.send_signal(signal.SIGINT)
    eventually(lambda: "Stopping" in (stack.data / "logs" / "stack.log").read_text())
    assert stack.interrupt() == 0

    assert time.monotonic() - start < 15
    assert not [pid for pid in family if is_alive(pid)]
