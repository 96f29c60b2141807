"""CSV files as spreadsheets really export them: what is certain is read, the rest gets a sentence that is true."""

import io
import os
import threading

import pytest
from shared_lib.csv_file import CsvFile, Problem, UnreadableFile

Rows = list[tuple[int, dict[str, str]]]
ROWS: Rows = [
    (2, {"id": "1", "name": "Åse Sørlie", "place": "Bærum"}),
    (3, {"id": "2", "name": "Per", "place": "Voss"}),
]
WINDOWS_TEXT = "id;name;place\r\n1;Åse Sørlie;Bærum\r\n2;Per;Voss\r\n"


def read(content: bytes) -> tuple[Rows, list[Problem]]:
    problems: list[Problem] = []
    file = CsvFile(io.BytesIO(content), first="id", columns=["id", "name", "place"], report=problems.append)
    return [(number, dict(cells)) for number, cells in file], problems


def refusal(content: bytes) -> Problem:
    with pytest.raises(UnreadableFile) as caught:
        read(content)
    return caught.value.problem


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_separator_line_end_and_encoding(separator: str, line_end: str, encoding: str) -> None:
    text = WINDOWS_TEXT.replace(";", separator).replace("\r\n", line_end)

    assert read(text.encode(encoding)) == (ROWS, [])


@pytest.mark.parametrize("hint", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_the_hint_for_excel_is_no_header(hint: str, encoding: str) -> None:
    rows, problems = read(f"{hint}\r\n{WINDOWS_TEXT}".encode(encoding))

    assert problems == []
    assert [(number - 1, cells) for number, cells in rows] == ROWS


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"id,name\n1,\x96 dash\n", ""),  # Windows-1252 or a Macintosh
        (b"id,name\n1,K\x8cre\n", ""),  # å on an old Macintosh
        (b"id,name\n1,K\x86re\n", ""),  # å in DOS
        (b"id,name\n1,\xc3\xa5\n2,K\xe5re\n", "å"),  # two encodings
        (b"id,name\n1,K\xe5re\n2,\xc3\xa5\n", "Kåre"),
    ],
)
def test_text_whose_encoding_is_not_certain_is_named(content: bytes, name: str) -> None:
    rows, problems = read(content)

    line = 3 if name else 2
    assert [(problem.line, "CSV UTF-8" in problem.reason) for problem in problems] == [(line, True)]
    assert not name or rows[0][1]["name"] == name


def test_dashes_and_quotes_are_certain_once_a_name_has_shown_the_encoding() -> None:
    rows, problems = read("id;name\n1;Kåre\n2;Ås – «Šipá»\n".encode("cp1252"))

    assert problems == []
    assert rows[1][1]["name"] == "Ås – «Šipá»"


def test_a_cell_may_contain_separators_quotes_and_line_breaks() -> None:
    rows, problems = read(b'"ID",place\r\n1,"a, ""b""\r\nc"\r\n\r\n2,d,,\r\n')

    assert problems == []
    assert rows == [(2, {"id": "1", "place": 'a, "b"\r\nc'}), (5, {"id": "2", "place": "d"})]


@pytest.mark.parametrize("row", ["1|a|b|c", "1|a"])
def test_a_bar_that_may_belong_to_a_cell_is_not_guessed(row: str) -> None:
    _, problems = read(f"id|name|place\n{row}\n2|b|c\n".encode())

    assert [problem.line for problem in problems] == [2]


@pytest.mark.parametrize(
    ("content", "line", "word"),
    [
        (b"", 1, "name the columns"),
        (b"\n", 1, "name the columns"),
        (b"name,id\n", 1, "beginning with id"),
        (b"id:name\n", 1, "name the columns"),
        (b"sep=;\nid,name\n", 2, "name the columns"),
        (b"id,shoe size\n", 1, "is not a column"),
        (b"id,name;place\n", 1, "is not a column"),
        (b"id,id\n", 1, "twice"),
        (b'id,name\n1,"open\n', 2, "quotation mark"),
        (b"id\n" + b"x" * 20_000, 2, "longer"),
        (b"PK\x03\x04\x14\x00rest of a workbook", 1, "not a CSV file"),
        ("id,name\n1,x".encode("utf-16")[:-1], 2, "utf-16"),
        ("id,name\n1,\ud800\n".encode("utf-16", "surrogatepass"), 1, "utf-16"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line_and_reason(content: bytes, line: int, word: str) -> None:
    problem = refusal(content)

    assert (problem.line, word in problem.reason) == (line, True), problem


def test_a_pipe_is_read_as_it_comes() -> None:
    reading, writing = os.pipe()

    def write() -> None:
        with open(writing, "wb", buffering=0) as pipe:
            for byte in range(0, len(content), 7):
                pipe.write(content[byte : byte + 7])

    content = WINDOWS_TEXT.encode("utf-16")
    thread = threading.Thread(target=write)
    thread.start()
    with open(reading, "rb") as pipe:
        rows = list(CsvFile(pipe, first="id", columns=["id", "name", "place"], report=lambda _: None))
    thread.join()

    assert rows == ROWS
