"""The smallest web service there can be, for tests of how services are served: /slow takes two seconds."""

import threading
from pathlib import Path

from flask_smorest import Blueprint
from shared_lib import deadline
from shared_lib.auth.jwks import KeySet
from shared_lib.auth.tokens import TokenVerifier
from shared_lib.clock import utc_now
from shared_lib.web.app import build_app
from shared_lib.web.auth import Authenticator
from shared_lib.web.json_input import Blueprint as StrictBlueprint
from shared_lib.web.openapi import ProblemSchema

blp: Blueprint = StrictBlueprint("tiny", __name__)


@blp.get("/slow")
def slow() -> dict[str, bool]:
    threading.Event().wait(2)
    return {"done": True}


@blp.get("/left")
def left() -> dict[str, float | None]:
    return {"left": deadline.left()}


@blp.post("/echo")
@blp.arguments(ProblemSchema)
def echo(body: dict[str, object]) -> dict[str, object]:
    return body


nobody = TokenVerifier(keys=KeySet(str(Path("/dev/null"))), issuer="", audience="", clock=utc_now)
application = build_app(
    __name__,
    title="Tiny",
    base_path="/tiny",
    blueprints=[blp],
    error_table={},
    authenticator=Authenticator(people=nobody, allow_anonymous=True),
    checks={},
)
