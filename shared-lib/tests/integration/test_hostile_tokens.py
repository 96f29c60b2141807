"""Hundreds of hostile tokens: each gets its exact status, all refusals one body, and none leads to another address."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from shared_lib_testing.issuer import Issuer
from werkzeug.test import TestResponse

from ..hostile_tokens import GROUPS, Attacker
from ..small_service import a_service

SAME = {"X-Request-ID": "the-same-for-all"}


def but_the_challenge(answer: TestResponse) -> tuple[tuple[str, str], ...]:
    return tuple(header for header in answer.headers if header[0] != "WWW-Authenticate")


class Trap:
    """A listener that the tokens name. Whoever connects is counted."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.visits = 0
        threading.Thread(target=self._count, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}/keys.json"

    def _count(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.visits += 1
            connection.close()


@pytest.fixture(scope="module")
def trap() -> Iterator[Trap]:
    trap = Trap()
    yield trap
    with socket.create_connection(trap.socket.getsockname()):
        pass
    while trap.visits == 0:  # our own visit shows that the trap works; anybody earlier would have been first
        threading.Event().wait(0.01)
    trap.socket.close()
    assert trap.visits == 1


@pytest.fixture(scope="module")
def attacker(trap: Trap) -> Attacker:
    return Attacker(trap.address)


@pytest.fixture(scope="module")
def client(attacker: Attacker, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    directory = tmp_path_factory.mktemp("attacked")
    Path(directory / "people.jwks").write_text(attacker.jwks)
    Path(directory / "services.jwks").write_text(Path(issuer.service_jwks).read_text())
    return a_service(replace(issuer, directory=directory)).test_client()


@pytest.mark.parametrize("group", GROUPS)
def test_each_is_answered_with_exactly_its_status(
    group: str, client: FlaskClient, attacker: Attacker, trap: Trap
) -> None:
    cases = list(GROUPS[group](attacker))
    answers = [client.get("/mine", headers={**SAME, "Authorization": header}) for _, header, _ in cases]

    wrong = [
        (name, answer.status_code)
        for (name, _, status), answer in zip(cases, answers, strict=True)
        if answer.status_code != status
    ]
    assert wrong == []
    refusals = {(answer.data, but_the_challenge(answer)) for answer in answers if answer.status_code == 401}
    assert len(refusals) <= 1, "one body and the same headers but the challenge, whatever the fault"
    assert trap.visits == 0


def test_there_are_many_of_them(attacker: Attacker) -> None:
    tokens = {header for group in GROUPS.values() for _, header, status in group(attacker) if status == 401}
    assert len(tokens) >= 500


def test_no_token_at_all_is_answered_like_a_bad_one(client: FlaskClient) -> None:
    without = client.get("/mine", headers=SAME)
    bad = client.get("/mine", headers={**SAME, "Authorization": "Bearer x"})
    assert without.data == bad.data
    assert but_the_challenge(without) == but_the_challenge(bad)


@pytest.mark.parametrize("group", GROUPS)
def test_none_authenticates_as_a_service(group: str, client: FlaskClient, attacker: Attacker) -> None:
    for name, header, _ in GROUPS[group](attacker):
        assert client.get("/internal", headers={"Authorization": header}).status_code == 401, name
