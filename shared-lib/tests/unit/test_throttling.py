"""Rate limits answer 429 per principal, address and organisation, and no header of a client evades them."""

import pytest
from flask.testing import FlaskClient
from shared_lib.rate_limit import RateLimits
from shared_lib.web.problems import DETAILS
from shared_lib_testing.issuer import Issuer, bearer

from ..small_service import AUDIENCE, a_service

THREE = RateLimits(per_principal=3, per_organisation=5)


def headers(issuer: Issuer, subject: str, organisation: str | None = "oslo", role: str = "clerk") -> dict[str, str]:
    return bearer(issuer.person(subject, role, organisation, audience=AUDIENCE))


def statuses(client: FlaskClient, path: str, times: int, **options: object) -> list[int]:
    return [client.get(path, **options).status_code for _ in range(times)]  # type: ignore[arg-type]


def test_a_principal_over_the_limit_gets_the_seconds_to_wait(issuer: Issuer) -> None:
    client = a_service(issuer, limits=THREE).test_client()
    assert statuses(client, "/mine", 3, headers=headers(issuer, "kari")) == [200] * 3

    answer = client.get("/mine", headers=headers(issuer, "kari"))

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "20")
    assert answer.mimetype == "application/problem+json"
    assert answer.get_json()["detail"] == DETAILS[429]
    assert client.get("/mine", headers=headers(issuer, "ola")).status_code == 200


def test_an_organisation_is_limited_as_a_whole_and_others_are_not(issuer: Issuer) -> None:
    client = a_service(issuer, limits=THREE).test_client()
    assert [client.get("/mine", headers=headers(issuer, f"p{number}")).status_code for number in range(6)] == [
        *[200] * 5,
        429,
    ]
    assert client.get("/mine", headers=headers(issuer, "anne", "bergen")).status_code == 200


def test_a_request_with_a_missing_role_counts_and_a_bad_token_counts_for_no_principal(issuer: Issuer) -> None:
    client = a_service(issuer, limits=THREE).test_client()
    assert statuses(client, "/mine", 5, headers={"Authorization": "Bearer x.y.z"}) == [401] * 5
    assert statuses(client, "/mine", 4, headers=headers(issuer, "kari", role="guest")) == [403, 403, 403, 429]


def test_services_are_not_limited(issuer: Issuer) -> None:
    client = a_service(issuer, limits=THREE, allow_anonymous=True).test_client()
    other_client = bearer(issuer.service("post", audience=AUDIENCE))
    assert statuses(client, "/internal", 10, headers=other_client) == [200] * 10
    assert statuses(client, "/open", 10, headers=other_client) == [200] * 10


@pytest.mark.parametrize("path", ["/livez", "/metrics", "/openapi.json"])
def test_probes_and_documents_are_not_limited(issuer: Issuer, path: str) -> None:
    client = a_service(issuer, limits=THREE, allow_anonymous=True).test_client()
    assert statuses(client, path, 10) == [200] * 10


@pytest.mark.parametrize("trusted", [0, 1, 2])
def test_without_a_token_the_address_counts_and_forged_addresses_do_not(issuer: Issuer, trusted: int) -> None:
    limits = RateLimits(per_principal=3, trusted_proxies=trusted)
    client = a_service(issuer, limits=limits, allow_anonymous=True).test_client()
    ours = ["198.51.100.7", "10.0.0.1"][:trusted]

    answers = [
        client.get("/open", headers={"X-Forwarded-For": ", ".join([f"203.0.113.{number}", *ours])}).status_code
        for number in range(5)
    ]

    assert answers == [200, 200, 200, 429, 429]


def test_behind_our_proxy_each_client_has_an_allowance_of_its_own(issuer: Issuer) -> None:
    client = a_service(
        issuer, limits=RateLimits(per_principal=1, trusted_proxies=1), allow_anonymous=True
    ).test_client()
    assert statuses(client, "/open", 2, headers={"X-Forwarded-For": "198.51.100.7"}) == [200, 429]
    assert statuses(client, "/open", 2, headers={"X-Forwarded-For": "198.51.100.8"}) == [200, 429]


def test_an_ipv6_network_is_one_client(issuer: Issuer) -> None:
    client = a_service(issuer, limits=RateLimits(per_principal=2), allow_anonymous=True).test_client()
    answers = [
        client.get("/open", environ_base={"REMOTE_ADDR": address}).status_code
        for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::3", "2001:db8:0:1::1")
    ]
    assert answers == [200, 200, 429, 200]
