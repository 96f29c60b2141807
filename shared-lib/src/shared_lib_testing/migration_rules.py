"""What a migration may do while the previous release is serving: each statement is looked at before it runs.

Squawk knows which statements of PostgreSQL lock or rewrite a table, or take away what older code still uses.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared_lib.errors import MigrationRefused
from sqlalchemy import Connection, event

POSTGRES_VERSION = "18"
TAKES_AWAY = frozenset(
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

_SEEN_TO = ("prefer-", "ban-char-field", "require-lock-timeout", "require-statement-timeout")
"""Rules of taste, and what `migrate` sets for all of them."""


class Watch:
    """Refuses statements of one revision that break a rule which the revision does not accept by name.

    A migration file accepts a rule with the reason why it does no harm here, and names the oldest code that can live
    with the result: `accepts = {"ban-drop-column": "nobody reads it since 0007"}`, `oldest_code = "0007"`.
    """

    def __init__(self, connection: Connection, revision: str, module: Any) -> None:
        self._connection = connection
        self._revision = revision
        self._accepted: Mapping[str, str] = getattr(module, "accepts", {})
        self._said = ""
        self._known: set[tuple[Any, ...]] = set()
        if getattr(module, "oldest_code", None) is None and TAKES_AWAY & self._accepted.keys():
            raise MigrationRefused(f"Migration {revision} takes something away and names no `oldest_code`.")

    def __enter__(self) -> "Watch":
        event.listen(self._connection, "before_cursor_execute", self._look)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self._connection, "before_cursor_execute", self._look)

    def _look(self, connection: Connection, _: Any, statement: str, parameters: Any, *__: Any) -> None:
        if parameters or statement.startswith("BEGIN"):
            return  # rows are read or written; what changes a table takes no parameters
        alone = connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
        if alone:
            self._said, self._known = "", set()
        self._said += statement.replace("%%", "%") + ";\n"
        for finding in _findings(self._said, in_transaction=not alone):
            place = (finding["rule_name"], finding["line"], finding["column"])
            if place not in self._known and finding["rule_name"] not in self._accepted:
                raise MigrationRefused(f"Migration {self._revision}: {_sentence(finding, statement)}")
            self._known.add(place)


def _findings(statements: str, *, in_transaction: bool) -> list[dict[str, Any]]:
    """What squawk has against these statements, in their order, leaving out what is seen to."""
    command = [_squawk(), "--reporter", "json", "--pg-version", POSTGRES_VERSION]
    command += ["--assume-in-transaction"] if in_transaction else []
    # squawk answers 1 when it has found something, and what it found as JSON.
    answer = subprocess.run(command, input=statements, capture_output=True, text=True, check=False)  # noqa: S603
    if answer.returncode not in (0, 1):
        raise MigrationRefused(f"The rules for migrations could not be checked: {answer.stderr.strip()}")
    found: list[dict[str, Any]] = json.loads(answer.stdout or "[]")
    return [finding for finding in found if not finding["rule_name"].startswith(_SEEN_TO)]


def _squawk() -> str:
    """The program as it was installed beside this Python, else the one on the path."""
    beside = Path(sys.executable).with_name("squawk")
    found = str(beside) if beside.exists() else shutil.which("squawk")
    if found is None:
        raise MigrationRefused("The rules for migrations could not be checked: squawk-cli is not installed.")
    return found


def _sentence(finding: Mapping[str, Any], statement: str) -> str:
    advice = finding.get("help") or ""
    first_line = " ".join(statement.split())[:120]
    return f"{finding['message']} {advice} (rule {finding['rule_name']}; see deploy/README.md) In: {first_line}"
