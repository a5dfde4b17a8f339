"""Every read of every store is strongly consistent, on the wire.

The clients of all tests of adapters refuse others (`tests/adapters/wire.py`), so that a read which somebody adds is
looked at by the tests that it has anyway. Here is shown that the refusal works, and that it sees every read.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.adapters.dynamodb.list_sources import SHARDS
from chalicelib.core.executions.listing import ExecutionFilter, ExecutionPage
from chalicelib.core.executions.model import Signal
from chalicelib.core.records.payload import PACKING
from chalicelib.core.waits.correlation import Channel, Correlation, Waiter
from tests.adapters.examples import NOW, definition, following, history_row, submitted, task
from tests.adapters.wire import recording

if TYPE_CHECKING:
    from tests.adapters.conftest import Aws, Backend

LARGE = "x" * 100_000
WAITER = Waiter("t:d:1", "main", 1, NOW)


def written(backend: "Backend", tenant: str) -> None:
    """Write what has values of its own in every table."""
    for number in range(3):
        item = submitted(tenant, f"{number:08x}", value=LARGE)
        backend.executions.create(item)
        backend.executions.update(following(item, output=LARGE))
        backend.history.append(history_row(item.id, 1, "request#1", None, [], PACKING))
        backend.definitions.add(definition(tenant, f"d{number}"))
        backend.definitions.put_newest(definition(tenant, f"d{number}"))
        backend.tasks.open(task(tenant, number, data=LARGE))
    channel = Channel(tenant, "paid", "7")
    backend.events.wait(channel, WAITER)
    backend.events.put(channel, Correlation(Signal("event-1", "paid", NOW, LARGE), NOW, was_kept=True), NOW)


READS: dict[str, tuple[Callable[["Backend", str], object], list[str]]] = {
    "an execution, and its large values": (
        lambda backend, tenant: backend.executions.get(submitted(tenant, f"{0:08x}").id),
        ["GetItem", "BatchGetItem"],
    ),
    "a list of executions": (
        lambda backend, tenant: backend.executions.list(ExecutionFilter(tenant), NOW, 10),
        [*["Query"] * SHARDS, "BatchGetItem"],
    ),
    "the newest version of a definition": (
        lambda backend, tenant: backend.definitions.newest(tenant, "d0"),
        ["GetItem"],
    ),
    "a version of a definition": (lambda backend, tenant: backend.definitions.version(tenant, "d0", 1), ["GetItem"]),
    "the text of a version": (lambda backend, tenant: backend.definitions.text(tenant, "d0", 1), ["GetItem"]),
    "a list of definitions": (lambda backend, tenant: backend.definitions.list(tenant, 10), ["Query"]),
    "some definitions after one": (lambda backend, tenant: backend.definitions.list(tenant, 10, "d0"), ["Query"]),
    "the versions of a definition": (lambda backend, tenant: backend.definitions.versions(tenant, "d0", 9), ["Query"]),
    "who waits for events": (
        lambda backend, tenant: backend.events.waiting(Channel(tenant, "paid", "7"), 9),
        ["Query"],
    ),
    "events that are kept": (lambda backend, tenant: backend.events.kept(Channel(tenant, "paid", "7"), 9), ["Query"]),
    "an event, and its large data": (
        lambda backend, tenant: backend.events.get(Channel(tenant, "paid", "7"), "event-1"),
        ["GetItem", "BatchGetItem"],
    ),
    "a task, and its large values": (
        lambda backend, tenant: backend.tasks.get(tenant, task(tenant, 0).id),
        ["GetItem", "BatchGetItem"],
    ),
}


@pytest.mark.parametrize("name", READS)
def test_a_read_sees_what_was_just_written(moto_aws: "Aws", tenant: str, name: str) -> None:
    read, operations = READS[name]
    written(moto_aws.backend, tenant)
    with recording(moto_aws.dynamodb) as seen:
        read(moto_aws.backend, tenant)
    assert seen == operations


@pytest.mark.parametrize("name", READS)
def test_it_is_refused_if_it_could_see_what_is_old(moto_aws: "Aws", tenant: str, name: str) -> None:
    def forget(params: dict[str, Any], **_: object) -> None:
        for request in params.get("RequestItems", {"": params}).values():
            request.pop("ConsistentRead", None)

    written(moto_aws.backend, tenant)
    events = moto_aws.dynamodb.meta.events
    events.register("provide-client-params.dynamodb", forget)
    try:
        with pytest.raises(AssertionError, match="not consistent"):
            READS[name][0](moto_aws.backend, tenant)
    finally:
        events.unregister("provide-client-params.dynamodb", forget)


def test_a_global_index_cannot_be_asked_for_more(moto_aws: "Aws", tenant: str) -> None:
    assert moto_aws.backend.executions.list(ExecutionFilter(tenant), NOW, 10) == ExecutionPage([])


def test_what_a_copy_of_the_table_has_not_got_yet_is_read_consistently(moto_aws: "Aws", tenant: str) -> None:
    def lag(parsed: dict[str, Any], context: dict[str, Any], **_: object) -> None:
        if not context["consistent"]:
            for items in parsed["Responses"].values():
                items[:] = [item for item in items if item["part"]["N"] != "1"]

    def ask(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
        ((_, asked),) = params["RequestItems"].items()
        context["consistent"] = asked["ConsistentRead"]
        wanted.append([int(key["part"]["N"]) for key in asked["Keys"]])

    wanted: list[list[int]] = []
    for number in range(3):
        moto_aws.backend.chunks.put(tenant, number, b"x")
    events = moto_aws.dynamodb.meta.events
    hooks: dict[str, Callable[..., None]] = {"before-parameter-build": ask, "after-call": lag}
    for name, hook in hooks.items():
        events.register(f"{name}.dynamodb.BatchGetItem", hook)
    try:
        found = moto_aws.backend.chunks.get([(tenant, number) for number in range(3)])
    finally:
        for name, hook in hooks.items():
            events.unregister(f"{name}.dynamodb.BatchGetItem", hook)
    assert found.keys() == {(tenant, number) for number in range(3)}
    assert wanted == [[0, 1, 2], [1]]
