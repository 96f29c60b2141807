"""The stack as `make run` starts it: seconds until it answers, and memory while it is idle."""

import subprocess
import sys
import time
from pathlib import Path

import readiness
from settings import SERVICES

from ..measure import Bar, Row, Sample
from ..plant import Late, Plant
from ..processes import proportional_mib

STACK = Path(__file__).resolve().parents[2] / "local" / "stack.py"
QUIET_SECONDS = 5.0
STOPPED_WITHIN = 60.0
ANSWERS_WITHIN = 30.0


def first_answers(plant: Plant, *, rounds: int) -> list[Row]:
    """From the start of a web process to its first answer; nothing else runs."""
    samples = [Sample(value=max(_first_answer(plant, service) for service in SERVICES)) for _ in range(rounds)]
    return [Row(name="First answer of the slowest web process", unit="s", bar=_at_most(1.2), ours=samples)]


def stack(data: Path, *, port_base: int, rounds: int) -> list[Row]:
    """The first start makes the database and does not count; the others find it."""
    found = [_stack(data, port_base) for _ in range(rounds + 1)][1:]
    return [
        Row(name="READY of the stack, warm", unit="s", bar=_at_most(10), ours=[Sample(value=s) for s, _ in found]),
        Row(
            name="Idle memory of the stack (PSS)",
            unit="MiB",
            bar=_at_most(650),
            ours=[Sample(value=m) for _, m in found],
        ),
    ]


def _at_most(limit: float) -> Bar:
    return Bar(limit=limit, at_least=False, is_ratio=False)


def _first_answer(plant: Plant, service: str) -> float:
    start = time.perf_counter()
    plant.supervisor.start(plant.program(service, "web"))
    while not readiness.is_well(plant.port(service), "/livez"):
        if time.perf_counter() - start > ANSWERS_WITHIN:
            raise Late(f"{service} does not answer")
        time.sleep(0.005)
    seconds = time.perf_counter() - start
    plant.stop(f"{service}.web")
    return seconds


def _stack(data: Path, port_base: int) -> tuple[float, float]:
    """Seconds until READY, and MiB a little later."""
    command = [sys.executable, str(STACK), "--data-dir", str(data), "--port-base", str(port_base)]
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stdout or ():
                if line.strip() == "READY":
                    break
            seconds = time.perf_counter() - start
            time.sleep(QUIET_SECONDS)
            return seconds, proportional_mib([process.pid])
        finally:
            process.terminate()
            process.wait(STOPPED_WITHIN)
