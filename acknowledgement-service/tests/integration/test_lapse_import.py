"""Importing lapse records of another system: all or none, each mistake with its line, nothing that breaks a list."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from acknowledgement_service.__main__ import main
from acknowledgement_service.domain.access import ANONYMOUS
from acknowledgement_service.domain.model import Lapse
from acknowledgement_service.usecases.lapse_import import COLUMNS, LapseImport, Report
from acknowledgement_service.usecases.lapses import Lapses
from flask.testing import FlaskClient
from shared_lib.audit import ENTRIES
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib_testing.issuer import Issuer
from sqlalchemy import func, select

from ..builders import a_lapse, an_opening
from ..conftest import MovableClock

BASE = "/api/v1/lapse-acknowledgements"
SAMPLE = Path(__file__).parents[3] / "deploy" / "sample" / "lapses.csv"


def a_row(lapse: Lapse | None = None, **cells: str) -> dict[str, str]:
    lapse = lapse or a_lapse()
    row = {
        "acknowledgement_id": str(lapse.id),
        "notification_id": str(lapse.notification_id),
        "mentor_id": lapse.mentor_id,
        "coordinator_id": lapse.coordinator_id,
        "organisation_id": lapse.organisation_id,
        "expiry_date": lapse.expiry_date.isoformat(),
        "created_at": lapse.created_at.isoformat(),
    }
    return {**row, **cells}


def a_file(*rows: dict[str, str], separator: str = ",", columns: tuple[str, ...] = COLUMNS) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=separator, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@pytest.fixture
def environ(issuer: Issuer, note_encryption_keys: Path, database_url: str) -> dict[str, str]:
    return issuer.environ(DATABASE_URL=database_url, NOTE_ENCRYPTION_KEYS=str(note_encryption_keys))


@pytest.fixture
def lapse_import(database: Database, clock: MovableClock) -> LapseImport:
    return LapseImport(database=database, clock=clock)


def bring_in(lapse_import: LapseImport, *rows: dict[str, str], dry_run: bool = False) -> Report:
    return lapse_import.run(io.BytesIO(a_file(*rows)), dry_run=dry_run)


def found(report: Report) -> list[tuple[int, str]]:
    return [(problem.line, problem.column) for problem in report.problems.in_order()]


def stored(client: FlaskClient) -> int:
    answer = client.get(BASE)
    assert answer.status_code == 200
    return int(answer.json["pagination"]["total"])


def test_records_are_imported_once(
    lapse_import: LapseImport, lapses: Lapses, database: Database, clock: MovableClock
) -> None:
    known = lapses.open(an_opening(), by="notification-service").lapse
    records = [Lapse.opened(an_opening(), lapse_id=uuid4(), at=clock.now.replace(microsecond=0)) for _ in range(3)]

    assert bring_in(lapse_import, *map(a_row, [known, *records[:2]])).new == 2
    assert bring_in(lapse_import, *map(a_row, records)).new == 1
    assert [lapses.find(record.id, principal=ANONYMOUS) for record in records] == records
    with database.begin(all_tenants("test")) as session:
        opened = select(func.count()).select_from(ENTRIES).where(ENTRIES.c.action == "opened")
        assert session.scalar(opened) == 4


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("acknowledgement_id", "x"),
        ("acknowledgement_id", ""),
        ("notification_id", "b2c3d4e5-f6a7-8901-bcde"),
        ("mentor_id", ""),
        ("mentor_id", "x" * 65),
        ("coordinator_id", "a b"),
        ("organisation_id", "\u200blhl"),
        ("expiry_date", ""),
        ("expiry_date", "9999-12-31T23:59:59-12:00"),
        ("expiry_date", "0001-01-01T00:00:00+00:00"),
        ("expiry_date", "1999-12-31T23:59:59Z"),
        ("expiry_date", "2100-01-01T00:00:00Z"),
        ("expiry_date", "2026-04-01"),
        ("expiry_date", "2026-04-01T00:00:00"),
        ("expiry_date", "2026-04-01T00:00:00+01:75"),
        ("created_at", "2026-04-31T00:00:00Z"),
        ("created_at", "2099-01-01T00:00:00Z"),
        ("created_at", "1.4.2026"),
    ],
)
def test_a_wrong_cell_keeps_everything_out_and_no_list_breaks(
    lapse_import: LapseImport, client: FlaskClient, column: str, cell: str
) -> None:
    report = bring_in(lapse_import, a_row(), a_row(**{column: cell}), a_row())

    assert found(report) == [(3, column)]
    assert not cell or cell not in report.problems.shown[0].reason
    assert stored(client) == 0


def test_every_mistake_of_every_line_is_named(lapse_import: LapseImport) -> None:
    report = bring_in(lapse_import, a_row(mentor_id="", created_at="x"), a_row(), a_row(notification_id="y"))

    assert found(report) == [(2, "mentor_id"), (2, "created_at"), (4, "notification_id")]


def test_a_record_that_stands_twice_or_takes_the_id_of_another_is_named(
    lapse_import: LapseImport, client: FlaskClient
) -> None:
    first, known = a_lapse(), a_lapse()
    bring_in(lapse_import, a_row(known))
    report = bring_in(
        lapse_import,
        a_row(first),
        a_row(a_lapse(id=first.id)),
        a_row(a_lapse(notification_id=first.notification_id)),
        a_row(a_lapse(id=known.id)),
    )

    assert found(report)[:2] == [(3, "acknowledgement_id"), (4, "notification_id")]
    assert found(bring_in(lapse_import, a_row(), a_row(a_lapse(id=known.id)))) == [(3, "acknowledgement_id")]
    assert stored(client) == 1


def test_a_dry_run_reports_the_same_and_writes_nothing(lapse_import: LapseImport, client: FlaskClient) -> None:
    rows = [a_row(), a_row()]

    assert bring_in(lapse_import, *rows, dry_run=True).new == 2
    assert stored(client) == 0
    assert bring_in(lapse_import, *rows).new == 2


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_command_reads_what_spreadsheets_write(
    client: FlaskClient, environ: dict[str, str], tmp_path: Path, separator: str, encoding: str
) -> None:
    path = tmp_path / "lapses.csv"
    columns = tuple(reversed(COLUMNS))
    path.write_bytes(a_file(a_row(), separator=separator, columns=columns).decode().encode(encoding))

    assert main(["lapses", "import", str(path)], environ) == 0
    assert stored(client) == 1


@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_that_is_missing_is_named(
    environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], column: str
) -> None:
    path = tmp_path / "lapses.csv"
    path.write_bytes(a_file(a_row(), separator=";", columns=tuple(name for name in COLUMNS if name != column)))

    assert main(["lapses", "import", str(path)], environ) == 1
    errors = capsys.readouterr().err
    assert f"{path}:1: {column}: the first line must name" in errors
    assert "1 problems. Nothing was imported." in errors


def test_the_sample_is_imported_and_imported_again(
    client: FlaskClient, environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lapses", "import", str(SAMPLE), "--dry-run"], environ) == 0
    assert main(["lapses", "import", str(SAMPLE)], environ) == 0
    assert main(["lapses", "import", str(SAMPLE)], environ) == 0

    assert capsys.readouterr().out.splitlines() == [
        "1 records read, 1 of them new.",
        "Dry run: nothing was imported.",
        "1 records read, 1 of them new.",
        "1 records read, 0 of them new.",
    ]
    assert stored(client) == 1


def test_a_time_is_stored_to_the_second(lapse_import: LapseImport, lapses: Lapses, clock: MovableClock) -> None:
    lapse = a_lapse(created_at=(clock.now - timedelta(days=1)).replace(microsecond=123456))
    bring_in(lapse_import, a_row(lapse))

    assert lapses.find(lapse.id, principal=ANONYMOUS).created_at == lapse.created_at.replace(microsecond=0)
