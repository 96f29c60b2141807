"""Our copy of the directory."""

from concurrent.futures import ThreadPoolExecutor

from notification_service.store import contacts as store
from notification_service.usecases.person_data import Contacts
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants

from ..builders import a_contact, an_organisation


def name_of(database: Database, contact_id: str = "mentor-042") -> str:
    with database.begin(all_tenants("test")) as session:
        found = store.find(session, [contact_id], organisation_id="lhl")
    return found[contact_id].name


def test_an_update_is_stored_as_it_arrived(contacts: Contacts, database: Database) -> None:
    contacts.put(organisations=[an_organisation()], people=[a_contact()])

    with database.begin(all_tenants("test")) as session:
        assert store.find(session, ["mentor-042", "unknown"], organisation_id="lhl") == {"mentor-042": a_contact()}
        assert store.lock(session, "mentor-042", organisation_id="lhl") == (a_contact(), an_organisation())


def test_the_newest_version_wins_in_any_order(contacts: Contacts, database: Database) -> None:
    for version, name in ((2, "Old"), (3, "New"), (1, "Older"), (3, "Repeated")):
        contacts.put(people=[a_contact(name=name, version=version)])

    assert name_of(database) == "New"


def test_a_batch_may_name_a_person_twice(contacts: Contacts, database: Database) -> None:
    contacts.put(people=[a_contact(name="New", version=5), a_contact(name="Old", version=4)])

    assert name_of(database) == "New"


def test_batches_in_opposite_order_do_not_block_each_other(contacts: Contacts, database: Database) -> None:
    def put(version: int) -> None:
        people = [a_contact(id=f"mentor-{number}", name=f"V{version}", version=version) for number in range(100)]
        contacts.put(people=people if version % 2 else people[::-1])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(1, 25)))

    assert {name_of(database, f"mentor-{number}") for number in range(100)} == {"V24"}


def test_an_unknown_organisation_speaks_bokmal_in_oslo(contacts: Contacts, database: Database) -> None:
    contacts.put(people=[a_contact()])

    with database.begin(all_tenants("test")) as session:
        held = store.lock(session, "mentor-042", organisation_id=None)
    assert held is not None
    organisation = held[1]

    assert (organisation.locale, organisation.time_zone, organisation.admin_ids) == ("nb", "Europe/Oslo", ())
