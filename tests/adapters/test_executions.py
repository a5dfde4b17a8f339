import json
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest

from benchmarks.units import item_size, write_units
from chalicelib.adapters.dynamodb.tables import EXECUTIONS
from chalicelib.core.executions.cost import ExecutionCost
from chalicelib.core.executions.model import ROOT, Execution, ExecutionStatus, Failure, State
from chalicelib.core.records.codec import MAX_IMAGE_BYTES
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.ports import ExecutionStore, Stale
from tests.adapters.conftest import Aws, Backend
from tests.adapters.examples import NOW, following, fresh, submitted, waiting

DEEP: Json = "bottom"
for _ in range(50):
    DEEP = [DEEP]

VALUES: dict[str, Json] = {
    "nothing": None,
    "booleans": [True, False],
    "floats": [0.1, 1e-300, 1.7976931348623157e308, -0.0, 3.0],
    "big integers": [10**40, -(2**63) - 1, 3],
    "empty": ["", {}, [], {"": ""}],
    "unicode": "Grüße, 世界 \U0001f600 \ufffe \ufdd0",
    "control characters": "\x00\x01\x1f\x7f\u2028",
    "half a surrogate pair": "\ud800",
    "deep nesting": DEEP,
    "long": "abc, " * 2_000,
    "looks like a reference": {"payloads": {"M": {"/input": {"S": "ab" * 32 + "/1"}}}, "document": {"S": "{}"}},
}


@pytest.fixture
def store(backend: Backend) -> ExecutionStore:
    return backend.executions


def test_what_was_created_is_read(store: ExecutionStore, tenant: str) -> None:
    execution = submitted(tenant, value={"foo": "bar"})
    store.create(execution)
    assert store.get(execution.id) == execution


def test_what_was_never_written_is_not_there(store: ExecutionStore, tenant: str) -> None:
    assert store.get(submitted(tenant).id) is None


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_json_comes_back_as_it_went_in(store: ExecutionStore, value: Json) -> None:
    execution = submitted(fresh("tenant"), value=value)
    store.create(execution)
    read = store.get(execution.id)
    assert read is not None
    assert repr(read.input) == repr(value)  # 3 == 3.0 and 0.0 == -0.0, so equality says too little


def test_everything_of_an_execution_comes_back(store: ExecutionStore, tenant: str) -> None:
    execution = submitted(tenant, value=[1])
    parked = waiting(execution)
    ended = following(
        parked,
        threads={},
        state=State.FAILED,
        stash={"total": 1.5, "a/b~c": ""},
        output={"x": None},
        error=Failure("Http.500", "no answer", "greet", 2, {"status": 500}),
        ended_at=NOW + timedelta(milliseconds=1),
    )
    store.create(execution)
    store.update(parked)
    assert store.get(execution.id) == parked
    store.update(ended)
    assert store.get(execution.id) == ended


def test_a_second_submission_is_refused_and_told_what_stands(store: ExecutionStore, tenant: str) -> None:
    first = submitted(tenant, value="first")
    store.create(first)
    with pytest.raises(Stale) as stale:
        store.create(copy_with(first, input="second", nonce="other"))
    assert stale.value.current == first


def test_version_1_may_be_written_before_the_submission(store: ExecutionStore, tenant: str) -> None:
    first = waiting(submitted(tenant))
    store.update(first)
    assert store.get(first.id) == first
    with pytest.raises(Stale) as stale:
        store.create(submitted(tenant))
    assert stale.value.current == first


def test_version_1_may_be_written_over_the_untouched_submission(store: ExecutionStore, tenant: str) -> None:
    execution = submitted(tenant)
    store.create(execution)
    store.update(waiting(execution))
    assert store.get(execution.id) == waiting(execution)


def test_version_1_is_refused_over_another_submission(store: ExecutionStore, tenant: str) -> None:
    execution = submitted(tenant)
    store.create(execution)
    with pytest.raises(Stale) as stale:
        store.update(copy_with(waiting(execution), nonce="other"))
    assert stale.value.current == execution


def test_a_later_version_is_refused_where_nothing_stands(store: ExecutionStore, tenant: str) -> None:
    second = following(waiting(submitted(tenant)))
    with pytest.raises(Stale) as stale:
        store.update(second)
    assert stale.value.current is None


def test_a_version_is_refused_over_any_but_the_one_before(store: ExecutionStore, tenant: str) -> None:
    execution = submitted(tenant)
    first = waiting(execution)
    store.create(execution)
    store.update(first)
    for version in (1, 3):
        with pytest.raises(Stale) as stale:
            store.update(copy_with(first, version=version, output="lost"))
        assert stale.value.current == first
    assert store.get(execution.id) == first


def test_a_later_version_is_refused_over_another_submission(store: ExecutionStore, tenant: str) -> None:
    first = waiting(submitted(tenant))
    store.update(first)
    with pytest.raises(Stale):
        store.update(copy_with(following(first), nonce="other"))


def test_it_is_kept_that_newest_entries_were_changed(store: ExecutionStore, tenant: str) -> None:
    first = copy_with(waiting(submitted(tenant)), tail="[1]")
    for changed in (False, True):
        written = store.update(first := copy_with(first, tail_changed=changed))
        read = store.get(first.id)
        assert read is not None
        assert (read.tail, read.tail_changed) == ("[1]", changed)
        image = written.image()
        assert image is not None
        assert store.restore(image).tail_changed is changed
        first = following(first)


@pytest.mark.parametrize("is_aside", [False, True])
def test_costs_of_steps_are_kept_where_they_take_no_write_unit(aws: Aws, tenant: str, *, is_aside: bool) -> None:
    store, bare = aws.backend.executions, ExecutionCost(writes=9)
    cost, numbers, kept = bare.charged("greet").wrote(1).charged("ship"), random.Random(1), set[str]()
    for number in range(60):
        text = numbers.randbytes((460 if is_aside else 560) + 4 * number).hex()
        execution = waiting(submitted(tenant, f"{number:08x}", value=[1] * 30 if is_aside else text))
        execution = copy_with(execution, output=text if is_aside else None, input_aside=is_aside, cost=cost)
        written = store.update(execution).cost
        item = aws.dynamodb.get_item(TableName=aws.names.table(EXECUTIONS), Key=EXECUTIONS.key(execution.id))["Item"]
        assert ("r" in item) is is_aside
        bare_item = {name: each for name, each in item.items() if name != "y"}
        assert write_units(item_size(item)) == write_units(item_size(bare_item))
        read = store.get(execution.id)
        assert read is not None
        assert read.cost == written
        kept.add(" ".join(written.steps))
    assert kept == {"greet ship", "*", ""}


def test_of_writers_of_one_version_exactly_one_wins(ministack_aws: Aws, tenant: str) -> None:
    store = ministack_aws.backend.executions
    latest = waiting(submitted(tenant))
    store.update(latest)
    start = Barrier(4)

    def write(execution: Execution) -> bool:
        start.wait()
        try:
            store.update(execution)
        except Stale:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        for _ in range(10):
            rivals = [following(latest, output=writer) for writer in range(4)]
            won = list(pool.map(write, rivals))
            assert sorted(won) == [False, False, False, True]
            latest = rivals[won.index(True)]
            assert store.get(latest.id) == latest


def due(store: ExecutionStore, now: datetime) -> dict[str, datetime]:
    """Find what is due in all shards."""
    return {name: at for shard in store.due_shards() for name, at in store.due(shard, now, 1000)}


def test_many_are_read_and_what_is_not_there_is_left_out(store: ExecutionStore, tenant: str) -> None:
    executions = [copy_with(submitted(tenant, f"{n:08x}"), due_at=NOW) for n in range(105)]
    for execution in executions:
        store.create(execution)
    ids = [execution.id for execution in executions]
    assert store.read([*ids, submitted(tenant, "gone").id]) == dict(zip(ids, executions, strict=True))
    headers = store.summaries([*ids, submitted(tenant, "gone").id])
    assert {name: header.state for name, header in headers.items()} == dict.fromkeys(ids, State.SUBMITTED)


def test_what_is_due_is_found_earliest_first(store: ExecutionStore, tenant: str) -> None:
    long_ago = NOW - timedelta(days=3650)
    names = [f"{n:08x}" for n in range(40)]
    for n, name in enumerate(names):
        store.create(copy_with(submitted(tenant, name), due_at=long_ago - timedelta(seconds=n)))
    store.create(copy_with(submitted(tenant, "later"), due_at=NOW))
    store.create(submitted(tenant, "never"))
    expected = {submitted(tenant, name).id: long_ago - timedelta(seconds=n) for n, name in enumerate(names)}
    found = {shard: store.due(shard, long_ago, 100) for shard in store.due_shards()}
    assert {name: at for page in found.values() for name, at in page} == expected
    for shard, page in found.items():
        assert list(page) == sorted(page, key=lambda each: each[1])
        assert store.due(shard, long_ago, 2) == page[:2]
        assert store.due(shard, long_ago - timedelta(milliseconds=1), 100) == [p for p in page if p[1] < long_ago]


def test_a_write_without_due_time_is_due_no_more(store: ExecutionStore, tenant: str) -> None:
    execution = submitted(tenant)
    store.create(copy_with(execution, due_at=NOW - timedelta(days=1)))
    store.update(waiting(execution))
    assert execution.id not in due(store, NOW)


def test_a_due_time_is_moved_if_it_is_the_one_that_was_seen(store: ExecutionStore, tenant: str) -> None:
    execution = submitted(tenant)
    seen, later = NOW - timedelta(days=1), NOW + timedelta(days=1)
    store.create(copy_with(execution, due_at=seen))
    store.defer(execution.id, seen - timedelta(milliseconds=1), NOW + timedelta(days=2))
    assert due(store, NOW)[execution.id] == seen
    store.defer(execution.id, seen, later)
    assert due(store, NOW + timedelta(days=3))[execution.id] == later
    assert store.get(execution.id) == copy_with(execution, due_at=later)
    store.defer(execution.id, later, None)
    assert store.get(execution.id) == execution


def test_a_due_time_is_set_where_none_was_seen_and_none_is(store: ExecutionStore, tenant: str) -> None:
    execution = submitted(tenant)
    store.create(execution)
    store.defer(execution.id, None, NOW)
    assert due(store, NOW)[execution.id] == NOW
    store.defer(execution.id, None, NOW - timedelta(days=1))
    assert store.get(execution.id) == copy_with(execution, due_at=NOW)


@pytest.mark.parametrize("seen", [NOW, None])
def test_what_is_not_there_cannot_be_deferred(store: ExecutionStore, tenant: str, seen: datetime | None) -> None:
    store.defer(submitted(tenant).id, seen, NOW)
    assert store.get(submitted(tenant).id) is None


def test_with_its_due_time_it_leaves_the_status_under_which_it_was_kept(store: ExecutionStore, tenant: str) -> None:
    execution = copy_with(submitted(tenant), due_at=NOW, listed_under=ExecutionStatus.RUNNING)
    store.create(execution)
    store.defer(execution.id, NOW, NOW, copy_with(execution, listed_under=None))
    assert store.get(execution.id) == copy_with(execution, listed_under=None)


class TestImage:
    @pytest.mark.parametrize("value", ["in", "abc, " * 2_000, "x" * 100_000], ids=["plain", "compressed", "kept apart"])
    def test_it_is_the_execution_as_it_was_written(self, store: ExecutionStore, tenant: str, value: Json) -> None:
        execution = submitted(tenant, value=value)
        store.create(execution)
        written = waiting(execution)
        image = store.update(written).image()
        if image is not None:
            assert store.restore(json.loads(json.dumps(image))) == written
        assert image is not None or len(str(value)) > MAX_IMAGE_BYTES

    def test_an_execution_that_would_burden_a_message_has_none(self, aws: Aws, tenant: str) -> None:
        several = [random.Random(n).randbytes(1_080).hex() for n in range(3)]
        root = copy_with(submitted(tenant).threads[ROOT], stash={f"name-{n}": each for n, each in enumerate(several)})
        assert aws.backend.executions.update(following(submitted(tenant), threads={ROOT: root})).image() is None
        stash: dict[str, Json] = {f"name-{n}": f"{n}" * 70_000 for n in range(10, 60)}
        root = copy_with(root, stash=stash)
        assert aws.backend.executions.update(following(submitted(tenant, "1"), threads={ROOT: root})).image() is None


class TestCarrying:
    """A submission on its way in a message, before it is put."""

    @pytest.mark.parametrize("value", ["in", "x" * 100_000], ids=["plain", "kept apart"])
    def test_its_image_is_the_execution_as_submitted(self, store: ExecutionStore, tenant: str, value: Json) -> None:
        execution = submitted(tenant, value=value)
        image = store.carry(execution).image()
        assert image is not None
        assert store.restore(json.loads(json.dumps(image))) == execution

    def test_a_carried_submission_is_not_put(self, store: ExecutionStore, tenant: str) -> None:
        store.carry(submitted(tenant, value="x" * 100_000))
        assert store.get(submitted(tenant).id) is None

    def test_where_it_would_burden_a_message_there_is_no_image(self, store: ExecutionStore, tenant: str) -> None:
        stash: dict[str, Json] = {f"n{n}": random.Random(n).randbytes(1_080).hex() for n in range(3)}
        root = copy_with(submitted(tenant).threads[ROOT], stash=stash)
        assert store.carry(copy_with(submitted(tenant), threads={ROOT: root})).image() is None
