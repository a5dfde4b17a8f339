from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.chunks import DynamoChunks
from chalicelib.adapters.dynamodb.execution_lists import ExecutionLists
from chalicelib.adapters.dynamodb.executions import DynamoExecutions
from chalicelib.adapters.dynamodb.list_sources import SHARDS, ListLayout
from chalicelib.adapters.dynamodb.tables import EXECUTIONS
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.executions.listing import NEWEST, ExecutionFilter, ExecutionPage, Summary, states_named, summary_of
from chalicelib.core.executions.model import Execution, ExecutionStatus, Parent, State
from chalicelib.core.values.position import Position
from chalicelib.core.values.value import copy_with
from chalicelib.ports import ExecutionStore
from tests.adapters.conftest import Aws, Backend
from tests.adapters.examples import NOW, following, submitted
from tests.adapters.wire import recording

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
LATER = NOW + 365 * DAY
"""When everything is old."""


@pytest.fixture
def store(backend: Backend) -> ExecutionStore:
    return backend.executions


def written(store: ExecutionStore, tenant: str, name: str, **changes: Any) -> Execution:
    """Write an execution of a tenant, in version 1 if it has another state than at its beginning."""
    execution = submitted(tenant, name)
    execution = copy_with(execution, **changes)
    if "definition_id" in changes:
        execution = copy_with(execution, id=f"{tenant}:{execution.definition_id}:{name}")
    if execution.state is State.SUBMITTED:
        store.create(execution)
    else:
        execution = following(execution, state=execution.state)
        store.update(execution)
    return execution


def names(page: ExecutionPage) -> list[str]:
    return [found.id.rpartition(":")[2] for found in page.found]


def listed(store: ExecutionStore, wanted: ExecutionFilter, now: datetime = LATER) -> list[str]:
    return names(store.list(wanted, now, 100))


def pages(store: ExecutionStore | ExecutionLists, wanted: ExecutionFilter, limit: int) -> Iterator[list[str]]:
    after = None
    for _ in range(200):
        if isinstance(store, ExecutionLists):
            page = store.page(wanted, LATER, limit, after)
        else:
            page = store.list(wanted, LATER, limit, after)
        yield names(page)
        if (after := page.following) is None:
            return
    raise AssertionError("there is no end to it")


def test_headers_are_shown_newest_first(store: ExecutionStore, tenant: str) -> None:
    older, newer = (written(store, tenant, name, started_at=NOW + n * DAY) for n, name in enumerate("ab"))
    ended = following(older, state=State.SUCCEEDED, step="last", threads={}, ended_at=NOW + HOUR)
    store.update(ended)
    found = store.list(ExecutionFilter(tenant), LATER, 10)
    assert found == ExecutionPage([summary_of(newer), summary_of(ended)])
    assert found.found[1] == Summary(
        id=older.id,
        tenant_id=tenant,
        definition_id="order-fulfilment",
        definition_version=1,
        state=State.SUCCEEDED,
        step="last",
        started_at=older.started_at,
        ended_at=NOW + HOUR,
    )
    assert listed(store, ExecutionFilter(tenant, oldest_first=True)) == ["a", "b"]


@pytest.mark.parametrize("oldest_first", [False, True])
def test_pages_hold_everything_once_and_in_order(store: ExecutionStore, tenant: str, *, oldest_first: bool) -> None:
    every = [written(store, tenant, f"{n:08x}", started_at=NOW + n // 3 * SECOND) for n in range(11)]
    ordered = sorted(every, key=lambda each: (each.started_at, each.id), reverse=not oldest_first)
    found = [*pages(store, ExecutionFilter(tenant, oldest_first=oldest_first), 4)]
    assert [*map(len, found)] == [4, 4, 3]
    assert [name for page in found for name in page] == [each.id[-8:] for each in ordered]


def test_a_page_that_is_just_full_is_the_last(store: ExecutionStore, tenant: str) -> None:
    for n in range(4):
        written(store, tenant, f"{n:08x}")
    assert [*map(len, pages(store, ExecutionFilter(tenant), 2))] == [2, 2]


def test_a_list_longer_than_one_batch_of_reads_is_whole(store: ExecutionStore, tenant: str) -> None:
    for n in range(105):
        written(store, tenant, f"{n:08x}")
    assert len(store.list(ExecutionFilter(tenant), LATER, 200).found) == 105


def test_a_tenant_lists_only_its_own(store: ExecutionStore, tenant: str) -> None:
    written(store, tenant, "mine")
    written(store, f"{tenant}-b", "other")
    assert listed(store, ExecutionFilter(tenant)) == ["mine"]


def test_what_another_execution_started_is_in_its_list_only(store: ExecutionStore, tenant: str) -> None:
    parent = written(store, tenant, "parent")
    child = written(store, tenant, "child", parent=Parent(parent.id, "main", 1), started_by="ada")
    assert listed(store, ExecutionFilter(tenant)) == ["parent"]
    assert store.list(ExecutionFilter(parent.id), LATER, 10).found == [summary_of(child)]
    assert store.get(child.id) == child
    assert store.summaries([child.id])[child.id].parent_id == parent.id


@pytest.fixture(scope="module")
def many(backend: Backend) -> tuple[ExecutionStore, str]:
    """A store, and a tenant with an execution of each kind."""
    store, tenant = backend.executions, "of-each-kind"
    if store.list(ExecutionFilter(tenant), NOW, 1).found:
        return store, tenant
    written(store, tenant, "plain")
    written(store, tenant, "other", definition_id="other", started_at=NOW + HOUR)
    written(store, tenant, "second", definition_version=2, started_at=NOW + 2 * HOUR)
    written(store, tenant, "hers", started_by="ada", started_at=NOW + 3 * HOUR)
    written(store, tenant, "others", definition_id="other-1", started_by="bob", started_at=NOW + 4 * HOUR)
    return store, tenant


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"definition": "other"}, ["other"]),
        ({"definition": "order-fulfilment"}, ["hers", "second", "plain"]),
        ({"definition": "nothing"}, []),
        ({"version": 2}, ["second"]),
        ({"started_by": "ada"}, ["hers"]),
        ({"started_by": "ada", "version": 2}, []),
        ({"since": NOW + HOUR, "until": NOW + 2 * HOUR}, ["second", "other"]),
        ({"since": NOW + 3 * HOUR}, ["others", "hers"]),
        ({"until": NOW}, ["plain"]),
        ({"since": NOW + 5 * HOUR}, []),
        ({"since": NOW + 2 * HOUR, "until": NOW + HOUR}, []),
        ({"definition": "order-fulfilment", "oldest_first": True}, ["plain", "second", "hers"]),
    ],
)
def test_filters(many: tuple[ExecutionStore, str], wanted: Any, expected: list[str]) -> None:
    store, tenant = many
    assert listed(store, ExecutionFilter(tenant, **wanted)) == expected


STATES = {
    "running": (State.STEP_SUCCEEDED, ExecutionStatus.RUNNING),
    "paused": (State.PAUSED, ExecutionStatus.PAUSED),
    "succeeded": (State.SUCCEEDED, None),
    "failed": (State.FAILED, ExecutionStatus.FAILED),
    "timedOut": (State.TIMED_OUT, ExecutionStatus.TIMED_OUT),
    "cancelled": (State.CANCELLED, ExecutionStatus.CANCELLED),
}


@pytest.fixture(scope="module")
def of_each_state(backend: Backend) -> tuple[ExecutionStore, str]:
    """A store, and a tenant with two executions of each state: an older one, and a newer."""
    store, tenant = backend.executions, "of-each-state"
    if not store.list(ExecutionFilter(tenant), NOW, 1).found:
        for number, (name, (state, status)) in enumerate(STATES.items()):
            for age in ("old", "new"):
                at = NOW + number * SECOND + (HOUR if age == "new" else 0 * HOUR)
                under = None if name == "running" and age == "new" else status
                written(store, tenant, f"{age}-{name}", state=state, started_at=at, listed_under=under)
    return store, tenant


@pytest.mark.parametrize("oldest_first", [False, True])
@pytest.mark.parametrize(
    "states",
    [
        *([name] for name in STATES),
        ["failed", "timedOut"],
        ["running", "failed"],
        ["succeeded", "running"],
        [*STATES],
        ["StepSucceeded"],
        ["StepStarted"],
    ],
    ids=",".join,
)
def test_executions_of_some_states(
    of_each_state: tuple[ExecutionStore, str], states: list[str], *, oldest_first: bool
) -> None:
    store, tenant = of_each_state
    known = {"StepSucceeded": ["running"], "StepStarted": []}
    shown = [name for state in states for name in known.get(state, [state])]
    expected = [f"{age}-{name}" for age in ("old", "new") for name in STATES if name in shown]
    wanted = frozenset[State]().union(*map(states_named, states))
    filter_ = ExecutionFilter(tenant, wanted, oldest_first=oldest_first)
    soon = NOW + HOUR + NEWEST - SECOND
    assert names(store.list(filter_, soon, 100)) == (expected if oldest_first else expected[::-1])
    after, seen = None, []
    while True:
        page = store.list(filter_, soon, 1, after)
        seen += names(page)
        if (after := page.following) is None:
            break
    assert seen == (expected if oldest_first else expected[::-1])


def test_the_status_under_which_it_is_kept_comes_back_and_can_be_changed(store: ExecutionStore, tenant: str) -> None:
    first = following(submitted(tenant), listed_under=ExecutionStatus.RUNNING, due_at=NOW)
    image = store.update(first).image()
    assert image is not None
    assert (store.get(first.id), store.restore(image)) == (first, first)
    second = following(first, listed_under=None, due_at=NOW)
    store.update(second)
    assert store.get(first.id) == second
    marked = copy_with(second, listed_under=ExecutionStatus.RUNNING)
    store.defer(first.id, NOW, NOW + HOUR, copy_with(marked, version=1))
    assert store.get(first.id) == second
    store.defer(first.id, NOW, NOW + HOUR, marked)
    assert store.get(first.id) == copy_with(marked, due_at=NOW + HOUR)
    third = following(second, listed_under=None, due_at=NOW)
    store.update(third)
    store.defer(first.id, NOW, None, copy_with(third, listed_under=ExecutionStatus.RUNNING))
    assert store.get(first.id) == copy_with(third, listed_under=ExecutionStatus.RUNNING, due_at=None)


class TestWithinBounds:
    """A page looks at so much, and then says where the next one begins."""

    def lists(self, aws: Aws, keys: int = 40_000, headers: int = 500) -> ExecutionLists:
        return ExecutionLists(aws.dynamodb, aws.names.table(EXECUTIONS), ListLayout(1), keys, headers)

    def store(self, aws: Aws) -> DynamoExecutions:
        return DynamoExecutions(aws.dynamodb, aws.names, Payloads(DynamoChunks(aws.dynamodb, aws.names)), ListLayout(1))

    @pytest.mark.parametrize("oldest_first", [False, True])
    def test_a_page_looks_at_so_many_keys_at_most(self, aws: Aws, tenant: str, *, oldest_first: bool) -> None:
        for n in range(30):
            written(self.store(aws), tenant, f"{n:02}", started_at=NOW + n // 3 * SECOND)
        written(self.store(aws), tenant, "rare", definition_id="rare", started_at=NOW + 4 * SECOND)
        wanted = ExecutionFilter(tenant, definition="rare", oldest_first=oldest_first)
        found = [*pages(self.lists(aws, keys=7), wanted, 5)]
        assert 4 < len(found) < 10
        assert [name for page in found for name in page] == ["rare"]

    def test_of_keys_of_several_states(self, aws: Aws, tenant: str) -> None:
        for n in range(40):
            state, status = list(STATES.values())[n % 2 + 3]
            written(
                self.store(aws),
                tenant,
                f"{n:02}",
                state=state,
                listed_under=status,
                definition_id="even" if n % 4 < 2 else "odd",
                started_at=NOW + n * SECOND,
            )
        wanted = ExecutionFilter(tenant, states_named("failed") | states_named("timedOut"), definition="even")
        found = [*pages(self.lists(aws, keys=9), wanted, 5)]
        assert [name for page in found for name in page] == [f"{n:02}" for n in range(39, -1, -1) if n % 4 < 2]

    def test_a_page_reads_so_many_headers_at_most(self, aws: Aws, tenant: str) -> None:
        for n in range(30):
            state = State.SUCCEEDED if n == 3 else State.FAILED
            written(self.store(aws), tenant, f"{n:02}", state=state, started_at=NOW + n * SECOND)
        found = [*pages(self.lists(aws, headers=12), ExecutionFilter(tenant, states_named("succeeded")), 5)]
        assert found == [[], [], ["03"]]

    def test_a_position_need_not_be_that_of_an_execution(self, aws: Aws, tenant: str) -> None:
        written(self.store(aws), tenant, "only")
        page = self.lists(aws).page(ExecutionFilter(tenant), LATER, 5, Position(NOW, "z"))
        assert names(page) == ["only"]
        assert names(self.lists(aws).page(ExecutionFilter(tenant), LATER, 5, Position(NOW, "-"))) == []


def test_a_page_of_what_may_be_seen_is_full(store: ExecutionStore, tenant: str) -> None:
    for n in range(60):
        kind = "order" if n % 9 == 0 else "other"
        written(store, tenant, f"{n:08x}", definition_id=kind, started_at=NOW + n * SECOND)
    wanted = ExecutionFilter(tenant, names=frozenset({"or*"}))
    assert [*pages(store, wanted, 3)] == [[f"{n:08x}" for n in page] for page in ((54, 45, 36), (27, 18, 9), (0,))]
    assert listed(store, ExecutionFilter(tenant, names=frozenset())) == []


class TestWhatAPageCosts:
    """Counted over moto: requests of one page."""

    def calls(self, aws: Aws, wanted: ExecutionFilter, limit: int = 50) -> tuple[ExecutionPage, Sequence[str]]:
        with recording(aws.dynamodb) as seen:
            return aws.backend.executions.list(wanted, LATER, limit), seen

    def test_what_ended_with_its_first_write_is_told_by_the_index(self, moto_aws: Aws, tenant: str) -> None:
        store, ends = moto_aws.backend.executions, {"state": State.SUCCEEDED, "step": "a step", "ended_at": LATER}
        every = [written(store, tenant, f"{n:02}", **ends, started_at=NOW + n * DAY, tells_end=True) for n in range(50)]
        page, seen = self.calls(moto_aws, ExecutionFilter(tenant))
        assert page.found == [summary_of(each) for each in reversed(every)]
        assert seen == ["Query"] * SHARDS
        assert all(store.get(each.id) == each for each in every[:3])

    def test_what_failed_is_told_by_the_index(self, moto_aws: Aws, tenant: str) -> None:
        store, ends = moto_aws.backend.executions, {"state": State.FAILED, "step": "a", "ended_at": LATER}
        found = written(store, tenant, "a", **ends, listed_under=ExecutionStatus.FAILED, started_by="ada")
        page, seen = self.calls(moto_aws, ExecutionFilter(tenant, states_named("failed")))
        assert (page.found, seen) == ([summary_of(found)], ["Query"] * SHARDS)
        assert store.get(found.id) == found
        driven = following(found, state=State.STEP_STARTED, ended_at=None, listed_under=None)
        store.update(driven)
        assert store.get(found.id) == driven

    def test_what_ended_later_is_read(self, moto_aws: Aws, tenant: str) -> None:
        store = moto_aws.backend.executions
        found = following(written(store, tenant, "a"), state=State.SUCCEEDED, ended_at=LATER)
        store.update(found)
        page, seen = self.calls(moto_aws, ExecutionFilter(tenant))
        assert (page.found, seen) == ([summary_of(found)], [*["Query"] * SHARDS, "BatchGetItem"])

    def test_the_children_of_one_are_in_no_shards(self, moto_aws: Aws, tenant: str) -> None:
        parent = written(moto_aws.backend.executions, tenant, "parent")
        written(moto_aws.backend.executions, tenant, "child", parent=Parent(parent.id, "main", 1))
        assert self.calls(moto_aws, ExecutionFilter(parent.id))[1] == ["Query", "BatchGetItem"]

    def test_shards_may_become_more(self, moto_aws: Aws, tenant: str) -> None:
        payloads = Payloads(DynamoChunks(moto_aws.dynamodb, moto_aws.names))
        few, more = (
            DynamoExecutions(moto_aws.dynamodb, moto_aws.names, payloads, ListLayout(shards)) for shards in (2, 5)
        )
        for n in range(20):
            written(few if n % 2 else more, tenant, f"{n:02}", started_at=NOW + n * SECOND)
        assert listed(more, ExecutionFilter(tenant)) == [f"{n:02}" for n in range(19, -1, -1)]
