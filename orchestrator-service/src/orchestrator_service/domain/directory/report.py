"""What an import found wrong, and what it did."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from .records import Problem

MOST_SHOWN = 1_000


@dataclass
class Problems:
    """The first thousand problems and how many there were: a file full of mistakes must not fill the memory."""

    shown: list[Problem] = field(default_factory=list)
    count: int = 0

    def add(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.add_one(problem)

    def add_one(self, problem: Problem) -> None:
        self.count += 1
        if len(self.shown) < MOST_SHOWN:
            self.shown.append(problem)

    def add_counted(self, problems: Iterable[Problem], *, count: int) -> None:
        """Add problems of which only the first ones are at hand."""
        self.shown.extend(list(problems)[: MOST_SHOWN - len(self.shown)])
        self.count += count

    def in_order(self) -> list[Problem]:
        return sorted(self.shown, key=lambda problem: problem.line)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many records of one subject the import made, changed, ended and found as they were."""

    subject: str
    new: int
    changed: int
    unchanged: int
    ended: int = 0


@dataclass(frozen=True, kw_only=True)
class Report:
    """The outcome of an import; nothing was written when there are problems or when it was a dry run.

    `left_out` are the ids of people whose data were removed and whom the file still has.
    """

    problems: Problems
    tallies: tuple[Tally, ...] = ()
    contacts: int = 0
    left_out: tuple[str, ...] = ()
    is_dry_run: bool = False

    @property
    def is_good(self) -> bool:
        return self.problems.count == 0
