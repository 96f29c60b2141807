"""Problem documents are short whatever was sent, name their problem, and say what is wrong with a token or a role."""

import json
import re
import time
from typing import Any

import pytest
from flask.testing import FlaskClient
from shared_lib.auth.service_tokens import public_jwk
from shared_lib.rate_limit import RateLimits
from shared_lib_testing.issuer import Issuer, bearer

from ..small_service import AUDIENCE, a_service

JSON = {"Content-Type": "application/json"}
MAX_BYTES = 8 * 1024
TYPE = "urn:pause-notices:problem:"


@pytest.fixture
def client(issuer: Issuer) -> FlaskClient:
    return a_service(issuer, allow_anonymous=True).test_client()


@pytest.mark.parametrize(
    "document",
    [
        {f"member{number}": 1 for number in range(3000)},
        {"a" * 60_000: 1},
        {"\N{PERSON CLIMBING}" * 100 + str(number): 1 for number in range(100)},
        {'"\\' * 300 + str(number): 1 for number in range(50)},
        {"name": {f"member{number}": 1 for number in range(3000)}},
        {"boxes": [{f"member{number}": 1} for number in range(1000)]},
        {"boxes": [{"weight": "x"}] * 3000},
        {"tags": [1] * 10_000},
        [],
    ],
    ids=["many", "long", "emoji", "quotes", "nested", "strays in a list", "faults in a list", "list", "no object"],
)
def test_a_body_full_of_faults_is_answered_with_a_few(client: FlaskClient, document: Any) -> None:
    body = json.dumps(document, ensure_ascii=False).encode()
    answer = client.put("/parcel", data=body, headers=JSON)
    assert (answer.status_code, answer.json["type"]) == (422, f"{TYPE}invalid-fields")
    assert len(answer.data) <= MAX_BYTES
    assert 1 <= len(answer.json["errors"]) <= 20
    assert "{}" not in json.dumps(answer.json["errors"])


@pytest.mark.parametrize(
    "path",
    ["/" + "a" * 4000, "/" + '"' * 4000, "/" + "%F0%9F%A7%97" * 340, "/broken/" + "x" * 4000, "/open?" + "a" * 9000],
    ids=["long", "quotes", "emoji", "id", "query"],
)
def test_a_long_address_makes_no_long_document(client: FlaskClient, path: str) -> None:
    answer = client.delete(path)
    assert answer.status_code in (404, 405)
    assert len(answer.data) <= MAX_BYTES


def test_many_query_parameters_make_no_long_document(client: FlaskClient) -> None:
    answer = client.get("/sorted?" + "&".join(f"q{number}=1" for number in range(900)))
    assert (answer.status_code, len(answer.json["errors"])) == (422, 20)
    assert len(answer.data) <= MAX_BYTES


@pytest.mark.parametrize(
    ("method", "path", "options", "name"),
    [
        ("PUT", "/parcel", {"data": b"{", "headers": JSON}, "malformed-json"),
        ("PUT", "/parcel", {"data": b"{}", "headers": JSON}, "invalid-fields"),
        ("PUT", "/parcel", {"data": b"x"}, "unsupported-media-type"),
        ("PUT", "/parcel", {"data": b" " * 70_000, "headers": JSON}, "content-too-large"),
        ("PUT", "/parcel", {"data": b'{"name": "x"}', "headers": {**JSON, "If-Match": "x" * 2000}}, "bad-if-match"),
        ("GET", "/mine", {}, "unauthorized"),
        ("GET", "/nowhere", {}, "not-found"),
        ("DELETE", "/open", {}, "method-not-allowed"),
        ("GET", "/broken/x", {}, "internal-server-error"),
        ("GET", "/busy", {}, "service-unavailable"),
        ("GET", "/lost", {}, "parcel-is-lost"),
        ("GET", "/late", {}, "idempotency-key-reused"),
    ],
)
def test_every_problem_has_a_name(
    client: FlaskClient, method: str, path: str, options: dict[str, Any], name: str
) -> None:
    assert client.open(path, method=method, **options).json["type"] == TYPE + name


def test_an_error_may_say_when_to_try_again(client: FlaskClient) -> None:
    answer = client.get("/lost")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "17")


def test_a_challenge_says_what_is_wrong_and_the_body_is_always_the_same(client: FlaskClient, issuer: Issuer) -> None:
    now = int(time.time())

    def token(**claims: Any) -> str:
        return f"Bearer {issuer.person('kari', 'clerk', 'oslo', audience=claims.pop('aud', AUDIENCE), **claims)}"

    good = token()
    said = {
        good[:-4] + "AAAA": "The signature of the token is wrong.",
        token(exp=now - 60): "The token has expired.",
        token(nbf=now + 60): "The token is not valid yet.",
        token(exp=now + 90_000): "The token is valid for longer than is accepted.",
        token(aud="letters"): "The token is for another audience.",
        token(iss="https://elsewhere.test"): "The token is from another issuer.",
        token(sub=7): "A claim of the token is missing or unusable.",
        token(filler="x" * 9000): "The token has more than 8192 bytes.",
        "Bearer a.b.c": "The token is not a well-formed JSON Web Token.",
        "Basic a2FyaTp4": "The Authorization header must be Bearer and a token.",
        f"Bearer {issuer.service('post', audience=AUDIENCE)}": "No trusted key has the kid and the alg of the token.",
    }
    same = {"X-Request-ID": "the-same-for-all"}
    bodies = {client.get("/mine", headers=same).data}
    for header, sentence in said.items():
        answer = client.get("/mine", headers={**same, "Authorization": header})
        assert answer.headers["WWW-Authenticate"] == f'Bearer error="invalid_token", error_description="{sentence}"'
        assert answer.status_code == 401
        bodies.add(answer.data)
    assert len(bodies) == 1
    assert client.get("/mine").headers["WWW-Authenticate"] == "Bearer", "nothing was sent that could be wrong"
    assert public_jwk(issuer.person_key)["kid"] not in bodies.pop().decode()


def test_a_missing_role_is_answered_with_the_roles_that_may(client: FlaskClient, issuer: Issuer) -> None:
    answer = client.get("/mine", headers=bearer(issuer.person("kari", ["guest", "Gjest"], "oslo", audience=AUDIENCE)))
    assert (answer.status_code, answer.json["type"]) == (403, f"{TYPE}role-missing")
    assert answer.json["detail"] == "Roles that may do this: clerk."


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        *((f"application/json; charset={name}", 200) for name in ("utf8", "UTF-8", "UTF8", "utf_8", '"utf8"', "U8")),
        ("application/json;charset=us-ascii", 200),
        ("Application/JSON ; Charset=utf-8", 200),
        ("application/json; version=1", 200),
        *((f"application/json; charset={name}", 415) for name in ("latin1", "utf-16", "utf-8-sig", "x" * 300, "''")),
        ("text/plain; charset=utf8", 415),
    ],
)
def test_utf8_has_several_names(client: FlaskClient, content_type: str, status: int) -> None:
    answer = client.put("/parcel", data=b'{"name": "x"}', headers={"Content-Type": content_type})
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("::ffff:198.51.100.7", "::ffff:198.51.100.8", False),
        ("::ffff:198.51.100.7", "198.51.100.7", True),
        ("64:ff9b::c633:6407", "64:ff9b::c633:6408", False),
        ("64:ff9b::c633:6407", "::ffff:198.51.100.7", True),
        ("2001:db8::1", "2001:db8::2", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("198.51.100.7:50001", "198.51.100.7:50002", True),
        ("198.51.100.7:50001", "198.51.100.8:50001", False),
        ("[2001:db8::1]:50001", "2001:db8::2", True),
        ("[::ffff:198.51.100.7]:50001", "198.51.100.7", True),
    ],
)
def test_each_ipv4_client_has_its_own_allowance(issuer: Issuer, one: str, other: str, is_same: bool) -> None:
    client = a_service(issuer, limits=RateLimits(per_principal=1), allow_anonymous=True).test_client()
    statuses = [client.get("/open", environ_base={"REMOTE_ADDR": address}).status_code for address in (one, other)]
    assert statuses == [200, 429 if is_same else 200]


@pytest.mark.parametrize("parcel_id", ["-v-l9_jYdAqJLhBkXZx0kq3c=", "_x", "auth0|5f7c8ec7", "pm_551e8400", "a" * 64])
def test_ids_of_sign_in_providers_stand_in_addresses(client: FlaskClient, parcel_id: str) -> None:
    pattern = client.get("/openapi.json").json["paths"]["/broken/{parcel_id}"]["parameters"][0]["schema"]["pattern"]
    assert client.get(f"/broken/{parcel_id}").status_code == 500
    assert re.search(pattern, parcel_id)


@pytest.mark.parametrize("parcel_id", [".", "..", "=x", "|x", "a" * 65, "a b", "a/b", "æ", "a%0A"])
def test_other_texts_are_no_ids(client: FlaskClient, parcel_id: str) -> None:
    assert client.get(f"/broken/{parcel_id}").status_code == 404
