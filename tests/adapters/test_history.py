from collections.abc import Sequence

import pytest

from chalicelib.core.executions.model import ROOT, Failure, HistoryEntry, Link, State
from chalicelib.core.records.history import HistoryKey, Row, chained
from chalicelib.core.records.payload import Reference, digest
from chalicelib.core.values.json import Json, encode
from chalicelib.ports import HistoryStore
from tests.adapters.conftest import Backend
from tests.adapters.examples import NOW, history_row


@pytest.fixture
def store(backend: Backend) -> HistoryStore:
    return backend.history


def record(result: Json = None) -> HistoryEntry:
    error = Failure("Failed", "a reason", "greet", details={"n": 1.0})
    stash: dict[str, Json] = {"z": 10**30, "a/b": "", "a": None}
    return HistoryEntry(NOW, State.STEP_SUCCEEDED, ROOT, 1, "greet", result=result, error=error, stash=stash)


def row(tenant: str, version: int, previous: Link | None = None, writer: str = "r1#1", result: Json = None) -> Row:
    return history_row(f"{tenant}:order:00c0ffee", version, writer, previous, [record(result)])


def put(store: HistoryStore, rows: Sequence[Row]) -> None:
    for one in rows:
        store.append(one)


def test_rows_come_back_by_version(store: HistoryStore, tenant: str) -> None:
    first = row(tenant, 1)
    second = row(tenant, 2, first.link)
    tenth = row(tenant, 10, second.link)
    put(store, [tenth, first, second])
    assert list(store.read(first.execution, "0", 100)) == [first, second, tenth]


def test_rows_hash_to_what_was_written(store: HistoryStore, tenant: str) -> None:
    values: list[Json] = [1, 1.0, 1e300, "\x00\ud800é", {"": [[]]}, "long " * 2_000]
    rows = [row(tenant, n, Link("k", "d"), result=value) for n, value in enumerate(values, start=1)]
    put(store, rows)
    assert [read.link for read in store.read(rows[0].execution, "0", 100)] == [one.link for one in rows]


def test_both_rows_of_a_race_are_read_and_one_of_them_counts(store: HistoryStore, tenant: str) -> None:
    first = row(tenant, 1)
    winner, loser = (row(tenant, 2, first.link, writer) for writer in ("r2#1", "r3#1"))
    put(store, [first, loser, winner])
    rows = store.read(first.execution, "0", 100)
    assert list(rows) == [first, winner, loser]
    assert chained(rows, winner.link) == [first, winner]


def test_a_row_is_never_written_over(store: HistoryStore, tenant: str) -> None:
    one = row(tenant, 1)
    put(store, [one, row(tenant, 1, result="another")])
    assert list(store.read(one.execution, "0", 100)) == [one]


def test_a_row_that_is_put_twice_is_there_once(store: HistoryStore, tenant: str) -> None:
    one = row(tenant, 1)
    put(store, [one, one])
    assert list(store.read(one.execution, "0", 100)) == [one]


def test_reading_goes_on_behind_a_key_up_to_a_limit(store: HistoryStore, tenant: str) -> None:
    rows = [row(tenant, n) for n in range(1, 8)]
    put(store, rows)
    assert list(store.read(rows[0].execution, rows[1].key, 3)) == rows[2:5]
    assert list(store.read(rows[0].execution, rows[5].key, 3, consistent=False)) == rows[6:]
    assert list(store.read(rows[0].execution, rows[6].key, 3)) == []


def test_reading_goes_back_before_a_key_down_to_a_limit(store: HistoryStore, tenant: str) -> None:
    rows = [row(tenant, n) for n in range(1, 8)]
    put(store, rows)
    assert list(store.read(rows[0].execution, rows[4].key, 3, newest_first=True)) == rows[3:0:-1]
    assert list(store.read(rows[0].execution, HistoryKey.least(8), 2, newest_first=True)) == rows[:4:-1]
    assert list(store.read(rows[0].execution, rows[1].key, 3, newest_first=True, consistent=False)) == rows[:1]


def test_rows_are_of_one_execution(store: HistoryStore, tenant: str) -> None:
    mine, other = row(tenant, 1), row(f"{tenant}-b", 1)
    put(store, [mine, other])
    assert list(store.read(mine.execution, "0", 100)) == [mine]


def test_more_rows_than_one_answer_of_the_store_can_carry_are_read(store: HistoryStore, tenant: str) -> None:
    texts = ["".join(f"{hash((n, m)):x}" for m in range(3_800)) for n in range(40)]
    rows = [row(tenant, n, result=text) for n, text in enumerate(texts, start=1)]
    put(store, rows)
    assert list(store.read(rows[0].execution, "0", 100)) == rows


def test_values_that_are_lost_are_told_from_those_that_are_there(store: HistoryStore, tenant: str) -> None:
    text = encode("x" * 20_000)
    here, gone = Reference(digest(tenant, text), len(text)), Reference("0" * 64, 9)
    store.keep({here.sha256: text})
    assert list(store.lost(tenant, [here, gone])) == [gone]
    assert list(store.lost(f"{tenant}-other", [here])) == [here]
