"""Every row of the table: what is done, how often, to how many people, in which surroundings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .drills import fairness, freezes, kills, locks, mails, outages, poison, restore, stops
from .figures import Findings
from .world import World


def late(scale: float) -> float:
    """A 250 that comes 30 s late; at a small scale sooner."""
    return max(3.0, 30.0 * scale)


def scaled(count: int, scale: float, *, minimum: int = 1) -> int:
    return max(minimum, round(count * scale))


@dataclass(frozen=True, kw_only=True)
class Drill:
    """`mentors` is how many people it needs at a scale; `encrypted` gives the mail server a certificate."""

    run: Callable[[World, float], Findings]
    mentors: Callable[[float], int]
    settings: Callable[[float], Mapping[str, str]] = lambda _: {}
    encrypted: bool = False


CATALOGUE: dict[str, Drill] = {
    "kills": Drill(
        run=lambda world, scale: kills.processes(
            world, kills=scaled(200, scale, minimum=3), events=scaled(5000, scale)
        ),
        mentors=lambda scale: scaled(30000, scale, minimum=2000),
    ),
    "database": Drill(
        run=lambda world, scale: kills.database(world, kills=scaled(50, scale, minimum=2), events=scaled(3000, scale)),
        mentors=lambda scale: scaled(20000, scale, minimum=2000),
    ),
    "recipients": Drill(
        run=lambda world, scale: mails.failing_recipients(world, mails.of_one_recipient(late(scale))),
        mentors=lambda _: 100,
        settings=lambda scale: {"SMTP_FINAL_TIMEOUT": str(late(scale) + mails.AFTER_FINAL_REPLY)},
    ),
    "connections": Drill(run=lambda world, _: mails.failing_connections(world), mentors=lambda _: 300),
    "starttls": Drill(run=lambda world, _: mails.bad_starttls(world), mentors=lambda _: 300, encrypted=True),
    "outage": Drill(
        run=lambda world, scale: outages.downstream(
            world, events=scaled(300, scale, minimum=10), seconds=max(5.0, 60.0 * scale)
        ),
        mentors=lambda scale: scaled(300, scale, minimum=10),
    ),
    "cuts": Drill(
        run=lambda world, scale: outages.answers(world, cuts=scaled(90, scale, minimum=9)),
        mentors=lambda scale: scaled(90, scale, minimum=9) + 9,
    ),
    "freezes": Drill(
        run=lambda world, scale: freezes.frozen_relays(world, freezes=scaled(20, scale)),
        mentors=lambda scale: scaled(20, scale) * freezes.ROUND,
    ),
    "stops": Drill(
        run=lambda world, scale: stops.terminated(world, times=scaled(20, scale, minimum=2)),
        mentors=lambda scale: scaled(20000, scale, minimum=3000),
    ),
    "locks": Drill(run=lambda world, _: locks.tables(world, clients=8), mentors=lambda _: 2000),
    "crowd": Drill(run=lambda world, _: locks.tables(world, clients=40), mentors=lambda _: 3000),
    "poison": Drill(run=lambda world, _: poison.rows(world, unreadable_reason=True), mentors=lambda _: 50),
    "restore": Drill(run=lambda world, _: restore.each_alone(world), mentors=lambda _: restore.MENTORS),
    "fairness": Drill(
        run=lambda world, scale: fairness.backlog(world, events=scaled(2000, scale, minimum=50)),
        mentors=lambda scale: scaled(2000, scale, minimum=50),
    ),
}
