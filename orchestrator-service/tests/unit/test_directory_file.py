"""Reading a directory file: what a spreadsheet may hold, and how mistakes are named."""

import io
from datetime import UTC, date, datetime

import pytest
from orchestrator_service.domain.directory_file import COLUMNS, Line, read_line
from shared_lib.csv_file import CsvFile, Problem

from ..builders import a_file, assignment, certification, mentor, organisation


def read(content: bytes) -> tuple[list[Line], list[Problem]]:
    """The lines, and the problems of the text and of the lines."""
    noted: list[Problem] = []
    file = CsvFile(io.BytesIO(content), first="record", columns=COLUMNS, report=noted.append)
    lines = [read_line(number, cells) for number, cells in file]
    noted += (Problem(line.number, *finding) for line in lines for finding in line.problems)
    return lines, sorted(noted, key=lambda problem: problem.line)


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_comma_or_semicolon_with_or_without_byte_order_mark(delimiter: str, mark: bytes) -> None:
    lines, problems = read(mark + a_file(organisation("nhf"), mentor("m1", "oslo|bergen"), delimiter=delimiter))

    assert problems == []
    assert [line.number for line in lines] == [2, 3]
    assert lines[1].cells["chapters"] == ["oslo", "bergen"]


def test_columns_may_be_few_and_in_any_order_after_the_first() -> None:
    lines, problems = read(b'"Record",name,id\r\norganisation,NHF,nhf\r\n\r\n')

    assert problems == []
    assert lines[0].cells == {"id": "nhf", "name": "NHF"}


@pytest.mark.parametrize("person", ["-v-l9_jYdAqJLhBkXZx0kq3c=", "_kari", "auth0|5f7c8ec7", "pm_551e8400"])
def test_ids_of_sign_in_providers_are_people_s_ids(person: str) -> None:
    lines, problems = read(a_file(organisation("nhf"), mentor(person, "oslo")))

    assert problems == []
    assert lines[1].cells["id"] == person


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("id", "=1+1"),
        ("id", ""),
        ("id", "x" * 65),
        ("id", "a b"),
        ("id", "../x"),
        ("name", ""),
        ("name", "x" * 201),
        ("name", "Kari\x00"),
        ("name", "Kari\r\nBcc: x@y"),
        ("name", "Kari\u202eevil"),
        ("name", "Kari\u200bevil"),
        ("name", "Kari\u00adevil"),
        ("name", "Kari\u2060evil"),
        ("name", "Kari\ufeffevil"),
        ("email", "kari"),
        ("email", "kari@@example.org"),
        ("email", "kåre@@example.org"),
        ("email", "kåre lunde@example.org"),
        ("email", "kari@faß.example"),  # two standards, two addresses
        ("email", "kari@σπίτις.example"),
        ("email", "kari@blå\u200dkors.no"),
        ("email", "Kari <kari@example.org>"),
        ("email", "kari@example.org, ola@example.org"),
        ("email", "kari@-example.org"),
        ("email", "x" * 65 + "@example.org"),
        ("channels", "email|fax"),
        ("locale", "no"),
        ("push_token", "a token"),
        ("chapters", "oslo|"),
        ("chapters", "a|b|c|d|e|f"),
        ("active", "maybe"),
        ("expires", "2026-01-01"),
    ],
)
def test_a_wrong_cell_is_reported_with_line_and_column(column: str, cell: str) -> None:
    _, problems = read(a_file(organisation("nhf"), {**mentor("m1"), column: cell}))

    assert [(problem.line, problem.column) for problem in problems] == [(3, column)]
    assert not cell or cell not in problems[0].reason


@pytest.mark.parametrize(
    ("cell", "meaning"),
    [
        ("2026-04-01", date(2026, 4, 1)),
        ("01.04.2026", date(2026, 4, 1)),
        ("1.4.2026", date(2026, 4, 1)),
        ("2026-04-01T02:00:00+02:00", datetime(2026, 4, 1, tzinfo=UTC)),
        ("2026-04-01 05:45:00.0009+0545", datetime(2026, 4, 1, tzinfo=UTC)),
        ("2026-03-31T23:00Z", datetime(2026, 3, 31, 23, tzinfo=UTC)),
    ],
)
def test_dates_as_spreadsheets_write_them(cell: str, meaning: date) -> None:
    lines, problems = read(a_file(certification("m1", cell)))

    assert problems == []
    assert lines[0].cells["expires"] == meaning


@pytest.mark.parametrize(
    "cell",
    [
        "2026-04-31",
        "1999-12-31",
        "9999-12-31T23:59:59-12:00",
        "2026-04-01T00:00",
        "4/1/26",
        "",
        "2026-04-01T00:00:00+01:75",
        "2026-04-01T00:00:00+0160",
        "2026-04-01T00:00:00-24:00",
        "2026-04-01T00:00:00+01:30:15",
        "2026-04-01T24:00:00Z",
    ],
)
def test_dates_that_are_none(cell: str) -> None:
    _, problems = read(a_file(certification("m1", cell)))

    assert [problem.column for problem in problems] == ["expires"]


@pytest.mark.parametrize(
    ("cell", "meaning"), [("TRUE", True), ("ja", True), ("SANN", True), ("0", False), ("Nei", False)]
)
def test_yes_and_no_in_two_languages(cell: str, meaning: bool) -> None:
    lines, _ = read(a_file(assignment("c1", "oslo", primary=cell)))

    assert lines[0].cells["primary"] is meaning


def test_a_time_zone_must_exist() -> None:
    _, problems = read(a_file(organisation("a", time_zone="Europe/Oslo"), organisation("b", time_zone="../etc/passwd")))

    assert [(problem.line, problem.column) for problem in problems] == [(3, "time_zone")]


def test_every_mistake_of_a_line_is_named() -> None:
    _, problems = read(a_file({"record": "mentor", "id": "m1", "expires": "2026-01-01", "email": "x"}))

    assert {problem.column for problem in problems} == {"organisation", "name", "expires", "email"}


def test_a_line_with_a_wrong_cell_still_stands_for_itself() -> None:
    """Otherwise one bad chapter would be reported again for each of its mentors."""
    lines, _ = read(a_file(mentor("m1", locale="xx")))

    assert lines[0].is_placeable
    assert "locale" not in lines[0].cells


def test_an_unknown_record_and_too_many_cells_are_named() -> None:
    _, problems = read(b"record,id,name\nmember,x,y\norganisation,nhf,NHF,more\n")

    assert [(problem.line, problem.column) for problem in problems] == [(2, "record"), (3, "")]


@pytest.mark.parametrize("name", ["ن\u200cما", "क्\u200dष", "Kari\u00a0Lunde", "Åse-Márjá Dálvi"])
def test_joiners_are_part_of_names(name: str) -> None:
    lines, problems = read(a_file(mentor("m1", name=name)))

    assert problems == []
    assert lines[0].cells["name"] == name


@pytest.mark.parametrize(
    ("cell", "address"),
    [
        ("post@blåkors.no", "post@xn--blkors-jua.no"),
        ("post@BLÅKORS.no", "post@xn--blkors-jua.no"),
        ("post@bla\u030akors.no", "post@xn--blkors-jua.no"),  # as a Mac writes it
        ("post@ávžži.øksnes.no", "post@xn--vi-lia34da.xn--ksnes-uua.no"),
        ("Post@xn--blkors-jua.no", "Post@xn--blkors-jua.no"),
    ],
)
@pytest.mark.parametrize("column", ["email", "reply_to"])
def test_an_internationalised_domain_is_read_in_the_form_in_which_it_goes_out(
    column: str, cell: str, address: str
) -> None:
    lines, problems = read(a_file(mentor("m1", email=cell) if column == "email" else organisation("o", reply_to=cell)))

    assert problems == []
    assert lines[0].cells[column] == address


@pytest.mark.parametrize("cell", ["kåre@example.org", "øyvind.ås@blåkors.no", "गीता@example.org"])
def test_an_address_that_mail_servers_may_not_take_is_left_out_with_a_sentence(cell: str) -> None:
    lines, problems = read(a_file(mentor("m1", email=cell)))

    assert problems == []
    assert "email" not in lines[0].cells
    assert [(column, "SMTPUTF8" in reason) for column, reason in lines[0].warnings] == [("email", True)]
