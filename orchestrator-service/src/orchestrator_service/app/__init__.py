"""The composition root: what this service is made of.

`web` and `relay` are apart, so that a relay loads no web framework.
"""

from pathlib import Path

NAME = "orchestrator-service"
MIGRATIONS = Path(__file__).parents[1] / "migrations"
DAILY = ("retention run",)
"""The commands that `schedule` runs."""
