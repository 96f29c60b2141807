"""Anchors in a file: how far each chain had come, kept away from the database that holds them."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from .verification import Anchor, Verdict


class BadAnchors(Exception):
    """The file is there and is not one of ours; it is left as it is."""


def read(path: Path) -> dict[str, Anchor]:
    """Nothing when there is no such file yet. Raises BadAnchors."""
    try:
        document = json.loads(path.read_bytes())
        return {
            chain: Anchor(number=int(known["number"]), hash=str(known["hash"])) for chain, known in document.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as fault:
        raise BadAnchors(f"{path}: not a file of anchors.") from fault


def write(path: Path, verdicts: Iterable[Verdict]) -> None:
    """Replace the file in one step."""
    fresh = path.with_name(f"{path.name}.new")
    anchors = {verdict.chain: asdict(verdict.anchor) for verdict in verdicts}
    fresh.write_text(json.dumps(anchors, indent=2) + "\n")
    fresh.replace(path)
