"""Why one coordinator and not another."""

from datetime import timedelta

import pytest
from orchestrator_service.domain.responsibility import Candidate, Rule, responsible_of

from ..builders import EFFECTIVE, a_candidate


def test_without_candidates_there_is_no_coordinator() -> None:
    assert responsible_of([]) is None


@pytest.mark.parametrize(
    ("first", "second", "rule"),
    [
        (a_candidate("b", is_primary=True, chapter_id="z"), a_candidate("a"), Rule.PRIMARY_ASSIGNMENT),
        (a_candidate("b", chapter_id="a"), a_candidate("a", chapter_id="b"), Rule.LOWEST_CHAPTER),
        (a_candidate("b"), a_candidate("a", since=EFFECTIVE + timedelta(days=1)), Rule.EARLIEST_ASSIGNMENT),
        (a_candidate("a"), a_candidate("b"), Rule.LOWEST_COORDINATOR),
        (a_candidate("a"), a_candidate("a", chapter_id="z"), Rule.ONLY_COORDINATOR),
    ],
)
def test_the_answer_says_which_rule_decided_and_through_which_chapter(
    first: Candidate, second: Candidate, rule: Rule
) -> None:
    found = responsible_of([first, second])

    assert found is not None
    assert (found.coordinator_id, found.rule) == (first.coordinator_id, rule)
    assert found.source == f"chapter:{first.chapter_id}"
