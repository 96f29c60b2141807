"""The log has one line per request, without personal data."""

import ast
import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import shared_lib
import structlog
from flask.testing import FlaskClient
from shared_lib.observability import logging as json_logging
from shared_lib_testing.issuer import Issuer, bearer

from ..small_service import AUDIENCE, SECRET, a_service

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """The lines logged since the last call, exactly as a service writes them."""
    root, output = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    with redirect_stdout(output):
        json_logging.configure("parcels")

    def taken() -> list[dict[str, Any]]:
        written = output.getvalue()
        output.seek(0)
        output.truncate()
        return [json.loads(line) for line in written.splitlines()]

    yield taken
    root.handlers[:], root.level = before, level
    structlog.reset_defaults()


@pytest.fixture
def client(issuer: Issuer) -> FlaskClient:
    return a_service(issuer, allow_anonymous=True).test_client()


def person(issuer: Issuer, subject: str) -> dict[str, str]:
    return bearer(issuer.person(subject, "clerk", "oslo", audience=AUDIENCE))


def test_a_request_is_one_line_with_its_route_and_never_its_address(client: FlaskClient, lines: Lines) -> None:
    client.get(f"/broken/{SECRET}?name={SECRET}", headers={"X-Request-ID": "asked-by-a-test", "User-Agent": SECRET})

    failure, request = lines()
    assert set(request) == {
        *("event", "level", "logger", "timestamp", "service", "request_id"),
        *("method", "route", "status", "duration_ms", "principal"),
    }
    assert (request["event"], request["request_id"]) == ("request", "asked-by-a-test")
    assert (request["method"], request["route"], request["status"]) == ("GET", "/broken/<identifier:parcel_id>", 500)
    assert request["principal"] is None
    assert request["duration_ms"] >= 0
    assert failure["exception"].startswith("ValueError < ")
    assert SECRET not in json.dumps([failure, request])


def test_principals_have_a_code_instead_of_their_name(client: FlaskClient, lines: Lines, issuer: Issuer) -> None:
    for subject in ("kari.nordmann", "kari.nordmann", "ola.nordmann"):
        client.get("/mine", headers=person(issuer, subject))

    kari, again, ola = (line["principal"] for line in lines())
    assert kari == again != ola
    assert len(kari) == len(ola) == 12
    assert "nordmann" not in kari + ola


def test_refusals_are_one_line_each_without_what_was_sent(client: FlaskClient, lines: Lines) -> None:
    client.put("/parcel", json={"name": 7, SECRET: SECRET})
    client.get(f"/nowhere/{SECRET}")
    client.get("/mine", headers={"Authorization": f"Bearer {SECRET}.x.y"})
    client.open("/open", method=SECRET.upper())

    logged = lines()
    assert [line["status"] for line in logged if line["event"] == "request"] == [422, 404, 401, 405]
    assert SECRET.lower() not in json.dumps(logged).lower()


def test_quotes_of_libraries_and_unknown_fields_are_dropped(lines: Lines) -> None:
    logging.getLogger("some.library").warning("cannot send to %s", SECRET)
    structlog.get_logger("shared_lib.x").warning("parcel.lost", name=SECRET, count=3)
    for name in ("some.library", "gunicorn.error"):
        logging.getLogger(name).error("failed for %s", SECRET, exc_info=KeyError(SECRET))
    logging.getLogger("gunicorn.error").warning("worker %s left", 7)

    logged = lines()
    assert [line["event"] for line in logged] == [
        "cannot send to %s",
        "parcel.lost",
        "failed for %s",
        "failed for %s",
        "worker 7 left",
    ]
    assert (logged[1]["count"], logged[2]["exception"]) == (3, "KeyError")
    assert SECRET not in json.dumps(logged)


def test_probes_are_not_logged(client: FlaskClient, lines: Lines) -> None:
    for path in ("/livez", "/readyz", "/metrics"):
        client.get(path)
    assert lines() == []


def logged_fields(source: Path) -> Iterator[str]:
    """The names of the fields in the calls of `log` in a module."""
    for node in ast.walk(ast.parse(source.read_text())):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="log")), keywords=keywords):
                yield from (keyword.arg for keyword in keywords if keyword.arg is not None)


def test_every_field_that_a_module_logs_is_allowed() -> None:
    sources = Path(shared_lib.__file__).parents[3].glob("*/src/*/**/*.py")
    logged = {name for source in sources for name in logged_fields(source)}

    assert "outbox_id" in logged
    assert logged - {"exc_info"} <= json_logging.ALLOWED
