"""The gates: what a list may cost, and what a start may take of a key, counted over ministack."""

import pytest

from benchmarks import keys, lists, people
from benchmarks.harness import TENANT, Harness
from benchmarks.lists import PAGE
from benchmarks.shapes import shapes
from chalicelib.adapters import clients
from chalicelib.adapters.dynamodb.chunks import DynamoChunks
from chalicelib.adapters.dynamodb.executions import DUE, DynamoExecutions
from chalicelib.adapters.dynamodb.list_sources import INDEXES, SHARDS
from chalicelib.adapters.dynamodb.tables import EXECUTIONS
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.executions.listing import ExecutionFilter
from chalicelib.core.executions.model import State
from chalicelib.core.values.value import copy_with
from tests.adapters.examples import following, submitted

COUNT = 1_200
LISTS = {
    "all": (PAGE, 22),
    "all that began before today": (PAGE, 10),
    "those that failed": (12, 10),
    "those that succeeded": (PAGE, 24),
    "those of a day": (9, 10),
    "those of a definition that failed": (0, 10),
    "those that one of them started": (PAGE, 28),
}
"""How many are shown, and the most read units that this may take: what lives, and what ended later than with its first
write, is half a unit more; so the newest are dearer, of which half live."""
INDEXED = {
    "those of a definition": (COUNT // lists.DEFINITIONS, 10),
    "those that somebody started": (COUNT // lists.PEOPLE, 8.5),
    "those of a definition that is not there": (0, 8),
}
"""With the indexes of ``SEDO_LIST_INDEXES``."""


@pytest.mark.parametrize("count", [60, 240])
def test_what_somebody_has_to_do_costs_the_same_however_many_tasks_are_open(harness: Harness, count: int) -> None:
    found, written = people.mine(harness, f"mine-{count}", count)
    assert found.read_units <= people.GOAL
    assert written.write_units <= 7


def test_a_list_of_fifty_executions_costs_ten_read_units(harness: Harness) -> None:
    tenant, now, table = "listed", harness.clock.now(), harness.names.table(EXECUTIONS)
    for item in lists.fill(harness, tenant, COUNT, now):
        harness.meter.notice(table, item)
    client = clients.dynamodb()
    plain = DynamoExecutions(client, harness.names, Payloads(DynamoChunks(client, harness.names)))
    for store, gates in ((plain, LISTS), (lists.indexed(client, harness), INDEXED)):
        for name, (count, most) in gates.items():
            with harness.meter.counting() as usage:
                page = store.list(lists.wanted_lists(tenant, now)[name], now, PAGE)
            assert (name, len(page.found) >= count, usage.read_units <= most) == (name, True, True), usage.read_units


@pytest.mark.parametrize(("letter", "least"), [("A", 16_000), ("B", 16_000)])
def test_ten_thousand_executions_of_a_tenant_may_start_in_a_second(harness: Harness, letter: str, least: int) -> None:
    found = keys.shared(keys.run(harness, shapes("")[letter], keys.EXECUTIONS), keys.EXECUTIONS)
    shards = {"by-owner": SHARDS, "by-due": DUE * SHARDS}
    assert found
    for where, (units, _) in found.items():
        assert keys.KEY_UNITS * shards[where.partition("/")[2]] / units >= least, (where, units)


def test_a_child_that_ended_at_once_is_shown_from_the_index_alone(harness: Harness) -> None:
    harness.define({"id": "child", "steps": [{"id": "only", "type": "succeed"}]})
    steps = [{"id": "call", "type": "workflow", "definition": "child"}]
    parent = harness.start(harness.define({"id": "parent", "steps": steps}), None)
    harness.drain()
    service, wanted = harness.api.routes.executions.service, ExecutionFilter(parent)
    with harness.meter.counting() as usage:
        (child,) = service.list_executions(TENANT, wanted, PAGE).found
    assert (child.state, child.parent_id, child.ended_at is None) == (State.SUCCEEDED, parent, False)
    assert (usage.requests, usage.read_units) == (1, 0.5)


def test_an_index_of_its_own_costs_a_write_unit_for_each_start(harness: Harness) -> None:
    client, units = clients.dynamodb(), []
    plain = DynamoExecutions(client, harness.names, Payloads(DynamoChunks(client, harness.names)))
    for name, store in (("a", plain), ("b", lists.indexed(client, harness))):
        begun = copy_with(submitted("indexed", name), started_by="ada")
        with harness.meter.counting() as usage:
            store.create(begun)
            store.update(following(begun))
        units.append(usage.write_units)
    assert units[1] - units[0] == len(INDEXES)
