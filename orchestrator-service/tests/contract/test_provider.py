"""The documents and examples that others rely on."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from ..builders import COORDINATOR, DAY, certification
from ..conftest import Headers, Import
from ..fakes import MovableClock

CONTRACT = Path(__file__).parents[2] / "contract"
EXAMPLES = sorted((CONTRACT / "examples").glob("*.json"))
AsPerson = Callable[..., Headers]
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ROLES = {"PUT": "org_admin", "DELETE": "global_admin"}


def shape(value: Any) -> Any:
    """Names, order and kinds of members, without their values; of a list, its first item."""
    if isinstance(value, dict):
        return [(name, shape(member)) for name, member in value.items()]
    if isinstance(value, list):
        return ["list", *(shape(member) for member in value[:1])]
    if isinstance(value, str):
        return "moment" if MOMENT.fullmatch(value) else "text"
    return type(value).__name__


def asked(client: FlaskClient, as_person: AsPerson, example: dict[str, Any], event_id: str) -> Any:
    request = example["request"]
    of_admins = ("/api/v1/audit", "/api/v1/mentors/")
    usual = "org_admin" if request["path"].startswith(of_admins) else "coordinator"
    role = usual if request["path"].startswith("/api/v1/mentors") else ROLES.get(request["method"], usual)
    headers = as_person(COORDINATOR, role)
    path = request["path"].replace("pn_8a1b2c3d4e5f", event_id)
    return client.open(path, method=request["method"], json=request["body"], headers=headers)


def test_the_published_document_is_the_one_served(client: FlaskClient) -> None:
    """After a change on purpose: `make openapi`."""
    assert json.loads((CONTRACT / "openapi.json").read_text()) == client.get("/openapi.json").json


def test_every_operation_of_the_document_has_its_example() -> None:
    document = json.loads((CONTRACT / "openapi.json").read_text())

    assert len(EXAMPLES) == sum(
        len(set(path) & {"get", "post", "put", "delete"}) for path in document["paths"].values()
    )


@pytest.fixture
def certified(directory: None, bring_in: Import, clock: MovableClock) -> None:
    """A mentor with a certification that ends in a while."""
    bring_in(certification("pm_662f9511", f"{clock() + 100 * DAY:%Y-%m-%d}"))


@pytest.mark.usefixtures("certified")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_answered_in_its_shape(client: FlaskClient, as_person: AsPerson, path: Path) -> None:
    recording = json.loads((CONTRACT / "examples" / "record-event.json").read_text())
    recorded = asked(client, as_person, recording, "")
    example = json.loads(path.read_text())

    answer = recorded if example == recording else asked(client, as_person, example, recorded.json["id"])

    assert answer.status_code == example["response"]["status"]
    assert shape(answer.json) == shape(example["response"]["body"])
