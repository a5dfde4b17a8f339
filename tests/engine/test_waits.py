"""What others keep of a wait, while and after an execution asks."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import timedelta

import pytest

from chalicelib.adapters.memory.signals import MemorySignals
from chalicelib.adapters.memory.tasks import MemoryTasks
from chalicelib.core.definitions.model import WaitForAnswer
from chalicelib.core.executions.inputs import (
    CloseWait,
    Input,
    Message,
    OpenTask,
    SignalPublished,
    SignalReceived,
    Started,
    TaskCompleted,
)
from chalicelib.core.executions.model import Signal
from chalicelib.core.values.errors import DamagedError, UnavailableError
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.correlation import MAX_WAITING, Channel, Correlation, KeptSignal, Waiter
from chalicelib.core.waits.task import Person, Task, TaskFilter, TaskStatus, claimed
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import Budget, Delivery, Dependencies
from chalicelib.engine.signals import Signals
from chalicelib.engine.waits import LEFT, close_task, open_task
from tests.core.examples import Run
from tests.home import START, Home

PAID = Channel("t", "paid", "7")
TASK = """
    steps:
      - {id: look, type: task, title: Look, assignees: ada, due: {seconds: 60, then: reassign, groups: [managers]}}
    """


def opened(run: Run) -> OpenTask:
    (found,) = (command for command in run.asks() if isinstance(command, OpenTask))
    return found


def left(run: Run) -> CloseWait:
    (found,) = (command for command in run.asks() if isinstance(command, CloseWait))
    return found


def only(tasks: MemoryTasks) -> Task:
    ((tenant, name),) = tasks.items
    found = tasks.get(tenant, name)
    assert found is not None
    return found


def open_one(tasks: MemoryTasks, run: Run) -> tuple[OpenTask, WaitForAnswer]:
    asked = opened(run)
    open_task(tasks, run.execution, asked.thread, asked.task)
    return asked, asked.task


def test_a_task_is_opened_once() -> None:
    tasks, run = MemoryTasks(), Run(TASK).go()
    open_one(tasks, run)
    tasks.update(claimed(only(tasks), Person("ada"), START))
    open_one(tasks, run)
    assert (only(tasks).claimed_by, only(tasks).due_at) == ("ada", START + timedelta(seconds=60))


def test_a_late_one_is_given_to_others_once() -> None:
    tasks, run = MemoryTasks(), Run(TASK).go()
    open_one(tasks, run)
    run.later(60)
    for _ in range(2):
        open_one(tasks, run)
    assert (only(tasks).groups, only(tasks).assignees, only(tasks).overdue) == (("managers",), (), True)
    assert only(tasks).version == 2


def test_one_that_is_over_before_it_was_opened_is_never_opened() -> None:
    tasks, run = MemoryTasks(), Run(TASK).go()
    late = opened(run)
    before = run.execution
    run.ask(TaskCompleted("main", 1, "seen", "ada"))
    close_task(tasks, run.execution, left(run).thread)
    open_task(tasks, before, late.thread, late.task)
    assert (only(tasks).status, only(tasks).title, only(tasks).answer) == (TaskStatus.COMPLETED, LEFT, "seen")
    assert only(tasks).version == 1


class Damaged(MemoryTasks):
    """The task that is open cannot be read."""

    def get(self, tenant_id: str, task_id: str) -> Task | None:
        if super().get(tenant_id, task_id) is None:
            return None
        raise DamagedError(f"{tenant_id} {task_id}")


def test_one_that_is_damaged_keeps_no_execution_from_its_end() -> None:
    tasks, run = Damaged(), Run(TASK).go()
    open_one(tasks, run)
    run.ask(TaskCompleted("main", 1, "seen", "ada"))
    close_task(tasks, run.execution, left(run).thread)
    (task,) = tasks.list(run.execution.tenant_id, TaskFilter(), 10)
    assert task.status is TaskStatus.OPEN


class Rival(MemoryTasks):
    """Somebody claims the task just before it is closed."""

    def update(self, task: Task) -> bool:
        if task.status is TaskStatus.COMPLETED and only(self).claimed_by is None:
            super().update(claimed(only(self), Person("bob"), START))
        return super().update(task)


def test_a_claim_that_comes_in_between_does_not_keep_it_open() -> None:
    tasks, run = Rival(), Run(TASK).go()
    open_one(tasks, run)
    run.ask(TaskCompleted("main", 1, "seen", "ada"))
    close_task(tasks, run.execution, left(run).thread)
    assert (only(tasks).status, only(tasks).claimed_by, only(tasks).closed_by) == (TaskStatus.COMPLETED, "bob", "ada")


@pytest.mark.parametrize("comes_first", [True, False])
def test_who_takes_an_event_that_came_before_is_looked_at_again(*, comes_first: bool) -> None:
    home = Home()
    home.create({"type": "event", "name": "paid", "key": "7"})
    if comes_first:
        event = Signal("event-1", "paid", START + timedelta(days=1), 7)
        home.matching.put(PAID, Correlation(event, START, was_kept=True), START)
    execution = home.execute()
    again = [message for message in home.waiting() if isinstance(message.event, SignalPublished)]
    if comes_first:
        assert home.read(execution).output == 7
        assert [copy_with(message, delay=0) for message in again] == [
            Message("t", SignalPublished(name="paid", key="7", id="event-1"))
        ]
    else:
        assert again == []


def test_a_step_that_is_one_too_many_fails_and_can_be_caught() -> None:
    home = Home()
    caught = {"catch": [{"errors": ["event.*"], "next": "step-1"}], "end": True}
    home.create({"type": "event", "name": "paid", "key": "7", **caught}, {"type": "echo", "message": "${error.name}"})
    for number in range(MAX_WAITING):
        home.matching.wait(PAID, Waiter(f"t:d:{number}", "main", 1, START))
    assert home.read(home.execute()).output == "event.TooManyWait"


class Quicker(MemorySignals):
    """A store at which a twin is quicker, once somebody looks at what is kept."""

    def __init__(self, twin: Callable[[], object]) -> None:
        super().__init__()
        self.twin: Callable[[], object] | None = twin

    def kept(
        self, channel: Channel, limit: int, after: str = "", *, newest_first: bool = False
    ) -> Sequence[KeptSignal]:
        twin, self.twin = self.twin, None
        if twin is not None:
            twin()
        return super().kept(channel, limit, after, newest_first=newest_first)


@pytest.mark.parametrize("moved", [True, False])
def test_a_message_is_given_back_under_which_a_twin_has_gone_on_with_the_event_that_it_found(*, moved: bool) -> None:
    home = Home()
    home.create({"type": "event", "name": "paid", "key": "7"}, {"type": "event", "name": "sent", "key": "7"})
    execution = home.execute()
    driver = home.read(execution).threads["main"].driver
    assert driver is not None

    def invoke(received: Input, request: str, dependencies: Dependencies) -> set[str]:
        delivery = Delivery(driver.message, Message(execution, received), receives=2)
        return Invocation(dependencies, request, [delivery], Budget(home.clock.now() + timedelta(minutes=1))).run()

    def twin() -> None:
        if moved:
            invoke(SignalReceived("main", 1, None, "event-1"), driver.request, home.dependencies)

    late = copy_with(home.dependencies, signals=Signals(Quicker(twin), home.clock))
    with pytest.raises(UnavailableError, match="a twin has taken") if moved else nullcontext():
        assert invoke(Started(), "another", late) == {driver.message}
