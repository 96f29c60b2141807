"""Counts that are kept, because counting would walk the table: one row per combination of what lists are narrowed by.

Triggers of the database keep them, in the transaction of the change: whoever inserts, deletes or rolls back, in
whatever number, the counts are right. `verify` compares them with the rows, `repair` counts anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from shared_lib.statements import ask

from .engine import Database
from .row_level_security import all_tenants


@dataclass(frozen=True, kw_only=True)
class CounterTable:
    """Keeps in `table` how many rows of `source` there are. `by` names the columns of `table`, with their types, that
    tell rows apart; `values` says what each is for a row of `source` called `row`. The number is in `number`.
    """

    table: str
    source: str
    by: Mapping[str, str]
    values: Mapping[str, str]
    number: str

    def create(self) -> tuple[str, ...]:
        """The statements that make the table, fill it and keep it, for a service's own migration.

        The rows are locked against writers until the migration ends: else what is written meanwhile is not counted.
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
        """How many counts are wrong, by one statement's view of the rows. Walks the table."""
        return int(ask(session, f"SELECT count(*) AS wrong FROM ({self._wrong}) AS found")[0].wrong)  # noqa: S608

    def repair(self, session: Session) -> int:
        """Count anew whatever is wrong, with writers kept out meanwhile; answers how many counts were."""
        ask(session, f"LOCK TABLE {self.source} IN SHARE ROW EXCLUSIVE MODE")
        names = self._names
        return len(
            ask(
                session,
                f"INSERT INTO {self.table} SELECT {names}, found FROM ({self._wrong}) AS wrong "  # noqa: S608
                f"ON CONFLICT ({names}) DO UPDATE SET {self.number} = excluded.{self.number} RETURNING 1",
            )
        )

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
        """Once per statement, however many rows it changes; in order of the key, so that two never wait crosswise.

        SECURITY DEFINER: who writes rows needs no right to touch the counts.
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


def run_check(database: Database, tally: CounterTable, *, repair: bool) -> tuple[int, str]:
    """Verify, or repair; answers the exit code and a sentence. `database` is connected as the owner of the tables."""
    with database.begin(all_tenants("counts")) as session:
        wrong = tally.repair(session) if repair else tally.verify(session)
    if not wrong:
        return 0, "All counts are right."
    return (0, f"{wrong} counts repaired.") if repair else (1, f"{wrong} counts are wrong; `counts repair` mends them.")
