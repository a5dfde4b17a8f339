"""What it costs to open and close a task, and to find what somebody has to do, by how many tasks are open."""

from typing import TYPE_CHECKING

from benchmarks.harness import BenchError, Harness
from benchmarks.lists import PAGE
from benchmarks.metering import Usage
from benchmarks.tables import Cell, Progress, Section
from chalicelib.adapters import clients
from chalicelib.adapters.dynamodb.chunks import DynamoChunks
from chalicelib.adapters.dynamodb.tasks import DynamoTasks
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.executions.identity import task_id
from chalicelib.core.waits.task import Task, TaskFilter, TaskStatus, closed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.values.json import Json

OPEN = (50, 500, 5_000)
"""Tasks of others."""

MINE = TaskFilter(user="ada", groups=("sales", "staff"))
"""What is asked for: one task is assigned to ada, and none to her groups."""

GOAL = 3.0
"""Read units."""


def tasks(harness: Harness, progress: Progress) -> Section:
    """Measure them."""
    rows: list[Sequence[Cell]] = []
    results: dict[str, Json] = {}
    for done, count in enumerate(OPEN):
        progress.at(done, len(OPEN), f"{count:,} tasks")
        found, written = mine(harness, f"tasks-{count}", count)
        rows.append((count, found.requests, found.read_units, written.requests, written.write_units))
        results[str(count)] = {"read_units": found.read_units, "write_units": written.write_units}
    columns = ("open", "requests of mine=true", "read units", "requests to open and close one", "write units")
    note = f"One is for the person who asks, who is in {len(MINE.groups)} groups. The goal is {GOAL} read units."
    return Section("Tasks", columns, rows, note, {"tasks": results})


def mine(harness: Harness, tenant: str, count: int) -> tuple[Usage, Usage]:
    """Measure a page of what somebody has to do among so many tasks, and how one is opened and closed."""
    client = clients.dynamodb()
    store = DynamoTasks(client, harness.names, Payloads(DynamoChunks(client, harness.names)))
    for number in range(count):
        store.open(_task(harness, tenant, number, "bob"))
    mine = _task(harness, tenant, count, "ada")
    with harness.meter.counting() as written:
        store.open(mine)
    with harness.meter.counting() as found:
        page = store.list(tenant, MINE, PAGE)
    current = store.get(tenant, mine.id)
    if current is None or [each.id for each in page] != [mine.id]:
        raise BenchError(f"what was found is not the task, but {len(page)}")
    with harness.meter.counting() as ended:
        store.update(closed(current, TaskStatus.COMPLETED, "ada", harness.clock.now()))
    written.write_units += ended.write_units
    written.dynamodb_requests += ended.dynamodb_requests
    return found, written


def _task(harness: Harness, tenant: str, number: int, assignee: str) -> Task:
    execution = f"{tenant}:order:{number:08x}"
    return Task(
        tenant_id=tenant,
        id=task_id(execution, "main", 1),
        execution_id=execution,
        definition_id="order",
        thread="main",
        turn=1,
        step="approve",
        created_at=harness.clock.now(),
        title="Approve the order",
        data={"total": number},
        assignees=(assignee,),
    )
