"""The smallest web service there can be, for tests of how services are served: /slow takes two seconds."""

import threading
from pathlib import Path

from flask_smorest import Blueprint
from shared_lib import deadline
from shared_lib.clock import utc_now
from shared_lib.keys import KeySet
from shared_lib.tokens import TokenVerifier
from shared_lib.web import api
from shared_lib.web.auth import Door
from shared_lib.web.input import Blueprint as StrictBlueprint

blp: Blueprint = StrictBlueprint("tiny", __name__)


@blp.get("/slow")
def slow() -> dict[str, bool]:
    threading.Event().wait(2)
    return {"done": True}


@blp.get("/left")
def left() -> dict[str, float | None]:
    return {"left": deadline.left()}


@blp.post("/echo")
@blp.arguments(api.openapi.ProblemSchema)
def echo(body: dict[str, object]) -> dict[str, object]:
    return body


nobody = TokenVerifier(keys=KeySet(str(Path("/dev/null"))), issuer="", audience="", clock=utc_now)
application = api.build(
    __name__,
    title="Tiny",
    base_path="/tiny",
    blueprints=[blp],
    error_table={},
    door=Door(people=nobody, is_open=True),
    checks={},
)
