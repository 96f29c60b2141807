"""The checks of `make lint` that are our own: they find what they are for, and unneeded excuses too."""

from pathlib import Path

import pytest
from checks.module_size import wrong_sizes
from checks.vocabulary import findings_in, forbidden_words, not_excused

SHORT, LONG, RIGHT = Path("a/src/short.py"), Path("a/src/long.py"), Path("a/src/right.py")


def test_modules_that_are_too_short_or_too_long_are_named():
    found = list(wrong_sizes({SHORT: 39, RIGHT: 40, LONG: 351}, excused={}))

    assert [sentence.split(":")[0] for sentence in found] == [str(LONG), str(SHORT)]


def test_an_excused_module_passes_and_an_excuse_without_need_does_not():
    assert list(wrong_sizes({SHORT: 39}, excused={str(SHORT): "small"})) == []
    assert list(wrong_sizes({RIGHT: 350}, excused={str(RIGHT): "small", "gone.py": "small"})) == [
        "a/src/right.py: needs no excuse any more, remove it from deploy/checks/excused.py",
        "gone.py: needs no excuse any more, remove it from deploy/checks/excused.py",
    ]


@pytest.mark.parametrize(
    "path", ["src/a/__init__.py", "src/a/wsgi.py", "src/a/__main__.py", "src/a/migrations/versions/0002_more.py"]
)
def test_packages_entry_points_and_revisions_have_no_limit(path):
    assert list(wrong_sizes({Path(path): 3}, excused={})) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("the_door", ["door"]),
        ("TwinFound", ["twin"]),
        ("MOST_ROWS", ["most"]),
        ("HTTPDoor2", ["door"]),
        ("doors", ["door"]),
        ("holds", []),
        ("indoor", []),
        ("dead_letters", []),
        ("DeadLetter", []),
        ("dead_letter_letter", ["letter"]),
        ("at_most", []),
    ],
)
def test_forbidden_words_are_found_in_every_style_of_name(name, words):
    assert forbidden_words(name) == words


def test_only_names_are_read_and_each_once():
    source = 'door = 1  # a door\nprint(door, "door")\n'

    assert [(found.line, found.word) for found in findings_in(Path("a.py"), source)] == [(1, "door")]
    assert [found.word for found in findings_in(Path("door.py"), "")] == ["door"]


def test_a_word_that_a_tree_still_uses_passes_until_it_is_gone():
    findings = list(findings_in(Path("a.py"), "door = twin = 1\n"))

    assert [sentence.split(";")[0] for sentence in not_excused(findings, "a", {"twin", "vault"})] == [
        "a.py:1: door says 'door'",
        "a: no name says 'vault' any more, remove it from deploy/checks/excused.py",
    ]
