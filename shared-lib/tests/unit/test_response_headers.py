"""Every response has a request id and the security headers."""

import pytest
from flask.testing import FlaskClient
from shared_lib.rate_limit import RateLimits
from shared_lib_testing.issuer import Issuer, bearer

from ..small_service import AUDIENCE, SECRET, a_service

JSON = {"Content-Type": "application/json"}
REQUEST_ID = "asked-by-a-test"


@pytest.fixture
def client(issuer: Issuer) -> FlaskClient:
    return a_service(issuer, allow_anonymous=True).test_client()


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/open", {}, 200),
        ("HEAD", "/open", {}, 200),
        ("OPTIONS", "/open", {}, 200),
        ("GET", "/parcels/parcels/open", {}, 404),
        ("PUT", "/parcel", {"data": b"{}", "headers": JSON}, 422),
        ("PUT", "/parcel", {"data": b"{", "headers": JSON}, 400),
        ("PUT", "/parcel", {"data": b"x"}, 415),
        ("PUT", "/parcel", {"data": b" " * 70_000, "headers": JSON}, 413),
        ("PUT", "/parcel", {"data": b'{"name": "x"}', "headers": {**JSON, "If-Match": '"v2"'}}, 412),
        ("GET", "/mine", {}, 401),
        ("GET", "/nowhere", {}, 404),
        ("DELETE", "/open", {}, 405),
        ("GET", "/broken/x", {}, 500),
        ("GET", "/busy", {}, 503),
        ("GET", "/readyz", {}, 503),
        ("GET", "/livez", {}, 200),
        ("GET", "/metrics", {}, 200),
        ("GET", "/openapi.json", {}, 200),
        ("GET", "/docs/", {}, 200),
        ("GET", "/docs/swagger-ui.css", {}, 200),
        ("GET", "/docs/nothing.js", {}, 404),
    ],
)
def test_every_response_has_them(method: str, path: str, options: dict, status: int, client: FlaskClient) -> None:
    given = {"X-Request-ID": REQUEST_ID, **options.pop("headers", {})}
    answer = client.open(path, method=method, headers=given, **options)

    assert answer.status_code == status
    assert answer.headers["X-Request-ID"] == REQUEST_ID
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert SECRET not in answer.get_data(as_text=True)


def test_the_responses_of_refused_requests_have_the_headers(issuer: Issuer) -> None:
    client = a_service(issuer, limits=RateLimits(per_principal=1)).test_client()
    guest = bearer(issuer.person("kari", "guest", "oslo", audience=AUDIENCE))
    for status in (403, 429):
        answer = client.get("/mine", headers=guest)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (status, "no-store")


@pytest.mark.parametrize("range_", ["bytes=0-1", "bytes=0-0,0-0", "x=1"])
def test_a_page_of_the_documentation_in_parts_is_harmless(range_: str, client: FlaskClient) -> None:
    answer = client.get("/docs/swagger-ui.css", headers={"Range": range_})
    assert answer.status_code in (200, 206, 416)
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_page_of_the_documentation_that_has_not_changed_is_not_sent_again(client: FlaskClient) -> None:
    tag = client.get("/docs/swagger-ui.css").headers["ETag"]
    answer = client.get("/docs/swagger-ui.css", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.data) == (304, b"")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
