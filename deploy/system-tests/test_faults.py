"""A minute of the fault drills (`make faults` has all of them, and longer): one stack, one fault after the other."""

import pytest
from faults.drills import freezes, kills, mails, outages, poison
from faults.figures import table
from faults.world import running

LATE = 2.0


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    settings = {"SMTP_FINAL_TIMEOUT": str(LATE + mails.AFTER_FINAL_REPLY)}
    with running(tmp_path_factory.mktemp("faults"), mentors=700, settings=settings) as world:
        yield world


def assert_no_bar_broken(findings):
    assert not findings.broken, table([findings])


def test_a_failing_mail_server_gets_exactly_the_expected_copies(world):
    assert_no_bar_broken(mails.failing_recipients(world, mails.quick(mails.of_one_recipient(LATE), LATE)))


def test_answers_that_are_cut_off_have_their_effect_once(world):
    assert_no_bar_broken(outages.answers(world, cuts=9))


def test_killed_processes_lose_nothing(world):
    assert_no_bar_broken(kills.processes(world, kills=3, events=20))


def test_a_killed_database_loses_nothing_and_doubles_nothing(world):
    assert_no_bar_broken(kills.database(world, kills=2, events=20))


def test_a_frozen_relay_loses_nothing(world):
    assert_no_bar_broken(freezes.frozen_relays(world, freezes=1, doubles_each=8))


def test_poison_spoils_only_itself(world):
    assert_no_bar_broken(poison.rows(world, unreadable_reason=False))
