"""Counter tables: kept totals, because counting reads the whole table. One row per combination of filters.

Triggers, which the service's migration creates, keep them in the transaction of the change, so every insert, update,
delete and rollback is counted. `verify` compares them with the rows, `repair` counts again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from .engine import Database
from .row_level_security import all_tenants


@dataclass(frozen=True, kw_only=True)
class CounterTable:
    """`table` holds how many rows `source` has. `values` names the columns of `table` that tell counts apart, with the
    SQL of each for a row of `source` called `row`. The count is in column `number`.
    """

    table: str
    source: str
    values: Mapping[str, str]
    number: str

    def verify(self, session: Session) -> int:
        """How many counts are wrong, in one snapshot. Reads the whole table."""
        return session.scalar(text(f"SELECT count(*) FROM ({self._wrong}) AS found")) or 0  # noqa: S608

    def repair(self, session: Session) -> int:
        """Correct the counts that are wrong; returns how many. Writers wait until the transaction ends."""
        session.execute(text(f"LOCK TABLE {self.source} IN SHARE ROW EXCLUSIVE MODE"))
        names = self._names
        corrected = session.execute(
            text(
                f"INSERT INTO {self.table} SELECT {names}, found FROM ({self._wrong}) AS wrong "  # noqa: S608
                f"ON CONFLICT ({names}) DO UPDATE SET {self.number} = excluded.{self.number} RETURNING 1"
            )
        )
        return len(corrected.all())

    @property
    def _names(self) -> str:
        return ", ".join(self.values)

    @property
    def _keys(self) -> str:
        return ", ".join(f"{value} AS {name}" for name, value in self.values.items())

    @property
    def _counted(self) -> str:
        places = ", ".join(str(place + 1) for place in range(len(self.values)))
        return f"SELECT {self._keys}, count(*) AS found FROM {self.source} AS row GROUP BY {places}"  # noqa: S608

    @property
    def _wrong(self) -> str:
        return (
            f"SELECT {self._names}, COALESCE(real.found, 0) AS found "  # noqa: S608
            f"FROM ({self._counted}) AS real FULL JOIN {self.table} AS kept USING ({self._names}) "
            f"WHERE COALESCE(real.found, 0) <> COALESCE(kept.{self.number}, 0)"
        )


def run_check(database: Database, table: CounterTable, *, repair: bool) -> tuple[int, str]:
    """Verify, or repair; returns the exit code and a sentence. `database` is connected as the owner of the tables."""
    with database.begin(all_tenants("counter tables")) as session:
        wrong = table.repair(session) if repair else table.verify(session)
    if not wrong:
        return 0, "All counts are right."
    return (
        (0, f"{wrong} counts repaired.") if repair else (1, f"{wrong} counts are wrong; `counts repair` corrects them.")
    )
