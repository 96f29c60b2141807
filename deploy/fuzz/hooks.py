"""What JSON Schema cannot say about our input, for schemathesis (SCHEMATHESIS_HOOKS): which times are possible."""

from datetime import UTC, datetime

import schemathesis
from hypothesis import strategies

FIRST, LAST = datetime(2000, 1, 2), datetime(2099, 12, 30)  # noqa: DTZ001 - hypothesis adds the zone
"""The documents say it in words: from 2000 until 2100 in UTC."""

schemathesis.openapi.format(
    "date-time",
    strategies.datetimes(FIRST, LAST, timezones=strategies.just(UTC)).map(
        lambda moment: moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    ),
)
