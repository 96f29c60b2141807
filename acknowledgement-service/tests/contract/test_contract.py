"""The OpenAPI document, and the examples that the notification service tests against."""

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

CONTRACT = Path(__file__).parents[2] / "contract"


def test_the_document_in_the_repository_is_the_one_served(client: FlaskClient) -> None:
    """If a change is intended, run `make openapi`."""
    assert json.loads((CONTRACT / "openapi.json").read_text()) == client.get("/openapi.json").json


OF_OPEN_LAPSES = (
    "get-lapse-state",
    "reassign-lapse",
    "coordinator-has-left",
    "put-certification",
    "certification-not-required",
)
"""The examples that begin with the lapse that put-lapse opens."""


def test_every_example_is_tested() -> None:
    assert {file.stem for file in (CONTRACT / "examples").iterdir()} == {"put-lapse", *OF_OPEN_LAPSES}


@pytest.mark.parametrize("name", OF_OPEN_LAPSES)
def test_an_open_lapse_is_answered_moved_and_closed_as_the_notification_service_expects(
    client: FlaskClient, as_service: dict[str, str], name: str
) -> None:
    opening, example = (
        json.loads((CONTRACT / "examples" / f"{each}.json").read_text()) for each in ("put-lapse", name)
    )
    opened, request, expected = opening["request"], example["request"], example["response"]
    client.put(opened["path"], json=opened["body"], headers=as_service)

    answer = client.open(request["path"], method=request["method"], json=request.get("body"), headers=as_service)

    assert (answer.status_code, list(answer.json.items())) == (expected["status"], list(expected["body"].items()))


def test_opening_a_lapse_answers_as_the_notification_service_expects(
    client: FlaskClient, as_service: dict[str, str]
) -> None:
    example = json.loads((CONTRACT / "examples" / "put-lapse.json").read_text())
    request, expected = example["request"], example["response"]

    answer = client.open(request["path"], method=request["method"], json=request["body"], headers=as_service)

    given = {"acknowledgement_id", "created_at"}
    assert answer.status_code == expected["status"]
    assert list(answer.json) == list(expected["body"])
    assert {k: v for k, v in answer.json.items() if k not in given} == {
        k: v for k, v in expected["body"].items() if k not in given
    }
