"""Requests to the running system, shown together with their answers."""

import json
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import requests
from keys import mint
from ready import Caller

TIMEOUT_SECONDS = 20.0
_EXPECTED = {
    "GET": {HTTPStatus.OK},
    "POST": {HTTPStatus.CREATED, HTTPStatus.OK},
    "PUT": {HTTPStatus.OK},
    "DELETE": {HTTPStatus.OK},
}


class Unexpected(Exception):
    """The system answered otherwise than its contract says."""


class Conversation:
    def __init__(self, description: Mapping[str, Any]) -> None:
        self._description = description
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy between us and this machine
        self.count = 0

    def ask(
        self, title: str, method: str, target: str, *, caller: Caller | None = None, body: object = None
    ) -> dict[str, Any]:
        """Ask once and show it; raises Unexpected when the answer is not a good one."""
        return self.ask_until(lambda _: True, title, method, target, caller=caller, body=body)

    def ask_until(
        self,
        suffices: Callable[[dict[str, Any]], bool],
        title: str,
        method: str,
        target: str,
        *,
        caller: Caller | None = None,
        body: object = None,
    ) -> dict[str, Any]:
        """Ask until the answer suffices, and show the last one: what happens in the background takes a moment."""
        self.count += 1
        print(f"\n── {self.count}. {title} ".ljust(100, "─"))
        print(f"{method} {target}" + (f"   as {caller.role} {caller.subject}" if caller else ""))
        _show(body)
        deadline = time.monotonic() + TIMEOUT_SECONDS
        answer, document = self._exchange(method, target, caller, body)
        while answer.status_code in _EXPECTED[method] and not suffices(document) and time.monotonic() < deadline:
            time.sleep(0.1)
            answer, document = self._exchange(method, target, caller, body)
        print(f"→ {answer.status_code} {answer.reason}")
        _show(document)
        if answer.status_code not in _EXPECTED[method] or not suffices(document):
            raise Unexpected(f"{method} {target} answered {answer.status_code}, see above")
        return document

    def _exchange(
        self, method: str, target: str, caller: Caller | None, body: object
    ) -> tuple[requests.Response, dict[str, Any]]:
        token = mint(self._description, **caller._asdict()) if caller else None
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self._description['gateway']}{target}"
        try:
            answer = self._session.request(method, url, json=body, headers=headers, timeout=35)
            document: dict[str, Any] = answer.json()
        except requests.RequestException as error:
            raise Unexpected(f"{method} {target}: {type(error).__name__}") from error
        return answer, document


def _show(document: object) -> None:
    if document is not None:
        print(json.dumps(document, indent=2, ensure_ascii=False))
