"""A key set is read when it has to be, and requests with known keys do not wait for that."""

import json
import shutil
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from shared_lib.auth.jwks import MAX_AGE_SECONDS, MAX_WAITING, MIN_INTERVAL_SECONDS, KeySet


class SlowFile(KeySet):
    """Reading takes until it is allowed."""

    def __init__(self, source, **others):
        super().__init__(source, **others)
        self.allowed, self.begun, self.readings = threading.Event(), threading.Event(), 0

    def _fetch(self):
        self.readings += 1
        self.begun.set()
        assert self.allowed.wait(10)
        return super()._fetch()


@pytest.fixture
def source(issuer, tmp_path):
    """A file that a test may spoil."""
    return Path(shutil.copy(issuer.jwks, tmp_path))


@pytest.fixture
def kid(source):
    return json.loads(source.read_text())["keys"][0]["kid"]


@pytest.fixture
def now():
    return [100.0]


@pytest.fixture
def keys(source, now):
    return SlowFile(str(source), monotonic=lambda: now[0])


def test_simultaneous_requests_find_the_key_with_one_reading(keys, kid):
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(keys.find, kid) for _ in range(8)]
        assert keys.begun.wait(10)
        assert not any(one.done() for one in found)
        keys.allowed.set()
        assert all(one.result(10) is not None for one in found)
    assert keys.readings == 1


def test_a_request_with_a_known_key_never_waits(keys, kid, now):
    """Neither does the one that finds the keys old, nor those that come while they are read."""
    keys.allowed.set()
    assert keys.find(kid) is not None
    keys.allowed.clear()
    keys.begun.clear()
    now[0] += MAX_AGE_SECONDS + 1
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(keys.find, kid).result(1) is not None
        assert keys.begun.wait(10)
        assert pool.submit(keys.find, kid).result(1) is not None
        keys.allowed.set()


def test_a_source_that_hangs_holds_only_a_few_requests_with_unknown_keys(keys, kid, now):
    keys.allowed.set()
    assert keys.find(kid) is not None
    keys.allowed.clear()
    now[0] += MIN_INTERVAL_SECONDS + 1
    with ThreadPoolExecutor(16) as pool:
        unknown = {pool.submit(keys.find, f"stranger-{number}") for number in range(16)}
        for _ in range(16 - MAX_WAITING):
            done, unknown = wait(unknown, 1, FIRST_COMPLETED)
            assert done
            if len(unknown) <= MAX_WAITING:
                break
        assert pool.submit(keys.find, kid).result(1) is not None
        keys.allowed.set()
    assert keys.readings == 2


def test_a_request_that_waits_gets_the_key_that_was_read_for_it(keys, source, now):
    keys.allowed.set()
    assert keys.is_loaded()
    document = json.loads(source.read_text())
    document["keys"].append({**document["keys"][0], "kid": "new"})
    source.write_text(json.dumps(document))
    now[0] += MIN_INTERVAL_SECONDS + 1
    assert keys.find("new") is not None


def test_unknown_keys_cause_a_reading_every_ten_seconds_at_most(keys, now):
    keys.allowed.set()
    for _ in range(5):
        assert keys.find("stranger") is None
    assert keys.readings == 1
    now[0] += MIN_INTERVAL_SECONDS + 1
    assert keys.find("stranger") is None
    assert keys.readings == 2


def test_the_last_good_set_is_kept(keys, kid, source, now):
    keys.allowed.set()
    assert keys.is_loaded()
    source.write_text("no longer")
    now[0] += MAX_AGE_SECONDS + 1
    assert keys.find(kid) is not None


def test_without_keys_a_broken_source_is_not_read_by_every_request(tmp_path, now):
    keys = SlowFile(str(tmp_path / "nowhere"), monotonic=lambda: now[0])
    keys.allowed.set()
    assert [keys.find("any") for _ in range(5)] == [None] * 5
    assert not keys.is_loaded()
    assert keys.readings == 1
    now[0] += 2.0
    assert not keys.is_loaded()
    assert keys.readings == 2
