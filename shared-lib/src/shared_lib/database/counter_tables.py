"""Counter tables: kept totals, because counting reads the whole table. One row per combination of filters.

Triggers keep them in the transaction of the change, so every insert, update, delete and rollback is counted. `verify`
compares them with the rows, `repair` counts again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from .engine import Database
from .row_level_security import all_tenants


@dataclass(frozen=True, kw_only=True)
class CounterTable:
    """`table` holds how many rows `source` has. `by` names the columns of `table` that tell counts apart, with their
    types; `values` is the SQL of each for a row of `source` called `row`. The count is in column `number`.
    """

    table: str
    source: str
    by: Mapping[str, str]
    values: Mapping[str, str]
    number: str

    def create(self) -> tuple[str, ...]:
        """SQL: the statements that create and fill the table and its triggers, for a service's own migration.

        The source is locked against writers until the migration ends, so that no row is missed.
        """
        columns = ", ".join(f"{name} {kind} NOT NULL" for name, kind in self.by.items())
        table = f"CREATE TABLE {self.table} ({columns}, {self.number} bigint NOT NULL, PRIMARY KEY ({self._names}))"
        return (
            table + " WITH (fillfactor = 70)",
            f"LOCK TABLE {self.source} IN SHARE ROW EXCLUSIVE MODE",
            f"INSERT INTO {self.table} {self._counted}",
            *self._triggers(),
        )

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
        return ", ".join(self.by)

    @property
    def _keys(self) -> str:
        return ", ".join(f"{self.values[name]} AS {name}" for name in self.by)

    @property
    def _counted(self) -> str:
        places = ", ".join(str(place + 1) for place in range(len(self.by)))
        return f"SELECT {self._keys}, count(*) AS found FROM {self.source} AS row GROUP BY {places}"  # noqa: S608

    @property
    def _wrong(self) -> str:
        return (
            f"SELECT {self._names}, COALESCE(real.found, 0) AS found "  # noqa: S608
            f"FROM ({self._counted}) AS real FULL JOIN {self.table} AS kept USING ({self._names}) "
            f"WHERE COALESCE(real.found, 0) <> COALESCE(kept.{self.number}, 0)"
        )

    def _triggers(self) -> tuple[str, ...]:
        """Once per statement, however many rows it changes; in order of the key, so that no two transactions deadlock.

        SECURITY DEFINER: writing rows needs no privilege on the counts.
        """
        function = f"""
CREATE FUNCTION {self.table}_keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        {self._change(f"SELECT {self._keys}, 1 AS step FROM after AS row")}
    ELSIF TG_OP = 'DELETE' THEN
        {self._change(f"SELECT {self._keys}, -1 AS step FROM before AS row")}
    ELSIF TG_OP = 'UPDATE' THEN
        {
            self._change(
                f"SELECT {self._keys}, 1 AS step FROM after AS row "
                f"UNION ALL SELECT {self._keys}, -1 AS step FROM before AS row"
            )
        }
    ELSE
        DELETE FROM {self.table};
    END IF;
    RETURN NULL;
END $$
"""  # noqa: S608
        given = {
            "INSERT": "REFERENCING NEW TABLE AS after",
            "DELETE": "REFERENCING OLD TABLE AS before",
            "UPDATE": "REFERENCING OLD TABLE AS before NEW TABLE AS after",
            "TRUNCATE": "",
        }
        triggers = (
            f"CREATE TRIGGER {self.table}_{act.lower()} AFTER {act} ON {self.source} {tables} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {self.table}_keep()"
            for act, tables in given.items()
        )
        return function, *triggers

    def _change(self, steps: str) -> str:
        return (
            f"INSERT INTO {self.table} AS kept SELECT {self._names}, sum(step) FROM ({steps}) AS steps "  # noqa: S608
            f"GROUP BY {self._names} HAVING sum(step) <> 0 ORDER BY {self._names} "
            f"ON CONFLICT ({self._names}) DO UPDATE SET {self.number} = kept.{self.number} + excluded.{self.number};"
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
