from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from chalicelib.adapters.dynamodb.tables import BY_STATUS, PAYLOADS, TASKS
from chalicelib.adapters.dynamodb.tasks import MAX_GROUPS, PAGE
from chalicelib.core.values.json import Json
from chalicelib.core.values.position import Position
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.task import Person, Task, TaskFilter, TaskStatus, claimed, closed, released
from chalicelib.ports import TaskStore
from tests.adapters.conftest import Aws, Backend
from tests.adapters.examples import NOW, fresh, task
from tests.adapters.test_executions import VALUES
from tests.adapters.test_payloads import LARGEST_ITEM, MEGABYTE, WRITE_UNIT, counted, item_size, noise

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

LATER = NOW + timedelta(minutes=5)
ADA, BOB = Person("ada"), Person("bob")
ALL = TaskFilter()


@pytest.fixture
def store(backend: Backend) -> TaskStore:
    return backend.tasks


def full(tenant: str, turn: int = 3) -> Task:
    """A task of which every field says something."""
    return task(
        tenant,
        turn,
        description="It is a large one.",
        input_schema={"type": "object", "properties": {"approved": {"type": "boolean"}}},
        ui_schema={"order": ["approved"]},
        data={"total": 10**30, "list": [0.1, None, ""]},
        assignees=("ada", ""),
        groups=("sales",),
        excluded=("eve",),
        priority=0,
        due_at=LATER,
        overdue=True,
        changes=({"time": "2026-01-31T09:00:00.000Z", "state": "TaskReleased", "actor": "\udfff"},),
    )


def opened(store: TaskStore, tenant: str, turn: int = 3, **changes: object) -> Task:
    found = task(tenant, turn, **changes)
    store.open(found)
    return found


def behind(page: list[Task]) -> Position | None:
    return Position(page[-1].created_at, page[-1].id) if page else None


def listed(store: TaskStore, tenant: str, **wanted: object) -> set[int]:
    """Name the tasks of a list by their turns."""
    return {found.turn for found in store.list(tenant, TaskFilter(**wanted), 100)}


def item(aws: Aws, wanted: Task) -> dict[str, dict[str, str]]:
    key = {"tenantId": {"S": wanted.tenant_id}, "id": {"S": wanted.id}}
    return aws.dynamodb.get_item(TableName=aws.names.table(TASKS), Key=key)["Item"]


@contextmanager
def queries(dynamodb: "DynamoDBClient") -> Iterator[list[dict[str, object]]]:
    """Collect the queries that are sent."""
    seen: list[dict[str, object]] = []

    def record(params: dict[str, object], **_: object) -> None:
        seen.append(dict(params))

    dynamodb.meta.events.register("provide-client-params.dynamodb.Query", record)
    yield seen
    dynamodb.meta.events.unregister("provide-client-params.dynamodb.Query", record)


def test_where_nothing_stands_there_is_none(store: TaskStore, tenant: str) -> None:
    assert store.get(tenant, task(tenant).id) is None


def test_everything_of_a_task_comes_back(store: TaskStore, tenant: str) -> None:
    wanted = full(tenant)
    store.open(wanted)
    assert store.get(tenant, wanted.id) == wanted
    mine = claimed(wanted, ADA, NOW)
    assert store.update(mine)
    assert store.get(tenant, wanted.id) == mine
    done = closed(mine, TaskStatus.COMPLETED, "ada", LATER, answer={"approved": False}, key="k-1")
    assert store.update(done)
    assert store.get(tenant, wanted.id) == done


def test_what_is_cleared_is_gone(store: TaskStore, tenant: str) -> None:
    mine = claimed(full(tenant), ADA, NOW)
    store.open(mine)
    assert store.update(released(mine))
    assert store.get(tenant, mine.id) == copy_with(full(tenant), version=3)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_json_comes_back_as_it_went_in(store: TaskStore, value: Json) -> None:
    wanted = opened(store, fresh("tenant"), data=value, answer=[value], ui_schema={"x": value})
    read = store.get(wanted.tenant_id, wanted.id)
    assert read is not None
    assert repr([read.data, read.answer, read.ui_schema]) == repr([value, [value], {"x": value}])


def test_texts_that_no_attribute_can_hold_are_mended(store: TaskStore, tenant: str) -> None:
    wanted = opened(store, tenant, title="half a \ud800 pair", assignees=("\udfff",), description="\ud800")
    read = store.get(tenant, wanted.id)
    assert read == copy_with(wanted, title="half a \ufffd pair", assignees=("\ufffd",))
    assert [found.title for found in store.list(tenant, ALL, 10)] == ["half a \ufffd pair"]


@pytest.mark.parametrize("field", ["description", "input_schema", "ui_schema", "data", "answer", "reason"])
def test_a_megabyte_of_what_people_write_comes_back(store: TaskStore, field: str) -> None:
    wanted = opened(store, fresh("tenant"), **{field: MEGABYTE})
    assert store.get(wanted.tenant_id, wanted.id) == wanted
    assert store.update(claimed(wanted, ADA, NOW))
    assert store.get(wanted.tenant_id, wanted.id) == claimed(wanted, ADA, NOW)


def test_a_second_opening_changes_nothing(store: TaskStore, tenant: str) -> None:
    wanted = opened(store, tenant)
    mine = claimed(wanted, ADA, NOW)
    assert store.update(mine)
    store.open(wanted)
    store.open(copy_with(wanted, title="another one"))
    assert store.get(tenant, wanted.id) == mine


def test_a_task_can_be_put_there_closed_and_is_not_opened_then(store: TaskStore, tenant: str) -> None:
    wanted = task(tenant)
    left = closed(wanted, TaskStatus.CANCELLED, None, NOW)
    store.open(left)
    store.open(wanted)
    assert store.get(tenant, wanted.id) == left
    assert listed(store, tenant) == set()


def test_a_task_is_written_over_the_version_before_it_only(store: TaskStore, tenant: str) -> None:
    wanted = task(tenant)
    assert not store.update(claimed(wanted, ADA, NOW))
    assert store.get(tenant, wanted.id) is None
    store.open(wanted)
    mine = claimed(wanted, ADA, NOW)
    assert store.update(mine)
    for version in (1, 2, 4):
        assert not store.update(copy_with(mine, version=version, title="lost"))
    assert store.get(tenant, wanted.id) == mine


def test_a_write_again_is_told_as_done(store: TaskStore, tenant: str) -> None:
    wanted = opened(store, tenant, data="x" * 100_000)
    mine = claimed(wanted, ADA, NOW)
    assert store.update(mine)
    assert store.update(mine)
    assert store.update(released(mine))
    assert not store.update(mine)


def test_of_those_who_claim_a_task_exactly_one_has_it(ministack_aws: Aws, tenant: str) -> None:
    store = ministack_aws.backend.tasks
    latest = opened(store, tenant)
    start = Barrier(4)

    def claim(user: str) -> bool:
        start.wait()
        return store.update(claimed(latest, Person(user), NOW))

    with ThreadPoolExecutor(4) as pool:
        for turn in range(10):
            users = [f"user-{turn}-{n}" for n in range(4)]
            won = list(pool.map(claim, users))
            assert sorted(won) == [False, False, False, True]
            latest = claimed(latest, Person(users[won.index(True)]), NOW)
            assert store.get(tenant, latest.id) == latest


def test_a_list_shows_headers_newest_first(store: TaskStore, tenant: str) -> None:
    older, newer = full(tenant, 1), copy_with(full(tenant, 2), created_at=NOW + timedelta(milliseconds=1))
    store.open(older)
    store.open(newer)
    header = {"description": None, "input_schema": True, "ui_schema": None, "data": None, "changes": ()}
    assert store.list(tenant, ALL, 10) == [copy_with(newer, **header), copy_with(older, **header)]
    assert store.update(closed(older, TaskStatus.REJECTED, "ada", LATER, reason="no", key="k"))
    (shown,) = store.list(tenant, TaskFilter(TaskStatus.REJECTED), 10)
    assert (shown.closed_by, shown.closed_at, shown.version) == ("ada", LATER, 2)


@pytest.mark.parametrize("status", TaskStatus)
def test_a_list_holds_the_tasks_of_one_status(store: TaskStore, tenant: str, status: TaskStatus) -> None:
    for turn, each in enumerate(TaskStatus):
        wanted = opened(store, tenant, turn)
        if each is not TaskStatus.OPEN:
            assert store.update(closed(wanted, each, "ada", LATER))
    assert [found.status for found in store.list(tenant, TaskFilter(status), 10)] == [status]


def test_a_tenant_lists_and_reads_only_its_own(store: TaskStore, tenant: str) -> None:
    wanted = opened(store, tenant)
    opened(store, f"{tenant}-b")
    assert [found.tenant_id for found in store.list(tenant, ALL, 10)] == [tenant]
    assert store.get(f"{tenant}-b", wanted.id) is None


def test_pages_of_a_list_hold_everything_once(store: TaskStore, tenant: str) -> None:
    written = [opened(store, tenant, n, created_at=NOW + timedelta(seconds=n // 3)) for n in range(11)]
    seen: list[Task] = []
    while page := store.list(tenant, ALL, 4, behind(seen)):
        assert len(page) == min(4, len(written) - len(seen))
        seen += page
    assert sorted(found.turn for found in seen) == list(range(11))
    assert [found.created_at for found in seen] == sorted((found.created_at for found in seen), reverse=True)


def test_pages_go_on_behind_a_task_that_was_closed_meanwhile(store: TaskStore, tenant: str) -> None:
    for n in range(6):
        opened(store, tenant, n, created_at=NOW + timedelta(seconds=n))
    page = list(store.list(tenant, ALL, 2))
    assert store.update(closed(page[-1], TaskStatus.COMPLETED, "ada", LATER))
    assert [found.turn for found in store.list(tenant, ALL, 10, behind(page))] == [3, 2, 1, 0]


@pytest.mark.parametrize("few", [TaskFilter(min_priority=90), TaskFilter(names=frozenset({"or*"}))])
def test_a_page_is_full_however_few_are_wanted(store: TaskStore, tenant: str, few: TaskFilter) -> None:
    for n in range(40):
        kind = {"priority": 90, "definition_id": "order"} if n % 9 == 0 else {"definition_id": "other"}
        opened(store, tenant, n, created_at=NOW + timedelta(seconds=n), **kind)
    first = list(store.list(tenant, few, 3))
    assert [found.turn for found in first] == [36, 27, 18]
    assert [found.turn for found in store.list(tenant, few, 3, behind(first))] == [9, 0]


def test_a_list_looks_on_until_it_has_found_enough(moto_aws: Aws, tenant: str) -> None:
    store = moto_aws.backend.tasks
    opened(store, tenant, 0, priority=90)
    for n in range(1, PAGE + 2):
        opened(store, tenant, n, created_at=NOW + timedelta(seconds=n))
    with queries(moto_aws.dynamodb) as seen:
        assert [found.turn for found in store.list(tenant, TaskFilter(min_priority=90), 1)] == [0]
        assert [found.turn for found in store.list(tenant, ALL, 2)] == [PAGE + 1, PAGE]
    assert [query["Limit"] for query in seen] == [PAGE, PAGE, 2]


@pytest.fixture(scope="module")
def several(backend: Backend) -> str:
    """TaskService 0 to 7 of a tenant."""
    store, tenant = backend.tasks, fresh("several")
    opened(store, tenant, 0)
    opened(store, tenant, 1, assignees=("ada", "bob"), priority=80)
    opened(store, tenant, 2, groups=("sales", "staff"), overdue=True)
    opened(store, tenant, 3, assignees=("carol",), groups=("managers",), priority=0)
    opened(store, tenant, 4, assignees=("adam",), groups=("sales-north",), definition_id="returns")
    opened(store, tenant, 5, execution_id="another", excluded=("ada",))
    assert store.update(claimed(opened(store, tenant, 6), ADA, NOW))
    assert store.update(claimed(opened(store, tenant, 7, groups=("managers",), priority=80), BOB, NOW))
    return tenant


@pytest.mark.parametrize(
    ("wanted", "turns"),
    [
        ({}, {0, 1, 2, 3, 4, 5, 6, 7}),
        ({"user": "ada"}, {1, 6}),
        ({"user": "bob"}, {1, 7}),
        ({"user": "nobody"}, set()),
        ({"user": ""}, set()),
        ({"groups": ("sales",)}, {2}),
        ({"groups": ("sales", "managers")}, {2, 3, 7}),
        ({"user": "ada", "groups": ("managers",)}, {1, 3, 6, 7}),
        ({"user": "sales"}, set()),
        ({"groups": ("ada",)}, set()),
        ({"user": "ada", "unclaimed": True}, {1}),
        ({"definition": "returns"}, {4}),
        ({"definition": "order-fulfilment", "groups": ("sales",)}, {2}),
        ({"execution": "another"}, {5}),
        ({"claimed_by": "ada"}, {6}),
        ({"claimed_by": "ada", "unclaimed": True}, set()),
        ({"unclaimed": True}, {0, 1, 2, 3, 4, 5}),
        ({"overdue": True}, {2}),
        ({"min_priority": 80}, {1, 7}),
        ({"min_priority": 51, "unclaimed": True}, {1}),
        ({"min_priority": 0}, {0, 1, 2, 3, 4, 5, 6, 7}),
        ({"status": TaskStatus.COMPLETED}, set()),
    ],
)
def test_a_list_holds_what_all_of_the_filter_applies_to(
    store: TaskStore, several: str, wanted: dict[str, object], turns: set[int]
) -> None:
    assert listed(store, several, **wanted) == turns


@pytest.mark.parametrize("many", [MAX_GROUPS, MAX_GROUPS + 1, 1000])
def test_somebody_may_be_in_any_number_of_groups(store: TaskStore, several: str, many: int) -> None:
    groups = ("managers", *(f"group-{n}" for n in range(many - 1)))
    assert listed(store, several, groups=groups) == {3, 7}
    assert listed(store, several, user="ada", groups=groups, unclaimed=True) == {1, 3}
    the_rest = {"definition": "d", "execution": "e", "claimed_by": "c", "overdue": True, "min_priority": 1}
    assert listed(store, several, user="ada", groups=groups, unclaimed=True, **the_rest) == set()


def test_what_is_not_wanted_is_left_out_where_it_is_kept(moto_aws: Aws, tenant: str) -> None:
    store = moto_aws.backend.tasks
    opened(store, tenant, 1, groups=("sales",))
    opened(store, tenant, 2, priority=80)
    opened(store, tenant, 3, assignees=("ada",))
    assert store.update(closed(opened(store, tenant, 4, groups=("sales",)), TaskStatus.COMPLETED, "bob", LATER))
    assert store.update(closed(opened(store, tenant, 5, groups=("staff",)), TaskStatus.COMPLETED, "bob", LATER))
    answers: list[int] = []

    def count(parsed: dict[str, int], **_: object) -> None:
        answers.append(parsed["Count"])

    moto_aws.dynamodb.meta.events.register("after-call.dynamodb.Query", count)
    done = TaskFilter(TaskStatus.COMPLETED, user="ada", groups=("sales",))
    for wanted in (done, copy_with(done, min_priority=80), TaskFilter(min_priority=80), ALL):
        store.list(tenant, wanted, 10)
    moto_aws.dynamodb.meta.events.unregister("after-call.dynamodb.Query", count)
    assert answers == [1, 0, 1, 3]


def test_a_filter_fits_into_an_expression(moto_aws: Aws, tenant: str) -> None:
    groups = tuple(f"group-{n}" for n in range(MAX_GROUPS))
    wanted = TaskFilter(
        TaskStatus.COMPLETED,
        user="ada",
        groups=groups,
        definition="d",
        execution="e",
        claimed_by="c",
        unclaimed=True,
        overdue=True,
        min_priority=1,
    )
    with queries(moto_aws.dynamodb) as seen:
        moto_aws.backend.tasks.list(tenant, wanted, 10)
    assert len(seen[0]["FilterExpression"]) < 4096


def test_an_index_takes_no_more_attributes_than_20() -> None:
    assert len(BY_STATUS.includes) <= 20


def test_an_ordinary_task_is_one_write_unit(aws: Aws, tenant: str) -> None:
    wanted = full(tenant)
    aws.backend.tasks.open(wanted)
    assert item_size(item(aws, wanted)) < WRITE_UNIT


def test_a_list_reads_no_payload_and_no_document(aws: Aws, tenant: str) -> None:
    wanted = opened(aws.backend.tasks, tenant, data=noise(100_000, tenant))
    with counted(aws.dynamodb) as calls:
        assert [found.id for found in aws.backend.tasks.list(tenant, ALL, 10)] == [wanted.id]
    assert not calls
    query = {
        "TableName": aws.names.table(TASKS),
        "IndexName": "by-status",
        "KeyConditionExpression": "tenantStatus = :partition",
        "ExpressionAttributeValues": {":partition": {"S": f"{tenant}#open"}},
    }
    (shown,) = aws.dynamodb.query(**query)["Items"]
    assert {"document", "payloads"}.isdisjoint(shown)


def test_a_large_value_is_written_once(moto_aws: Aws, tenant: str) -> None:
    wanted = task(tenant, data=noise(100_000, tenant))
    with counted(moto_aws.dynamodb) as puts:
        moto_aws.backend.tasks.open(wanted)
        assert moto_aws.backend.tasks.update(claimed(wanted, ADA, NOW))
    assert puts == {PAYLOADS: 1, TASKS: 3}, "one is for who has claimed it"


def test_a_task_full_of_large_values_is_no_item_too_large(aws: Aws, tenant: str) -> None:
    values = {name: noise(60_000, name) for name in ("description", "input_schema", "ui_schema", "data", "answer")}
    wanted = opened(aws.backend.tasks, tenant, **values, reason=noise(60_000), title="x" * 2_000)
    assert aws.backend.tasks.get(tenant, wanted.id) == wanted
    assert item_size(item(aws, wanted)) < LARGEST_ITEM
