"""Requests at a steady rate, by clients as they should be: each has a key, and repeats twice by default."""

import http.client
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from asking import Answer, ask

AT_ONCE = 64
ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What one client wants; `status` is how it is answered when all is well."""

    method: str
    target: str
    body: object = None
    token: str | None = None
    status: int


@dataclass
class Outcome:
    """How often it was asked, and every answer but the last good one."""

    wish: Wish
    failures: list[str] = field(default_factory=list)
    answer: Answer | None = None


def fulfil(address: str, wish: Wish, *, attempts: int = ATTEMPTS) -> Outcome:
    """Ask; after a failure ask again with the same key, when the answer says so (else after a second)."""
    outcome, key = Outcome(wish), str(uuid.uuid4())
    for attempt in range(attempts):
        try:
            answer = ask(
                address, wish.method, wish.target, token=wish.token, body=wish.body, headers={"Idempotency-Key": key}
            )
        except (OSError, http.client.HTTPException) as error:
            outcome.failures.append(f"{type(error).__name__}: {error}")
            pause = 1.0
        else:
            if answer.status in (wish.status, 200):
                outcome.answer = answer
                return outcome
            outcome.failures.append(f"{answer.status} {answer.document.get('detail')}")
            pause = float(answer.headers.get("Retry-After", 1))
        if attempt < attempts - 1:
            time.sleep(pause)
    return outcome


@contextmanager
def steady(
    address: str, wishes: Iterator[Wish], *, per_second: float, attempts: int = ATTEMPTS
) -> Iterator[Callable[[], list[Outcome]]]:
    """Ask at that rate inside the block; what it gives answers all outcomes, and is for after the block."""
    futures: list[Future[Outcome]] = []
    ended = threading.Event()

    def ask_on(pool: ThreadPoolExecutor) -> None:
        due = time.monotonic()
        while not ended.is_set():
            futures.append(pool.submit(fulfil, address, next(wishes), attempts=attempts))
            due += 1 / per_second
            ended.wait(max(due - time.monotonic(), 0))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        clock = threading.Thread(target=ask_on, args=(pool,))
        clock.start()
        try:
            yield lambda: [future.result() for future in futures]
        finally:
            ended.set()
            clock.join()
