"""The OpenAPI document, and the examples that the notification service tests against."""

import json
from pathlib import Path

from flask.testing import FlaskClient

CONTRACT = Path(__file__).parents[2] / "contract"


def test_the_document_in_the_repository_is_the_one_served(client: FlaskClient) -> None:
    """If a change is intended, run `make openapi`."""
    assert json.loads((CONTRACT / "openapi.json").read_text()) == client.get("/openapi.json").json


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
