"""What JSON Schema cannot say about our input, for schemathesis (SCHEMATHESIS_HOOKS): which times are possible, and
what a cursor looks like.
"""

from base64 import urlsafe_b64encode
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

PLACES = strategies.tuples(
    strategies.datetimes(FIRST, LAST),
    strategies.uuids() | strategies.from_regex(r"pn_[0-9a-f]{12}", fullmatch=True) | strategies.integers(1, 10**6),
)
"""Each list reads one of these kinds of id and refuses the others."""

schemathesis.openapi.format(
    "cursor",
    PLACES.map(
        lambda place: (
            urlsafe_b64encode(f"{place[0].isoformat(timespec='microseconds')} {place[1]}".encode())
            .rstrip(b"=")
            .decode()
        )
    ),
)
