"""The rules of a lapse."""

from datetime import timedelta

import pytest
from acknowledgement_service.domain.model import (
    AcknowledgedAtOutOfRange,
    Act,
    AlreadyAcknowledged,
    Change,
    NotYourLapse,
    acts_between,
)

from ..builders import OPENED, a_lapse

LATER = OPENED + timedelta(hours=3)


def test_acknowledging_twice_keeps_the_first_time() -> None:
    once = a_lapse().acknowledged(by="coord_maya_patel", at=OPENED)
    again = once.acknowledged(by="coord_maya_patel", at=LATER)

    assert again == once
    assert again.acknowledged_at == OPENED


def test_another_coordinator_cannot_acknowledge() -> None:
    with pytest.raises(NotYourLapse):
        a_lapse().acknowledged(by="coordinator-007", at=LATER)


def test_an_acknowledgement_cannot_be_undone() -> None:
    with pytest.raises(AlreadyAcknowledged):
        a_lapse(acknowledged_at=LATER).changed(Change(is_acknowledged=False), now=LATER)


def test_is_acknowledged_false_changes_nothing_on_an_open_lapse() -> None:
    lapse = a_lapse()
    assert lapse.changed(Change(is_acknowledged=False), now=LATER) == lapse


@pytest.mark.parametrize("offset", [timedelta(0), timedelta(hours=3), timedelta(hours=3, minutes=5)])
def test_a_client_may_name_a_time_between_opening_and_five_minutes_from_now(offset: timedelta) -> None:
    change = Change(is_acknowledged=True, acknowledged_at=OPENED + offset)
    assert a_lapse().changed(change, now=LATER).acknowledged_at == OPENED + offset


@pytest.mark.parametrize("offset", [timedelta(seconds=-1), timedelta(hours=3, minutes=5, seconds=1)])
def test_an_implausible_time_is_refused(offset: timedelta) -> None:
    change = Change(is_acknowledged=True, acknowledged_at=OPENED + offset)
    with pytest.raises(AcknowledgedAtOutOfRange):
        a_lapse().changed(change, now=LATER)


def test_a_time_alone_does_not_acknowledge() -> None:
    with pytest.raises(AcknowledgedAtOutOfRange):
        a_lapse().changed(Change(acknowledged_at=LATER), now=LATER)


def test_adding_and_removing_a_note_are_two_versions() -> None:
    noted = a_lapse().changed(Change(coordinator_notes="Course on 5 April", changes_notes=True), now=LATER)
    bare = noted.changed(Change(coordinator_notes=None, changes_notes=True), now=LATER)

    assert (noted.coordinator_notes, noted.version) == ("Course on 5 April", 2)
    assert (bare.coordinator_notes, bare.version) == (None, 3)


def test_an_acknowledgement_is_exactly_one_act() -> None:
    before = a_lapse()
    after = before.acknowledged(by=before.coordinator_id, at=LATER)

    assert acts_between(before, after) == [Act.ACKNOWLEDGED]
    assert acts_between(after, after) == []
