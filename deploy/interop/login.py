"""Logging in at an OpenID provider as a browser does: authorization code with PKCE, and the provider's own forms."""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

BACK = "http://127.0.0.1:9/back"
CLIENT = ("portal", "of-a-provider-that-lives-for-a-minute")
TIMEOUT = 20


@dataclass(frozen=True)
class Provider:
    issuer: str

    def described(self) -> dict[str, Any]:
        """What it says about itself (OpenID Connect Discovery)."""
        found: dict[str, Any] = requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=TIMEOUT).json()
        return found

    def tokens(self, person: str, resource: str) -> dict[str, Any]:
        """What the token endpoint gives for a person who has logged in and agreed."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        places = self.described()
        asked = {
            "client_id": CLIENT[0],
            "response_type": "code",
            "redirect_uri": BACK,
            "scope": "openid pauses",
            "resource": resource,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        code = _authorised(places["authorization_endpoint"], asked, person)
        given = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": BACK,
            "code_verifier": verifier,
            "resource": resource,
        }
        return self._token(places, given)

    def client_token(self, resource: str) -> str:
        """A token that speaks for the client itself, not for a person."""
        given = {"grant_type": "client_credentials", "scope": "pauses", "resource": resource}
        return str(self._token(self.described(), given)["access_token"])

    @staticmethod
    def _token(places: dict[str, Any], given: dict[str, str]) -> dict[str, Any]:
        answer = requests.post(places["token_endpoint"], data=given, auth=CLIENT, timeout=TIMEOUT)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def _authorised(endpoint: str, asked: dict[str, str], person: str) -> str:
    """The code, after filling in whatever forms come up."""
    with requests.Session() as browser:
        answer = browser.get(endpoint, params=asked, allow_redirects=False, timeout=TIMEOUT)
        for _ in range(12):
            if answer.is_redirect:
                target = urljoin(answer.url, answer.headers["Location"])
                if target.startswith(BACK):
                    return parse_qs(urlsplit(target).query)["code"][0]
                answer = browser.get(target, allow_redirects=False, timeout=TIMEOUT)
            else:
                action = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
                assert action, answer.text[:2000]
                hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', answer.text))
                filled = {**hidden, "login": person, "password": "any"}
                target = urljoin(answer.url, action[1])
                answer = browser.post(target, data=filled, allow_redirects=False, timeout=TIMEOUT)
    raise AssertionError("the provider goes on asking")
