"""One running stack for all tests that only ask it questions; whoever stops or starts things has a stack of his own."""

from collections.abc import Iterator

import pytest

from .maildir import Maildir
from .people import Tokens, import_people
from .running import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The sample, and an organisation of our own."""
    stack = Stack(tmp_path_factory.mktemp("system") / "stack")
    try:
        import_people(stack)
        yield stack
        assert stack.interrupt() == 0
    finally:
        stack.kill()


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
