"""One running stack for all tests that only send requests; tests that stop or start processes have their own.

With SYSTEM=containers it is docker-compose.yml that runs (`make test-containers`).
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from .maildir import Maildir
from .people import Tokens, import_people
from .running import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The sample, and an organisation of our own."""
    stack = _started(tmp_path_factory.mktemp("system"))
    try:
        import_people(stack)
        yield stack
        assert stack.interrupt() == 0
    finally:
        stack.kill()


def _started(directory: Path) -> Stack:
    if os.environ.get("SYSTEM") != "containers":
        return Stack(directory / "stack")
    from containers.composed import Composed  # noqa: PLC0415 - it needs Docker

    return cast(Stack, Composed(directory))  # it has what tests ask a stack for


@pytest.fixture(scope="session")
def gateway(stack: Stack) -> str:
    return str(stack.description["gateway"])


@pytest.fixture(scope="session")
def token(stack: Stack) -> Tokens:
    """`token("coordinator", "coord_9f8e7d6c", "nhf")`"""
    return Tokens(stack)


@pytest.fixture
def maildir(stack: Stack) -> Maildir:
    return Maildir(stack.description["mailbox"])
