"""What people see of the task of a wait, and when it was closed."""

from datetime import timedelta

from chalicelib.core.executions.identity import task_id
from chalicelib.core.executions.inputs import TaskRejected
from chalicelib.core.waits.task import Task, TaskStatus
from tests.home import START, Home, caught

ASKED = {
    "type": "task",
    "title": "Look at ${input}",
    "description": "Closely",
    "inputSchema": {"type": "string"},
    "uiSchema": {"ui:widget": "textarea"},
    "data": {"number": "${input}"},
    "assignees": ["ada", "bob"],
    "groups": "managers",
    "not": "${execution.startedBy || 'carol'}",
    "priority": 70,
}
HOUR = {"type": "wait", "seconds": 3600}


def only(home: Home) -> Task:
    ((tenant, name),) = home.tasks.items
    found = home.tasks.get(tenant, name)
    assert found is not None
    return found


def test_a_task_says_all_that_the_step_does(home: Home) -> None:
    home.create({**ASKED, "due": {"seconds": 600}})
    name = home.execute("7")
    assert only(home) == Task(
        tenant_id="t",
        id=task_id(name, "main", 1),
        execution_id=name,
        definition_id="d",
        definition_version=1,
        thread="main",
        turn=1,
        step="step-0",
        created_at=START,
        title="Look at 7",
        description="Closely",
        input_schema={"type": "string"},
        ui_schema={"ui:widget": "textarea"},
        data={"number": "7"},
        assignees=("ada", "bob"),
        groups=("managers",),
        excluded=("carol",),
        priority=70,
        due_at=START + timedelta(seconds=600),
        if_overdue={"then": "fail"},
    )


def test_one_that_says_little_is_for_everybody(home: Home) -> None:
    home.create({"type": "task", "title": "Look"})
    home.execute()
    task = only(home)
    assert (task.assignees, task.groups, task.excluded, task.priority) == ((), (), (), 50)
    assert (task.input_schema, task.description, task.data, task.due_at) == (True, None, None, None)


def test_one_whose_execution_is_cancelled_is_closed_at_that_time(home: Home) -> None:
    home.create(ASKED)
    name = home.execute("7")
    home.clock.sleep(30)
    home.service.cancel("t", name)
    task = only(home)
    assert (task.status, task.closed_at, task.closed_by) == (
        TaskStatus.CANCELLED,
        START + timedelta(seconds=30),
        None,
    )


def test_one_that_its_step_waits_for_no_longer_is_closed_at_that_time(home: Home) -> None:
    home.create({**caught(ASKED, "step-1"), "timeoutSeconds": 40}, HOUR)
    home.execute("7")
    home.clock.sleep(40)
    home.deliver_all()
    task = only(home)
    assert (task.status, task.closed_at) == (TaskStatus.CANCELLED, START + timedelta(seconds=40))


def test_one_that_was_rejected_says_by_whom_why_and_under_which_name(home: Home) -> None:
    home.create(caught(ASKED, "step-1"), HOUR)
    name = home.execute("7")
    home.clock.sleep(20)
    home.services.answer(name, TaskRejected("main", 1, "too late", "ada", "my-answer"))
    task = only(home)
    assert (task.status, task.closed_by, task.reason, task.key) == (
        TaskStatus.REJECTED,
        "ada",
        "too late",
        "my-answer",
    )
    assert task.closed_at == START + timedelta(seconds=20)
