"""Query strings of lists are read strictly, by the schema of the list."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from marshmallow import Schema, fields
from shared_lib.web.json_input import StrictParser
from shared_lib.web.pagination import PageQuerySchema
from shared_lib.web.problems import Problem


class ParcelQuerySchema(PageQuerySchema):
    weight = fields.Integer()


class BranchQuerySchema(Schema):
    page = fields.String()


@pytest.fixture
def client() -> FlaskClient:
    """/parcels and /letters answer with the query as their schema reads it."""
    app, parser = Flask(__name__), StrictParser()

    def understood(schema: type[Schema]) -> dict[str, Any]:
        query = parser.parse(schema, location="query")
        return {name: str(value) for name, value in query.items()}

    app.add_url_rule("/parcels", "parcels", lambda: understood(ParcelQuerySchema))
    app.add_url_rule("/letters", "letters", lambda: understood(BranchQuerySchema))
    app.register_error_handler(Problem, lambda problem: ({"refused": True}, problem.status))
    return app.test_client()


def test_each_list_reads_its_own_query(client: FlaskClient) -> None:
    said = [client.get(address).json for address in ("/parcels?weight=7", "/parcels?weight=8", "/letters?page=x")]
    assert [one.get("weight") for one in said if one] == ["7", "8", None]
    assert client.get("/letters?page=2").json == {"page": "2"}


def test_unknown_and_bad_parameters_are_refused(client: FlaskClient) -> None:
    addresses = ("/parcels?weight=heavy", "/letters?weight=7", "/parcels?page=0", "/parcels?limit=101")
    assert [client.get(address).status_code for address in addresses] == [422] * 4


def test_a_page_has_its_defaults(client: FlaskClient) -> None:
    assert client.get("/parcels").json == {"page": "PageRequest(page=1, limit=20, after=None, before=None)"}
