"""Checks module sizes and the words in identifiers, as `make lint` does. The exit code is 1 when anything is wrong."""

import sys
from collections.abc import Iterator
from pathlib import Path

from checks.excused import SHORT_OR_LONG, WORDS_STILL_USED
from checks.files import REPOSITORY, python_files
from checks.module_size import SOURCE_TREES, wrong_sizes
from checks.vocabulary import findings_in, not_excused

NAMED_TREES = ("shared-lib", "orchestrator-service", "notification-service", "acknowledgement-service", "deploy")


def main() -> int:
    wrong = [*_sizes(), *_words()]
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


def _sizes() -> Iterator[str]:
    yield from wrong_sizes(
        {path: _text_of(path).count("\n") for path in python_files(*SOURCE_TREES)}, excused=SHORT_OR_LONG
    )


def _words() -> Iterator[str]:
    for tree in NAMED_TREES:
        findings = [finding for path in python_files(tree) for finding in findings_in(path, _text_of(path))]
        yield from not_excused(findings, tree, WORDS_STILL_USED.get(tree, frozenset()))


def _text_of(path: Path) -> str:
    return (REPOSITORY / path).read_text()


if __name__ == "__main__":
    sys.exit(main())
