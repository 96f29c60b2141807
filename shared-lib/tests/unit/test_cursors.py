"""A cursor has exactly one text, and no other text is accepted."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from marshmallow import ValidationError
from shared_lib.ids import opaque_id
from shared_lib.pagination import Cursor
from shared_lib.web.pagination import MAX_CURSOR_LENGTH, CursorField, encode_cursor, serial_number

MOMENT = datetime(2026, 3, 19, 14, 30, 0, 123456, tzinfo=UTC)
LAPSE = UUID("0b5e7c9a-1d2f-4a3b-8c4d-5e6f708192a3")
TEXT = "2026-03-19T14:30:00.123456"
EVENTS, LAPSES, AUDIT = (CursorField(kind, metadata={}) for kind in (opaque_id, UUID, serial_number))


def coded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("field", "id_"),
    [(EVENTS, "pn_8a1b2c3d4e5f"), (EVENTS, "x" * 64), (LAPSES, LAPSE), (AUDIT, 1), (AUDIT, 2**63 - 1)],
)
@pytest.mark.parametrize(
    "moment",
    [
        MOMENT,
        MOMENT.replace(microsecond=0),
        datetime(2000, 1, 1, tzinfo=UTC),
        datetime(2099, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        MOMENT.astimezone(timezone(timedelta(hours=5, minutes=45))),
    ],
)
def test_a_cursor_is_read_to_the_microsecond(field: CursorField, id_: str | UUID | int, moment: datetime) -> None:
    cursor = encode_cursor(Cursor(moment, id_))

    assert field.deserialize(cursor) == Cursor(moment, id_)
    assert len(cursor) <= MAX_CURSOR_LENGTH


@pytest.mark.parametrize(
    ("field", "cursor"),
    [
        *((EVENTS, text) for text in ("", "x", "%", "æ", "\0", "\ud800", "=", "====", "A" * 5000, coded(TEXT))),
        *((EVENTS, coded(f"{TEXT} {id_}")) for id_ in ("", " pn_1", "pn_1 ", "pn_1\n", "=x", "x" * 65, "x\0", "æ")),
        (EVENTS, f"{coded(f'{TEXT} pn_12')}="),
        (EVENTS, f"{coded(f'{TEXT} pn_1')}\n"),
        (EVENTS, coded(f"{TEXT} pn_1").replace("MjAy", "MjAy\n", 1)),
        (EVENTS, f"{coded(f'{TEXT} pn_12')[:-1]}{chr(ord(coded(f'{TEXT} pn_12')[-1]) + 1)}"),  # a bit that says nothing
        *(
            (EVENTS, coded(f"{moment} pn_1"))
            for moment in (
                *("", "now", "1773930600", "2026-03-19", "2026-03-19 14:30:00.123456", "2026-03-19T14:30:00"),
                *(
                    "2026-03-19T14:30:00.123",
                    f"{TEXT}Z",
                    f"{TEXT}+00:00",
                    f"{TEXT}+01:75",
                    "2026-W12-4T14:30:00.123456",
                    f"+{TEXT}",
                ),
                *("20260319T143000.123456", "2026-02-30T00:00:00.000000", "2026-03-19T24:00:00.000000"),
                *("1999-12-31T23:59:59.999999", "2100-01-01T00:00:00.000000", "0001-01-01T00:00:00.000000"),
                *("9999-12-31T23:59:59.999999", "0000-01-01T00:00:00.000000", "-2026-03-19T14:30:00.123456"),
            )
        ),
        *((LAPSES, coded(f"{TEXT} {id_}")) for id_ in ("pn_1", str(LAPSE).upper(), f"{{{LAPSE}}}", LAPSE.hex, "1")),
        *(
            (AUDIT, coded(f"{TEXT} {id_}"))
            for id_ in ("0", "-1", "+1", "01", "1_0", "1.0", "1e3", "", "x", str(2**63), "9" * 70, "\u0661")
        ),
    ],
)
def test_other_texts_are_refused(field: CursorField, cursor: str) -> None:
    with pytest.raises(ValidationError, match="Give a cursor"):
        field.deserialize(cursor)
