"""Which errors of PostgreSQL say that its server is in trouble, by SQLSTATE (appendix A of its documentation)."""

from collections.abc import Mapping
from enum import Enum

import psycopg

from shared_lib.errors import Unavailable


class Trouble(Enum):
    """A retry helps. BUSY: the connection is good. STUCK: so it is, and the next transactions must not wait as long.
    LOST: no connection that was made before then can be used any more.
    """

    BUSY = "busy"
    STUCK = "stuck"
    LOST = "lost"


TROUBLE: Mapping[str, Trouble] = {
    "08": Trouble.LOST,  # connection exceptions
    "25006": Trouble.LOST,  # read_only_sql_transaction: a standby, or default_transaction_read_only
    "25P03": Trouble.LOST,  # idle_in_transaction_session_timeout
    "25P04": Trouble.STUCK,  # transaction_timeout
    "26000": Trouble.LOST,  # invalid_sql_statement_name: a pooler has emptied the session
    "40": Trouble.BUSY,  # transaction rollbacks, such as a conflict with recovery
    "40P01": Trouble.STUCK,  # deadlock_detected
    "42P05": Trouble.LOST,  # duplicate_prepared_statement: a pooler has given us a used session
    "53": Trouble.BUSY,  # insufficient resources: disk, memory, connections
    "55": Trouble.BUSY,  # objects that are in use
    "55P03": Trouble.STUCK,  # lock_not_available
    "57": Trouble.LOST,  # operator intervention: shutdown, crash, recovery
    "57014": Trouble.STUCK,  # query_canceled, also by statement_timeout
    "58": Trouble.LOST,  # system errors: files of the server
    "72": Trouble.LOST,  # snapshot_too_old
    "XX": Trouble.LOST,  # internal errors and broken files of the server
}
"""By the whole code, else by its class, the first two characters."""


def trouble_of(error: BaseException | None) -> Trouble | None:
    """None for a fault of our code."""
    if not isinstance(error, psycopg.Error):
        return None
    state = error.sqlstate or ""
    if error.diag.source_function == "RevalidateCachedQuery":
        return Trouble.LOST  # 0A000: a table has other columns than when the connection prepared its statement
    rest = Trouble.BUSY if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) else None
    return TROUBLE.get(state) or TROUBLE.get(state[:2]) or rest


def unavailable(error: BaseException | None) -> Unavailable:
    """With the SQLSTATE as its reason, if there is one."""
    return Unavailable(f"database_{getattr(error, 'sqlstate', None) or 'unreachable'}")
