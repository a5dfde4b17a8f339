import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from chalicelib.adapters.dynamodb.attributes import Item, text_of
from chalicelib.adapters.dynamodb.chunks import DynamoChunks
from chalicelib.adapters.dynamodb.executions import DOCUMENT, REFERENCES, DynamoExecutions
from chalicelib.adapters.dynamodb.tables import EXECUTIONS, HISTORY, PAYLOADS, TABLES
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.executions.model import ROOT, Execution, Failure, HistoryEntry, State, Status, Thread
from chalicelib.core.records.history import chained, new_row, news
from chalicelib.core.records.payload import MAX_ITEM, Reference, digest
from chalicelib.core.values.errors import OutgrownError
from chalicelib.core.values.value import copy_with
from chalicelib.ports import Stale
from tests.adapters.conftest import Aws, Backend
from tests.adapters.examples import NOW, following, history_row, submitted, waiting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from chalicelib.core.values.json import Json

WRITE_UNIT = 1024
LARGEST_ITEM = 400 * 1024


def noise(size: int, seed: str = "") -> str:
    """Text that does not compress below three quarters of its length."""
    blocks = (hashlib.sha512(f"{seed}{n}".encode()).digest() for n in range(size // 64))
    return base64.b64encode(b"".join(blocks)).decode()[:size]


def item_size(item: Item) -> int:
    """Bytes as billed (Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats")."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(attribute: dict[str, object]) -> int:
    match attribute:
        case {"S": str(text)}:
            return len(text.encode())
        case {"B": bytes(content)}:
            return len(content)
        case {"N": str(number)}:
            return len(number) // 2 + 2
        case {"M": dict(members)}:
            return 3 + item_size(members) + len(members)
        case {"L": list(members)}:
            return 3 + sum(1 + value_size(member) for member in members)
        case {"BOOL": bool()}:
            return 1
    raise AssertionError(attribute)


@contextmanager
def counted(dynamodb: "DynamoDBClient") -> Iterator[Counter[object]]:
    """Count the items that are put, by table, and the batches that are read, by table."""
    puts: Counter[object] = Counter()
    tables = {table.name: table for table in TABLES}

    def count(params: dict[str, str], **_: object) -> None:
        puts[tables[params["TableName"].partition("_")[2]]] += 1

    def count_reads(params: dict[str, dict[str, object]], **_: object) -> None:
        puts.update(f"read {table}" for table in params["RequestItems"])

    hooks = {"PutItem": count, "BatchGetItem": count_reads}
    for operation, hook in hooks.items():
        dynamodb.meta.events.register(f"provide-client-params.dynamodb.{operation}", hook)
    yield puts
    for operation, hook in hooks.items():
        dynamodb.meta.events.unregister(f"provide-client-params.dynamodb.{operation}", hook)


def stored(aws: Aws, execution_id: str) -> Item:
    return aws.dynamodb.get_item(TableName=aws.names.table(EXECUTIONS), Key=EXECUTIONS.key(execution_id))["Item"]


def changed(execution: Execution, **changes: object) -> Execution:
    root = copy_with(execution.threads[ROOT], **changes)
    return copy_with(execution, threads={ROOT: root})


def succeeded(result: "Json", **more: object) -> HistoryEntry:
    return copy_with(HistoryEntry(NOW, State.STEP_SUCCEEDED, ROOT, 1, "s", result=result), **more)


MEGABYTE = noise(1_000_000)

PLACES: dict[str, Callable[[Execution], Execution]] = {
    "input": lambda execution: copy_with(execution, input=MEGABYTE),
    "output": lambda execution: copy_with(execution, output=[MEGABYTE]),
    "stash": lambda execution: copy_with(execution, stash={"a/b~c": MEGABYTE, "small": 1}),
    "error": lambda execution: copy_with(execution, error=Failure("Http", MEGABYTE, "s", details={"body": MEGABYTE})),
    "incoming": lambda execution: changed(execution, incoming={"": MEGABYTE}),
    "thread's stash": lambda execution: changed(execution, stash={"x": MEGABYTE, "y": "other " + MEGABYTE}),
    "results": lambda execution: changed(execution, results={"left": MEGABYTE, "right": None}),
    "many small values": lambda execution: changed(execution, stash={f"s{n}": noise(500, str(n)) for n in range(2000)}),
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_a_megabyte_anywhere_in_an_execution_comes_back(
    backend: Backend, tenant: str, place: Callable[[Execution], Execution]
) -> None:
    execution = place(submitted(tenant))
    backend.executions.create(execution)
    assert backend.executions.get(execution.id) == execution


def test_a_megabyte_in_history_is_a_reference_and_hashes_the_same(backend: Backend, tenant: str) -> None:
    error = Failure("Http", "no", "s", details=[MEGABYTE])
    stash: dict[str, Json] = {"kept": MEGABYTE, "small": {"references": "none"}}
    row = history_row(f"{tenant}:d:1", 1, "r#1", None, [succeeded([MEGABYTE], error=error, stash=stash)])
    backend.history.append(row)
    (read,) = backend.history.read(row.execution, "0", 10)
    assert chained([read], row.link) == [row]
    assert not read.payloads
    (record,) = read.records
    assert record["result"] is None
    assert record["stash"] == {"kept": None, "small": {"references": "none"}}
    assert {place: each["bytes"] for place, each in record["references"].items()} == {
        "/result": 1_000_004,
        "/stash/kept": 1_000_002,
        "/error/details": 1_000_004,
    }


def test_what_history_refers_to_is_there(backend: Backend, tenant: str) -> None:
    row = history_row(f"{tenant}:d:1", 1, "r#1", None, [succeeded(MEGABYTE)])
    backend.history.append(row)
    reference = Reference(**row.records[0]["references"]["/result"])
    assert Payloads(backend.chunks).get(tenant, [reference]) == {reference.sha256: f'"{MEGABYTE}"'.encode()}


def test_history_shows_what_is_no_longer_than_a_value_may_be(backend: Backend, tenant: str) -> None:
    long, error = {"text": "y" * 9_000}, Failure("Http", "no", "s", details=[MEGABYTE])
    item = copy_with(submitted(tenant, value=long), version=0)
    found = news(item, [copy_with(succeeded(long, error=error), size=9_011)])
    row = new_row(item, "r#1", found)
    backend.history.keep(found.payloads)
    (shown,), (small,), (lost,) = row.records, row.records, row.records
    backend.history.fill(tenant, [shown], 100_000)
    assert (shown["result"], shown["error"]["details"]) == (long, None)
    assert {place: each["bytes"] for place, each in shown["references"].items()} == {"/error/details": 1_000_004}
    backend.history.fill(tenant, [small], 9_010)
    assert small["result"] is None, "there is no room for it"
    backend.history.fill(f"{tenant}-other", [lost], 100_000)
    assert lost["references"].keys() == {"/result", "/error/details"}, "it is not there any more"


def test_reading_history_reads_no_payload(moto_aws: Aws, tenant: str) -> None:
    row = history_row(f"{tenant}:d:1", 1, "r#1", None, [succeeded(MEGABYTE)])
    moto_aws.backend.history.append(row)
    with counted(moto_aws.dynamodb) as calls:
        assert moto_aws.backend.history.read(row.execution, "0", 10) == [row]
    assert not calls


def test_no_item_comes_near_the_limit(aws: Aws, tenant: str) -> None:
    stash: dict[str, Json] = {f"s{n}": noise(60_000, str(n)) for n in range(30)}
    many = {f"s{n}": noise(500, str(n)) for n in range(2000)}
    execution = copy_with(changed(submitted(tenant, value=MEGABYTE), stash=stash), stash=many)
    aws.backend.executions.create(execution)
    record = succeeded(MEGABYTE, stash=stash)
    rows = [[record] * 3, [succeeded(noise(500, str(n))) for n in range(1000)], [succeeded(1, stash=many)] * 100]
    for version, records in enumerate(rows, start=1):
        aws.backend.history.append(history_row(execution.id, version, "r#1", None, records))
    for table in map(aws.names.table, TABLES):
        sizes = [item_size(item) for item in aws.dynamodb.scan(TableName=table)["Items"]]
        assert max(sizes, default=0) < LARGEST_ITEM
    assert aws.backend.executions.get(execution.id) == execution


def test_an_ordinary_execution_is_one_write_unit(moto_aws: Aws, tenant: str) -> None:
    execution = waiting(submitted(tenant, value={"foo": "bar"}))
    moto_aws.backend.executions.update(copy_with(execution, due_at=NOW))
    item = stored(moto_aws, execution.id)
    assert item_size(item) < WRITE_UNIT


def test_what_every_boundary_would_write_anew_is_kept_apart_sooner_than_what_is_written_once(
    moto_aws: Aws, tenant: str
) -> None:
    execution = submitted(tenant, value=noise(20_000, "state"))
    with counted(moto_aws.dynamodb) as puts:
        moto_aws.backend.executions.create(execution)
        moto_aws.backend.history.append(history_row(execution.id, 1, "r#1", None, [succeeded(noise(20_000, "row"))]))
    assert puts == {PAYLOADS: 1, EXECUTIONS: 1, HISTORY: 1}
    item = stored(moto_aws, execution.id)
    assert item_size(item) < WRITE_UNIT
    assert moto_aws.backend.executions.get(execution.id) == execution


def test_an_input_that_is_kept_aside_is_in_no_item_however_short_it_is(moto_aws: Aws, tenant: str) -> None:
    given = {"note": noise(700, "note")}
    execution = copy_with(waiting(submitted(tenant, value=given)), input_aside=True)
    with counted(moto_aws.dynamodb) as puts:
        moto_aws.backend.executions.update(execution)
        moto_aws.backend.executions.update(copy_with(execution, version=2))
    assert puts == {PAYLOADS: 1, EXECUTIONS: 2}
    assert given["note"].encode() not in text_of(stored(moto_aws, execution.id)[DOCUMENT])
    found = moto_aws.backend.executions.get(execution.id)
    assert found is not None
    assert (found.input, found.input_aside) == (given, True)
    assert [thread.incoming for thread in found.threads.values()] == [given]


def test_a_user_value_that_looks_like_a_reference_is_just_a_value(backend: Backend, tenant: str) -> None:
    large, sha256 = noise(70_000), "ab" * 32
    lookalike: Json = {"payloads": {"/input": f"{sha256}/1"}, "/input": {"S": f"{sha256}/1"}}
    execution = copy_with(changed(submitted(tenant, value=lookalike), incoming=large), stash={"/input": None})
    backend.executions.create(execution)
    assert backend.executions.get(execution.id) == execution


def test_a_large_value_is_written_once(moto_aws: Aws, tenant: str) -> None:
    store, history = moto_aws.backend.executions, moto_aws.backend.history
    execution = submitted(tenant, value=noise(100_000, "once"))
    with counted(moto_aws.dynamodb) as puts:
        store.create(execution)
        first = waiting(execution)
        history.append(history_row(execution.id, 1, "r#1", None, [succeeded(execution.input)]))
        store.update(first)
        store.update(following(first))
    assert puts == {PAYLOADS: 1, EXECUTIONS: 3, HISTORY: 1}


def test_no_more_values_move_out_than_must(moto_aws: Aws, tenant: str) -> None:
    stash: dict[str, Json] = {f"s{n}": noise(8_000, f"{tenant}{n}") for n in range(50)}
    with counted(moto_aws.dynamodb) as puts:
        moto_aws.backend.executions.create(changed(submitted(tenant), stash=stash))
    assert puts[PAYLOADS] == 6 + 1, "of 400 KB, of which 350 may stay in the state: in a bundle, as it lives"


def with_threads(execution: Execution, count: int, **members: Callable[[str], object]) -> Execution:
    """Give an execution many threads, with members that are made from their ids."""
    made = [Thread(f"main.1.{n}", 0, Status.READY, "s", noise(400, f"in{n}"), NOW, NOW) for n in range(count)]
    threads = {t.id: copy_with(t, **{name: make(t.id) for name, make in members.items()}) for t in made}
    return copy_with(execution, threads={**execution.threads, **threads})


def test_groups_move_as_a_whole_where_their_values_would_leave_too_many_references(moto_aws: Aws, tenant: str) -> None:
    names = [f"name-{n}" for n in range(20)]
    execution = with_threads(
        submitted(tenant), 200, stash=lambda thread: {name: noise(600, thread + name) for name in names}
    )
    with counted(moto_aws.dynamodb) as puts:
        moto_aws.backend.executions.create(execution)
    assert puts[PAYLOADS] <= 400
    assert item_size(stored(moto_aws, execution.id)) < MAX_ITEM // 4
    assert moto_aws.backend.executions.get(execution.id) == execution


def test_what_no_item_can_hold_is_refused_before_anything_is_written(moto_aws: Aws, tenant: str) -> None:
    execution = submitted(tenant)
    moto_aws.backend.executions.create(execution)
    large = with_threads(waiting(execution), 300, branch=lambda thread: noise(2_000, thread))
    with counted(moto_aws.dynamodb) as puts, pytest.raises(OutgrownError, match="and 409,600 are the most"):
        moto_aws.backend.executions.update(large)
    assert puts == {}
    assert moto_aws.backend.executions.get(execution.id) == execution


def test_a_write_can_leave_some_room_but_need_not_make_any(moto_aws: Aws, tenant: str) -> None:
    store, execution = moto_aws.backend.executions, submitted(tenant)
    large = with_threads(execution, 150, branch=lambda thread: noise(2_000, thread))
    with pytest.raises(OutgrownError, match="and 209,600 are the most"):
        store.update(copy_with(large, version=1), spare=200_000)
    store.create(large)
    found = store.get(execution.id)
    assert found is not None
    assert found.item_bytes > MAX_ITEM - 200_000 > item_size(stored(moto_aws, execution.id)), "a bundle is not for ever"
    store.update(copy_with(found, version=1), spare=200_000)
    more = with_threads(copy_with(found, version=2), 160, branch=lambda thread: noise(2_000, thread))
    with pytest.raises(OutgrownError):
        store.update(more, spare=200_000)


def test_a_row_is_written_as_what_differs_from_a_value_that_is_put_with_it(moto_aws: Aws, tenant: str) -> None:
    versions: list[Json] = [{"text": noise(10_000, tenant), "mark": mark} for mark in range(4)]
    execution = changed(submitted(tenant), stash={"last": versions[-1]})
    records = [
        HistoryEntry(NOW, State.STEP_SUCCEEDED, ROOT, n, "s", result=each, size=10_000)
        for n, each in enumerate(versions)
    ]
    row = new_row(execution, "r#1", news(execution, records))
    history = moto_aws.backend.history
    history.append(row)
    table = moto_aws.names.table(HISTORY)
    item = moto_aws.dynamodb.get_item(TableName=table, Key=HISTORY.key(row.execution, row.key))["Item"]
    assert item_size(item) < WRITE_UNIT < len(row.text) // 20
    (read,) = history.read(execution.id, "0", 10)
    assert read.link == row.link
    assert read == row


@pytest.mark.parametrize("stored", [True, False], ids=["in the store", "not yet"])
def test_a_row_is_written_as_what_differs_from_the_input(moto_aws: Aws, tenant: str, *, stored: bool) -> None:
    parts: list[Json] = [noise(3_000, f"{tenant} {n}") for n in range(5)]
    executions, history = moto_aws.backend.executions, moto_aws.backend.history
    execution = copy_with(submitted(tenant), input=parts)
    with counted(moto_aws.dynamodb) as puts:
        if stored:
            executions.create(execution)
        item = (executions.get(execution.id) if stored else None) or execution
        stash = {f"part-{n}": part for n, part in enumerate(parts)}
        entry = HistoryEntry(NOW, State.STEP_SUCCEEDED, ROOT, 1, "s", stash=stash, size=15_000)
        row = new_row(item, "r#1", news(item, [entry]))
        history.append(row)
        if not stored:
            executions.create(execution)
    assert [puts[table] for table in (PAYLOADS, HISTORY, EXECUTIONS)] == [1, 1, 1]
    key = HISTORY.key(row.execution, row.key)
    found = moto_aws.dynamodb.get_item(TableName=moto_aws.names.table(HISTORY), Key=key)["Item"]
    assert item_size(found) < WRITE_UNIT < len(row.text) // 10
    assert history.read(execution.id, "0", 10) == [row]


def test_parts_of_an_input_are_written_once_with_it(moto_aws: Aws, tenant: str) -> None:
    parts: list[Json] = [noise(10_000, f"{tenant} {n}") for n in range(5)]
    stash = {f"part-{n}": part for n, part in enumerate(parts)}
    store, execution = moto_aws.backend.executions, copy_with(submitted(tenant), input=parts)
    store.create(execution)
    with counted(moto_aws.dynamodb) as puts:
        store.update(following(changed(execution, stash=stash)))
    assert puts == {EXECUTIONS: 1}
    assert item_size(stored(moto_aws, execution.id)) < WRITE_UNIT
    written = store.get(execution.id)
    assert written is not None
    assert written.threads[ROOT].stash == stash


def test_a_value_of_several_chunks_is_whole_though_most_of_it_is_in_another(backend: Backend, tenant: str) -> None:
    short, rest = noise(300_000, tenant), noise(100_000, "rest")
    stash: dict[str, Json] = {"short": short}
    backend.executions.create(changed(submitted(tenant), stash=stash))
    stash["long"] = [short, rest]
    backend.executions.create(changed(submitted(tenant, "00c0ffef"), stash=stash))
    found = backend.executions.get(submitted(tenant, "00c0ffef").id)
    assert found is not None
    assert found.threads[ROOT].stash == stash


def test_what_a_redrive_changes_moves_out_of_history(backend: Backend, tenant: str) -> None:
    change: dict[str, Json] = {"stash": {"large": {"from": noise(300_000, "from"), "to": noise(300_000, "to")}}}
    execution = submitted(tenant)
    entry = HistoryEntry(NOW, State.STARTED, ROOT, 1, "s", change=change)
    row = new_row(execution, "r#1", news(execution, [entry]))
    assert len(row.text) < 1_000
    backend.history.append(row)
    (record,) = row.records
    backend.history.fill(tenant, [record], 2_000_000)
    assert "change" in record


def test_another_process_does_not_write_what_it_has_read(moto_aws: Aws, tenant: str) -> None:
    execution = submitted(tenant, value=noise(100_000, "read"))
    moto_aws.backend.executions.create(execution)
    payloads = Payloads(DynamoChunks(moto_aws.dynamodb, moto_aws.names))
    elsewhere = DynamoExecutions(moto_aws.dynamodb, moto_aws.names, payloads)
    assert elsewhere.get(execution.id) == execution
    with counted(moto_aws.dynamodb) as puts:
        elsewhere.update(waiting(execution))
    assert puts == {EXECUTIONS: 1}


def test_tenants_never_share_a_payload(moto_aws: Aws, tenant: str) -> None:
    value = noise(100_000, "shared")
    with counted(moto_aws.dynamodb) as puts:
        moto_aws.backend.executions.create(submitted(tenant, value=value))
        moto_aws.backend.executions.create(submitted(f"{tenant}-b", value=value))
    assert puts[PAYLOADS] == 2


def test_an_item_refers_to_a_payload_by_its_hash_and_size(moto_aws: Aws, tenant: str) -> None:
    execution = submitted(tenant, value="x" * 100_000)
    moto_aws.backend.executions.create(execution)
    item = stored(moto_aws, execution.id)
    sha256 = digest(tenant, f'"{execution.input}"'.encode())
    assert item[REFERENCES]["M"]["/input"] == {"S": f"{sha256}/100002"}


def test_what_a_refused_write_is_told_has_its_large_values(backend: Backend, tenant: str) -> None:
    execution = submitted(tenant, value=MEGABYTE)
    backend.executions.create(execution)
    with pytest.raises(Stale) as stale:
        backend.executions.create(copy_with(execution, nonce="other"))
    assert stale.value.current == execution
