"""What a migration may do while the previous release is serving: tests show squawk every statement.

Squawk knows which statements of PostgreSQL lock or rewrite a table, or remove what older code still uses.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from shared_lib.database.engine import Database
from shared_lib.database.migrations import migrate
from shared_lib.database.schema_revision import revision_of_database
from sqlalchemy import Connection, Engine, event

POSTGRES_VERSION = "18"
REMOVING = frozenset(
    [
        "adding-required-field",
        "ban-drop-column",
        "ban-drop-table",
        "ban-truncate-cascade",
        "changing-column-type",
        "renaming-column",
        "renaming-table",
    ]
)
"""A revision that accepts one of these must name the oldest code that does not need what it takes away."""

_IGNORED = ("prefer-", "ban-char-field", "require-lock-timeout", "require-statement-timeout")
"""Rules of taste, and settings that `migrate` makes for all revisions."""


class RuleBroken(Exception):
    """A migration would lock or break the release that is running."""


def migrate_by_rules(database: Database, migrations: Path, privileges: Mapping[str, str]) -> None:
    """`migrate`, one revision at a time, and raise RuleBroken at the first statement that breaks a rule.

    The first revision of an empty database is not checked: no release is running on it.

    A migration file may accept a rule with the reason why it does no harm there. One that removes something names the
    oldest code that runs on the result: `accepts = {"ban-drop-column": "not read since 0007"}`, `oldest_code = "0007"`.
    """
    for script in reversed(list(ScriptDirectory(str(migrations)).walk_revisions())):
        present = revision_of_database(database)
        if present is None:
            migrate(database, migrations, {}, target=script.revision)
        elif present < script.revision:
            with _Check(database.engine, script.revision, script.module):
                migrate(database, migrations, {}, target=script.revision)
    migrate(database, migrations, privileges)


class _Check:
    """Looks at the statements of one revision inside the block."""

    def __init__(self, engine: Engine, revision: str, module: Any) -> None:
        self._engine = engine
        self._revision = revision
        self._accepted: Mapping[str, str] = getattr(module, "accepts", {})
        self._statements = ""
        self._known: set[tuple[Any, ...]] = set()
        if getattr(module, "oldest_code", None) is None and REMOVING & self._accepted.keys():
            raise RuleBroken(f"Migration {revision} removes something and names no `oldest_code`.")

    def __enter__(self) -> None:
        event.listen(self._engine, "before_cursor_execute", self._look)

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._look)

    def _look(self, connection: Connection, _: Any, statement: str, parameters: Any, *__: Any) -> None:
        if parameters or statement.startswith("BEGIN"):
            return  # rows are read or written; what changes a table has no parameters
        is_alone = connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
        if is_alone:
            self._statements, self._known = "", set()
        self._statements += statement.replace("%%", "%") + ";\n"
        for finding in _findings(self._statements, in_transaction=not is_alone):
            place = (finding["rule_name"], finding["line"], finding["column"])
            if place not in self._known and finding["rule_name"] not in self._accepted:
                raise RuleBroken(f"Migration {self._revision}: {_sentence(finding, statement)}")
            self._known.add(place)


def _findings(statements: str, *, in_transaction: bool) -> list[dict[str, Any]]:
    """What squawk finds in these statements, in their order, without the ignored rules."""
    command = [_squawk(), "--reporter", "json", "--pg-version", POSTGRES_VERSION]
    command += ["--assume-in-transaction"] if in_transaction else []
    # squawk exits with 1 when it has found something, and prints it as JSON.
    answer = subprocess.run(command, input=statements, capture_output=True, text=True, check=False)  # noqa: S603 - squawk
    if answer.returncode not in (0, 1):
        raise RuleBroken(f"The rules for migrations could not be checked: {answer.stderr.strip()}")
    found: list[dict[str, Any]] = json.loads(answer.stdout or "[]")
    return [finding for finding in found if not finding["rule_name"].startswith(_IGNORED)]


def _squawk() -> str:
    """The program as it was installed beside this Python, else the one on the path."""
    beside = Path(sys.executable).with_name("squawk")
    found = str(beside) if beside.exists() else shutil.which("squawk")
    if found is None:
        raise RuleBroken("The rules for migrations could not be checked: squawk-cli is not installed.")
    return found


def _sentence(finding: Mapping[str, Any], statement: str) -> str:
    advice = finding.get("help") or ""
    first_line = " ".join(statement.split())[:120]
    return f"{finding['message']} {advice} (rule {finding['rule_name']}; see deploy/README.md) In: {first_line}"
