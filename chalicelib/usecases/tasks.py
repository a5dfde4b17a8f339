"""What people do: find tasks, claim them, complete them."""

from collections.abc import Callable, Mapping, Sequence

from chalicelib.core.executions.decide import addressed
from chalicelib.core.executions.inputs import Answered, Input, TaskCompleted, TaskRejected
from chalicelib.core.executions.model import State, Status
from chalicelib.core.executions.waiting import Answer
from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.errors import (
    ForbiddenError,
    InvalidAnswerError,
    InvalidError,
    StateError,
    TaskNotFoundError,
)
from chalicelib.core.values.json import Json, encode
from chalicelib.core.values.position import Position
from chalicelib.core.values.value import copy_with, value
from chalicelib.core.waits import task as rules
from chalicelib.core.waits.task import Person, Task, TaskFilter, TaskStatus
from chalicelib.engine import optimistic
from chalicelib.engine.waits import close_task
from chalicelib.ports import Clock, ExecutionStore, TaskStore

MAX_PEOPLE = LIMITS.task_people_bytes

TRIES = 10
"""How often a change is tried when somebody else is quicker."""

Change = Callable[[Task], Task]


class KnownTask:
    """All tasks, of which one was just read: it is read again only once somebody else was quicker to change it.

    ``written`` is that task as it was written here, None while it was not.
    """

    def __init__(self, store: TaskStore, task: Task) -> None:
        self._store = store
        self._known: Task | None = task
        self.written: Task | None = None

    def get(self, tenant_id: str, task_id: str) -> Task | None:
        """Answer the one that is known, or read one."""
        known = self._known
        return known if known is not None and known.id == task_id else self._store.get(tenant_id, task_id)

    def headers(self, tenant_id: str, task_ids: Sequence[str]) -> Mapping[str, Task]:
        """Read headers."""
        return self._store.headers(tenant_id, task_ids)

    def open(self, task: Task) -> None:
        """Write one where there is none."""
        self._store.open(task)

    def update(self, task: Task) -> bool:
        """Write the next version of one."""
        known = self._known
        if known is None or known.id != task.id:
            return self._store.update(task)
        self._known = None
        is_there = self._store.update(task)
        if is_there:
            self._known = self.written = copy_with(task, listed_for=())
        return is_there

    def list(self, tenant_id: str, wanted: TaskFilter, limit: int, after: Position | None = None) -> Sequence[Task]:
        """Read headers, newest first."""
        return self._store.list(tenant_id, wanted, limit, after)


@value
class TaskService:
    """The use cases of people, for one tenant at a time."""

    store: TaskStore
    executions: ExecutionStore
    clock: Clock
    answer: Callable[[str, Answered, TaskStore], bool]
    """Folds an answer into an execution, writes and sends, with a store of tasks; tells whether that has changed the
    execution."""

    def find(self, tenant_id: str, wanted: TaskFilter, limit: int, after: Position | None) -> Sequence[Task]:
        """Read tasks, newest first, after a position."""
        return self.store.list(tenant_id, wanted, limit, after)

    def read(self, tenant_id: str, task_id: str) -> Task:
        """Read a task.

        Raises:
            TaskNotFoundError: the tenant has none of this id.
        """
        found = self.store.get(tenant_id, task_id)
        if found is None:
            raise TaskNotFoundError(f"there is no task {task_id!r}")
        return found

    def claim(self, tenant_id: str, task_id: str, person: Person) -> Task:
        """Let others see that somebody does it; again, it is claimed already.

        Raises:
            TaskNotFoundError: the tenant has none of this id.
            ForbiddenError: it is not for them.
            StateError: it is claimed by somebody else, or over.
            UnavailableError: it may be done, or not: ask again.
        """
        now = self.clock.now()

        def claim(task: Task) -> Task:
            claimed = rules.claimed(task, person, now)
            return task if claimed is task else rules.noted(claimed, State.TASK_CLAIMED, person.user, now)

        return self._change(tenant_id, task_id, rules.claim_problem, person, claim)

    def release(self, tenant_id: str, task_id: str, person: Person) -> Task:
        """Leave it to others.

        Raises:
            TaskNotFoundError, ForbiddenError, StateError, UnavailableError: as :meth:`claim`.
        """
        now = self.clock.now()

        def release(task: Task) -> Task:
            return rules.noted(rules.released(task), State.TASK_RELEASED, person.user, now)

        return self._change(tenant_id, task_id, rules.release_problem, person, release)

    def reassign(
        self, tenant_id: str, task_id: str, person: Person, assignees: Sequence[str], groups: Sequence[str]
    ) -> Task:
        """Give it to others.

        Raises:
            TaskNotFoundError, ForbiddenError, StateError, UnavailableError: as :meth:`claim`.
            InvalidError: the names are too long together.
        """
        if (size := len(encode([*assignees, *groups]))) > MAX_PEOPLE:
            raise InvalidError(
                beyond(
                    "task_people_bytes", f"assignees and groups take {size:,} bytes, and {MAX_PEOPLE:,} are the most"
                )
            )
        now = self.clock.now()
        people: dict[str, Json] = {"assignees": list(assignees), "groups": list(groups)}

        def reassign(task: Task) -> Task:
            return rules.noted(
                rules.reassigned(task, assignees, groups), State.TASK_REASSIGNED, person.user, now, **people
            )

        return self._change(tenant_id, task_id, rules.reassign_problem, person, reassign)

    def complete(self, tenant_id: str, task_id: str, person: Person, answer: Json, key: str | None = None) -> Task:
        """Do it: the answer is the step's result. The same answer under the same key again is that answer again.

        Raises:
            TaskNotFoundError: the tenant has none of this id.
            ForbiddenError: it is not for them.
            InvalidAnswerError: with every error of the answer against the form.
            StateError: it is claimed by somebody else, or over.
            UnavailableError: it may be done, or not: ask again with the same key.
        """

        def checked(task: Task) -> Answered:
            if problems := compile_schema(task.input_schema).problems(answer):
                raise InvalidAnswerError(problems=problems)
            return TaskCompleted(task.thread, task.turn, answer, person.user, key)

        given = Answer(self.clock.now(), person.user, answer, key=key)
        return self._end(self.read(tenant_id, task_id), person, given, checked)

    def reject(self, tenant_id: str, task_id: str, person: Person, reason: str, key: str | None = None) -> Task:
        """Say that it will not be done: the step fails with ``task.Rejected``.

        Raises:
            TaskNotFoundError, ForbiddenError, StateError, UnavailableError: as :meth:`complete`.
        """

        def rejected(task: Task) -> Answered:
            return TaskRejected(task.thread, task.turn, reason, person.user, key)

        given = Answer(self.clock.now(), person.user, reason=reason, rejected=True, key=key)
        return self._end(self.read(tenant_id, task_id), person, given, rejected)

    def _end(self, task: Task, person: Person, given: Answer, answered: Callable[[Task], Answered]) -> Task:
        """Give the answer to the execution, whose turn tells who was first."""
        if task.status is not TaskStatus.OPEN:
            return _same(task, given)
        _check(rules.complete_problem(task, person), task, person)
        known = KnownTask(self.store, task)
        if self.answer(task.execution_id, answered(task), known):
            return known.written or self.read(task.tenant_id, task.id)
        return _same(self._as_it_ended(self.read(task.tenant_id, task.id)), given)

    def _as_it_ended(self, task: Task) -> Task:
        """Close a task whose execution has gone on without that being known here yet."""
        if task.status is not TaskStatus.OPEN:
            return task
        item = self.executions.get(task.execution_id)
        thread = None if item is None else addressed(item, Input(task.thread, task.turn))
        if item is None or thread is None:
            self.store.update(rules.closed(task, TaskStatus.CANCELLED, None, self.clock.now()))
        elif item.ended or thread.status is Status.OVER:
            close_task(self.store, item, thread)
        return self.read(task.tenant_id, task.id)

    def _change(
        self,
        tenant_id: str,
        task_id: str,
        problem: Callable[[Task, Person], str | None],
        person: Person,
        change: Change,
    ) -> Task:
        def make(task: Task) -> tuple[Task, Task]:
            _check(problem(task, person), task, person)
            changed = change(task)
            return changed, changed

        return optimistic.change(
            lambda: self.read(tenant_id, task_id), make, self.store.update, f"task {task_id!r}", TRIES
        )


def _check(problem: str | None, task: Task, person: Person) -> None:
    """Refuse what is not theirs to do.

    Raises:
        ForbiddenError: they are not among those who may.
        StateError: the task is over, others do it, or nobody has claimed it who could release it.
    """
    if problem is not None:
        raise ForbiddenError(problem) if problem == rules.not_theirs(task, person) else StateError(problem)


def _same(task: Task, given: Answer) -> Task:
    """Answer a task that is over, if it is by this very answer.

    Raises:
        StateError: it is not.
    """
    status = TaskStatus.REJECTED if given.rejected else TaskStatus.COMPLETED
    said = (task.reason or "") == (given.reason or "")
    if task.status is status and said and rules.is_repeat(task, given.by, given.key, given.value):
        return task
    by = "" if task.closed_by is None else f" by {task.closed_by}"
    raise StateError(f"task {task.id!r} is {task.status}{by} already")
