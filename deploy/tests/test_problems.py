"""Every problem that a service names is explained on its documentation page."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `([a-z0-9-]+)` \| (\d{3}) \| (.*) \|$", re.MULTILINE)


@pytest.mark.parametrize(
    ("service", "names"),
    [
        ("orchestrator", {"role-missing", "stale-version", "no-coordinator", "same-event-exists"}),
        ("notification", {"too-many-notices", "mentor-not-found", "not-entitled"}),
        ("acknowledgement", {"not-your-lapse", "may-not-delete", "already-acknowledged", "stale-version"}),
    ],
)
def test_every_problem_is_listed_with_a_sentence(service: str, names: set[str]) -> None:
    document = json.loads((ROOT / f"{service}-service" / "contract" / "openapi.json").read_text(encoding="utf-8"))
    rows = ROW.findall(document["info"]["description"])

    assert names | {"not-found", "invalid-fields", "idempotency-key-reused", "unauthorized"} <= {row[0] for row in rows}
    assert [name for name, _, sentence in rows if not re.fullmatch(r"[A-Z].*\.", sentence) or "None" in sentence] == []
    assert len({name for name, *_ in rows}) == len(rows)
