"""Queries are read strictly, and what was understood once is understood the same way again."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from marshmallow import Schema, fields
from shared_lib.web.input import KNOWN_QUERIES, StrictParser
from shared_lib.web.pagination import PageQuerySchema
from shared_lib.web.problems import Problem


class ParcelQuerySchema(PageQuerySchema):
    weight = fields.Integer()


class LetterQuerySchema(Schema):
    page = fields.String()


@pytest.fixture
def client() -> FlaskClient:
    """/parcels and /letters say how they understood a query, and spoil what they were given."""
    app, parser = Flask(__name__), StrictParser()

    def understood(schema: type[Schema]) -> dict[str, Any]:
        query = parser.parse(schema, location="query")
        said = {name: str(value) for name, value in query.items()}
        query.clear()
        return said

    app.add_url_rule("/parcels", "parcels", lambda: understood(ParcelQuerySchema))
    app.add_url_rule("/letters", "letters", lambda: understood(LetterQuerySchema))
    app.register_error_handler(Problem, lambda problem: ({"refused": True}, problem.status))
    return app.test_client()


def test_the_same_query_means_the_same_again(client: FlaskClient) -> None:
    said = [client.get("/parcels?page=2&weight=7").json for _ in range(3)]
    assert said[0] == {"page": "PageRequest(page=2, limit=20, after=None, before=None)", "weight": "7"}
    assert said[1:] == said[:1] * 2


def test_another_query_and_another_list_are_read_by_themselves(client: FlaskClient) -> None:
    said = [client.get(address).json for address in ("/parcels?weight=7", "/parcels?weight=8", "/letters?page=x")]
    assert [one.get("weight") for one in said if one] == ["7", "8", None]
    assert client.get("/letters?page=2").json == {"page": "2"}


def test_what_is_refused_is_refused_again(client: FlaskClient) -> None:
    assert [client.get("/parcels?weight=heavy").status_code for _ in range(2)] == [422, 422]
    assert client.get("/letters?weight=7").status_code == 422


def test_however_many_queries_come_each_is_understood(client: FlaskClient) -> None:
    for number in range(KNOWN_QUERIES * 2 + 1):
        assert client.get(f"/parcels?weight={number}").json == {
            "page": "PageRequest(page=1, limit=20, after=None, before=None)",
            "weight": str(number),
        }
