"""Lets the commands here be started with any Python: they go on in the repository's virtual environment."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
_ENVIRONMENT = REPOSITORY / ".venv"


def require_packages() -> None:
    """Return if the packages are there; else start this command again where they are."""
    if find_spec("shared_lib") and find_spec("gunicorn"):
        return
    python = _ENVIRONMENT / "bin" / "python"
    if not python.exists() or Path(sys.prefix) == _ENVIRONMENT:
        sys.exit("The packages are not installed yet: run `make install` first.")
    os.execv(python, [str(python), *sys.argv])  # noqa: S606 - no shell is meant
