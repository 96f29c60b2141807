"""The links `next` and `prev` list each lapse once, whatever is opened or deleted on earlier pages meanwhile."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count, product
from uuid import UUID

import pytest
from acknowledgement_service.domain.access import ANONYMOUS
from acknowledgement_service.domain.model import Lapse, Sort
from acknowledgement_service.store import lapses as store
from acknowledgement_service.usecases.lapses import Lapses
from flask.testing import FlaskClient
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.pagination import Cursor
from shared_lib.web.pagination import encode_cursor
from shared_lib_testing.links import followed, link_of
from werkzeug.test import TestResponse

from ..builders import EXPIRY, OPENED, a_lapse

BASE = "/api/v1/lapse-acknowledgements"
MAYA, JAMES = "coord_maya_patel", "mentor_james_okafor"
Headers = dict[str, str]
AsPerson = Callable[..., Headers]
CALLERS = {
    "global admin": ("root", "global_admin", None),
    "org admin": ("admin", "org_admin", "lhl"),
    "coordinator": (MAYA, "coordinator", "lhl"),
}
FILTERS = (
    *("", f"&coordinator_id={MAYA}", f"&mentor_id={JAMES}", "&is_acknowledged=true"),
    f"&coordinator_id={MAYA}&mentor_id={JAMES}&is_acknowledged=true",
)
SORTS = [sort.value for sort in Sort]


class LapseTable:
    """Adds and deletes lapses; every two lapses have the same times."""

    def __init__(self, database: Database, lapses: Lapses) -> None:
        self.database, self.lapses = database, lapses
        self.numbers = count()

    def add(self, **difference: object) -> Lapse:
        """Add a lapse at the front of the list, or with the same times as the one before."""
        step = (next(self.numbers) + 1) // 2 * timedelta(seconds=1)
        moments = {"created_at": OPENED + step, "expiry_date": EXPIRY - step, "acknowledged_at": OPENED + step}
        lapse = a_lapse(**{**moments, **difference})
        with self.database.begin(all_tenants("test")) as session:
            store.add_once(session, lapse)
        return lapse

    def delete(self, lapse_id: str) -> None:
        self.lapses.delete(UUID(lapse_id), principal=ANONYMOUS, versions=None)


@pytest.fixture
def table(database: Database, lapses: Lapses) -> LapseTable:
    return LapseTable(database, lapses)


def ids(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["acknowledgement_id"] for item in answer.json["data"]]


def in_order(lapses: list[Lapse], sort: str) -> list[str]:
    if sort == Sort.EXPIRY:
        return [str(lapse.id) for lapse in sorted(lapses, key=lambda lapse: (lapse.expiry_date, lapse.id))]
    return [str(lapse.id) for lapse in sorted(lapses, key=lambda lapse: (lapse.created_at, lapse.id), reverse=True)]


@pytest.mark.parametrize("listing", list(product(FILTERS, SORTS)), ids=str)
@pytest.mark.parametrize("caller", CALLERS)
def test_next_lists_each_lapse_once_while_others_are_added_and_deleted(
    client: FlaskClient, table: LapseTable, as_person: AsPerson, caller: str, listing: tuple[str, str]
) -> None:
    narrowed, sort = listing
    expected = in_order([table.add() for _ in range(10)], sort)
    headers = as_person(*CALLERS[caller])

    seen: list[str] = []
    for answer in followed(client, f"{BASE}?limit=2&sort={sort}{narrowed}", headers=headers):
        assert answer.json["pagination"]["total"] == 10 + len(seen) // 2
        seen += ids(answer)
        table.add()
        table.add()
        table.delete(seen[-1])  # the lapse that `next` names

    assert seen == expected


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("caller", CALLERS)
def test_prev_lists_the_same_pages_although_lapses_were_added(
    client: FlaskClient, table: LapseTable, as_person: AsPerson, caller: str, sort: str
) -> None:
    existing = [table.add() for _ in range(10)]
    headers = as_person(*CALLERS[caller])
    forth = list(followed(client, f"{BASE}?limit=2&sort={sort}", headers=headers))
    newest = in_order([*existing, table.add(), table.add()], sort)[:2]

    back = list(followed(client, link_of(forth[-1], "prev") or "", "prev", headers=headers))

    assert [answer.json["pagination"]["page"] for answer in (*forth, *back)] == [1, 2, 3, 4, 5, 4, 3, 2, 1]
    assert [ids(answer) for answer in back] == [*(ids(answer) for answer in forth[3:0:-1]), newest]
    assert link_of(back[-2], "prev") == f"{BASE}?sort={sort}&page=1&limit=2"


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("relation", ["after", "before"])
def test_a_cursor_of_a_foreign_lapse_shows_no_foreign_lapses(
    client: FlaskClient, table: LapseTable, as_person: AsPerson, relation: str, sort: str
) -> None:
    foreign: list[Lapse] = []
    for _ in range(3):
        table.add(mentor_id="own")
        foreign.append(table.add(organisation_id="nhf", mentor_id="foreign"))
        foreign.append(table.add(coordinator_id="kim", mentor_id="colleague's"))

    for lapse in foreign:
        cursor = encode_cursor(Cursor(getattr(lapse, sort), lapse.id))
        address = f"{BASE}?sort={sort}&{relation}={cursor}"
        maya = client.get(address, headers=as_person(MAYA, "coordinator"))
        organisation = client.get(address, headers=as_person("admin", "org_admin"))
        nobody = client.get(address, headers=as_person("nobody", "org_admin", None))
        assert {item["mentor_id"] for item in maya.json["data"]} <= {"own"}
        assert {item["mentor_id"] for item in organisation.json["data"]} <= {"own", "colleague's"}
        assert (maya.json["pagination"]["total"], organisation.json["pagination"]["total"]) == (3, 6)
        assert nobody.json["data"] == []


GOOD = encode_cursor(Cursor(OPENED, UUID(int=1)))


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("before", f"after={GOOD}&before={GOOD}"),
        *((name, f"{name}={text}") for name in ("after", "before") for text in ("", "x", f"{GOOD}=", "A" * 129)),
        *((name, f"{name}={encode_cursor(Cursor(OPENED, 'pn_8a1b2c3d4e5f'))}") for name in ("after", "before")),
    ],
)
def test_a_malformed_cursor_is_422_and_names_its_field(client: FlaskClient, name: str, query: str) -> None:
    answer = client.get(f"{BASE}?{query}")

    assert (answer.status_code, list(answer.json["errors"])) == (422, [name])
