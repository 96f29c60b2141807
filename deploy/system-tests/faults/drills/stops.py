"""SIGTERM while clients are at work: what was begun is finished, and nothing is held on to."""

import os
import random
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from running import eventually, is_alive

from ..client import Load
from ..figures import Findings
from ..ledger import Reply
from ..victims import pids_of, send
from ..world import World
from .judgements import described, no_doubles, nothing_lost, statuses

FINAL_WITHIN = 45.0
GONE_WITHIN = 30.0
PARTS = ("orchestrator.web", "notification.web", "orchestrator.relay", "notification.relay")
_OWNERS = "SELECT DISTINCT leased_by::text FROM outbox WHERE leased_by IS NOT NULL"


def terminated(world: World, *, times: int) -> Findings:
    """Clients call the orchestrator itself: a connection may be refused, but not cut during a request."""
    findings = Findings(title=f"SIGTERM under load × {times}")
    client = world.client(str(world.describe()["orchestrator"]))
    slowest, going_on = 0.0, [True]
    held: list[str] = []

    def mentors() -> Iterator[str]:
        while going_on:
            yield world.ours.mentor()

    with Load(client, mentors(), threads=4) as load:
        for number in range(times):
            part = PARTS[number % len(PARTS)]
            time.sleep(random.uniform(0.5, 1.5))
            slowest = max(slowest, _stop(world, part, held))
        going_on.clear()
        load.join()
    settled = world.settle(within=FINAL_WITHIN)
    replies = client.ledger.replies
    findings.note("answers", statuses(replies))
    findings.none("refused for good", load.failures)
    findings.none("requests begun and not answered", described([reply for reply in replies if _was_cut_off(reply)]))
    findings.at_most("slowest to go", slowest, GONE_WITHIN, unit=" s")
    exits = _exit_codes(world)
    findings.none("exit codes but 0", [line for line in exits if " ended with 0," not in line])
    findings.check("exits", len(exits), bar=f"= {times}", holds=len(exits) == times)
    findings.none("leases that outlived their owner", held)
    judgement = world.judgement(client.ledger.accepted)
    findings.note("accepted", judgement.accepted)
    nothing_lost(findings, judgement)
    no_doubles(findings, judgement)
    findings.settled(settled, within=FINAL_WITHIN)
    return findings


def _stop(world: World, part: str, held: list[str]) -> float:
    """Seconds until the process was gone; adds to `held` what it left leased."""
    pid = eventually(lambda: pids_of(world.describe, part), within=30.0)[0]
    eventually(lambda: _is_serving(world, part), within=30.0)
    start = time.monotonic()
    send(pid, signal.SIGTERM, name=part)
    service = part.partition(".")[0]
    owners = {str(row[0]) for row in world.evidence.rows(service, _OWNERS)}
    eventually(lambda: not is_alive(pid), within=GONE_WITHIN + 10.0, every=0.01)
    seconds = time.monotonic() - start
    other = pids_of(world.describe, f"{service}.{'relay' if part.endswith('web') else 'web'}")
    left = {str(row[0]) for row in world.evidence.rows(service, _OWNERS)} & owners
    if len(left) > (1 if other else 0):  # the other process of the service may go on holding its own
        held.append(f"{part}: {len(left)} owners hold leases, one of them is gone")
    return seconds


def _is_serving(world: World, part: str) -> bool:
    """A process that has just been started cannot know yet what SIGTERM means."""
    pids = pids_of(world.describe, part)
    return bool(pids) and all(_age(pid) > 3.0 for pid in pids[:1])


def _age(pid: int) -> float:
    try:
        started = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return 0.0
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    return uptime - started / os.sysconf("SC_CLK_TCK")


def _was_cut_off(reply: Reply) -> bool:
    return reply.status == 0 and reply.reason != "ConnectionRefusedError"


def _exit_codes(world: World) -> list[str]:
    log = (Path(world.describe()["logs"]) / "stack.log").read_text()
    return re.findall(r"\S+\.(?:web|relay) ended with -?\d+,", log)
