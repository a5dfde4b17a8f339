"""The use cases, put together: each is made, and its code loaded, when it is first asked for."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from chalicelib.core.values.value import copy_with
from chalicelib.engine.invocation import ApiInvocation, StartInvocation
from chalicelib.engine.model import Dependencies

if TYPE_CHECKING:
    from chalicelib.core.access.quotas import Quotas
    from chalicelib.core.definitions.model import StepType
    from chalicelib.core.executions.inputs import Answered, Requested
    from chalicelib.core.executions.model import Execution
    from chalicelib.core.values.json import Json, Problem
    from chalicelib.core.waits.token import Token
    from chalicelib.engine.send_batcher import SendBatcher
    from chalicelib.ports import DefinitionStore, TaskStore
    from chalicelib.usecases.answers import AnswerService
    from chalicelib.usecases.definitions import DefinitionService
    from chalicelib.usecases.execution_details import ExecutionDetails
    from chalicelib.usecases.executions import ExecutionService
    from chalicelib.usecases.incidents import IncidentService, IncidentStore
    from chalicelib.usecases.kept_waits import KeptWaits
    from chalicelib.usecases.quotas import StartQuotas
    from chalicelib.usecases.schedules import ScheduleService, ScheduleStore
    from chalicelib.usecases.standstill import Standstill
    from chalicelib.usecases.start_batches import StartBatches
    from chalicelib.usecases.tasks import TaskService
    from chalicelib.usecases.values import ValueService

Inspect: TypeAlias = "Callable[[str, Mapping[str, Json]], Sequence[Problem]]"
"""Finds what is wrong with the calls of a definition of a tenant."""


class Services:
    """The use cases over what invocations work with.

    Args:
        dependencies: what invocations work with.
        definitions: the store of definitions.
        step_types: what a step's ``type`` can name.
        inspect: finds what is wrong with the calls of a definition.
        read_token: reads the token of a turn.
        new_suffix: makes the last part of the id of an execution.
        new_request: makes the id of a request.
        quotas: answers the quotas of a tenant.
        starts: makes what admits starts.
        changed: hears which definition has another newest version.
    """

    def __init__(  # noqa: PLR0913 - by keyword
        self,
        *,
        dependencies: Dependencies,
        definitions: "DefinitionStore",
        step_types: "Mapping[str, StepType]",
        inspect: Inspect,
        read_token: "Callable[[str], Token]",
        new_suffix: Callable[[], str],
        new_request: Callable[[], str],
        quotas: "Callable[[str], Quotas]",
        starts: "Callable[[], StartQuotas]",
        changed: Callable[[str, str], None],
    ) -> None:
        self._dependencies = dependencies
        self._definitions = definitions
        self._step_types = step_types
        self._inspect = inspect
        self._read_token = read_token
        self._new_suffix = new_suffix
        self._new_request = new_request
        self._quotas, self._starts = quotas, starts
        self._changed = changed

    @cached_property
    def definitions(self) -> "DefinitionService":
        """Definitions."""
        from chalicelib.usecases.definitions import DefinitionService  # noqa: PLC0415 - see above

        return DefinitionService(
            self._definitions,
            self._dependencies.clock,
            self._step_types,
            self._inspect,
            self._quotas,
            self._changed,
        )

    @cached_property
    def executions(self) -> "ExecutionService":
        """Executions."""
        from chalicelib.usecases.end_watch import EndWatch  # noqa: PLC0415 - see above
        from chalicelib.usecases.executions import ExecutionService  # noqa: PLC0415 - see above

        return ExecutionService(
            definitions=self.definitions,
            parsed=self._dependencies.definitions,
            executions=self._dependencies.executions,
            history=self._dependencies.history,
            queue=self._dependencies.queue,
            clock=self._dependencies.clock,
            new_suffix=self._new_suffix,
            drive=self.drive,
            starts=self._starts(),
            ends=EndWatch(self._dependencies.executions, self._dependencies.clock),
            run=self.run,
        )

    @cached_property
    def start_batches(self) -> "StartBatches":
        """Starts of many executions."""
        from chalicelib.usecases.start_batches import StartBatches  # noqa: PLC0415 - see above

        return StartBatches(self._sharing, self._dependencies.clock)

    def _sharing(self, size: int, turns: int | None, share: float) -> "tuple[ExecutionService, SendBatcher]":
        """Make the use cases of executions for a number of threads that send together, and share a call."""
        from chalicelib.engine.send_batcher import SendBatcher  # noqa: PLC0415 - see above

        batcher = SendBatcher(self._dependencies.queue, size)
        own = copy_with(self._dependencies, queue=batcher)
        if turns is not None:
            own = copy_with(own, inline_turns=turns)

        def run(submitted: "Execution") -> "Execution | None":
            with own.room.hold(away=batcher.away):
                return StartInvocation(own, submitted, self._new_request(), share=share).result()

        return copy_with(self.executions, queue=batcher, run=run), batcher

    @cached_property
    def standstill(self) -> "Standstill":
        """The pause of stopped tenants."""
        from chalicelib.usecases.standstill import Standstill  # noqa: PLC0415 - see above

        return Standstill(self._dependencies.executions, self._quotas, self.executions.pause, self._dependencies.clock)

    def incidents(self, store: "IncidentStore") -> "IncidentService":
        """Incidents."""
        from chalicelib.usecases.incidents import IncidentService  # noqa: PLC0415 - see above

        return IncidentService(store, self.executions, self.wake, self._dependencies.clock)

    def schedules(self, store: "ScheduleStore") -> "ScheduleService":
        """Schedules."""
        from chalicelib.usecases.schedules import ScheduleService  # noqa: PLC0415 - see above

        queue, clock = self._dependencies.queue, self._dependencies.clock
        return ScheduleService(store, self.executions, queue, clock, self._quotas)

    @cached_property
    def execution_details(self) -> "ExecutionDetails":
        """Details of executions from other tables and items."""
        from chalicelib.usecases.execution_details import ExecutionDetails  # noqa: PLC0415 - see above

        return ExecutionDetails(self._dependencies.tasks, self._dependencies.executions, self._kept_waits)

    def _kept_waits(self) -> "KeptWaits":
        from chalicelib.usecases.kept_waits import KeptWaits  # noqa: PLC0415 - see above

        return KeptWaits(self._dependencies.tasks, self._dependencies.signals.store)

    @cached_property
    def values(self) -> "ValueService":
        """Values of executions."""
        from chalicelib.usecases.values import ValueService  # noqa: PLC0415 - see above

        return ValueService(self._dependencies.executions, self._dependencies.history, self.executions)

    @cached_property
    def answers(self) -> "AnswerService":
        """Callbacks and events."""
        from chalicelib.usecases.answers import AnswerService  # noqa: PLC0415 - see above

        return AnswerService(
            executions=self._dependencies.executions,
            definitions=self._dependencies.definitions,
            signals=self._dependencies.signals,
            queue=self._dependencies.queue,
            clock=self._dependencies.clock,
            read_token=self._read_token,
            answer=self.answer,
            drive=self.drive,
        )

    @cached_property
    def tasks(self) -> "TaskService":
        """People's tasks."""
        from chalicelib.usecases.tasks import TaskService  # noqa: PLC0415 - see above

        return TaskService(
            store=self._dependencies.tasks,
            executions=self._dependencies.executions,
            clock=self._dependencies.clock,
            answer=self.answer_task,
        )

    def wake(self, item: "Execution") -> None:
        """Send again what the state of an execution asks for, but what is under way."""
        from chalicelib.engine.waking import wake  # noqa: PLC0415 - see above

        wake(self._dependencies, item, f"{self._new_request()}-{item.id}")

    def run(self, submitted: "Execution") -> "Execution | None":
        """Run what is to be started, if that takes nobody else; answer what has its id then, if it is written."""
        return StartInvocation(self._dependencies, submitted, self._new_request()).result()

    def drive(self, execution_id: str, wanted: "Requested") -> "Execution | None":
        """Let an execution do what is asked of it; answer what it is then, None where it is not there."""
        return self._invocation(execution_id, wanted).result()

    def answer(self, execution_id: str, answer: "Answered") -> bool:
        """Give an execution an answer; tell whether a thread waited for it."""
        return self._invocation(execution_id, answer).has_changed()

    def answer_task(self, execution_id: str, answer: "Answered", tasks: "TaskStore") -> bool:
        """Give an execution the answer to a task that ``tasks`` knows; tell whether a thread waited for it."""
        own = copy_with(self._dependencies, tasks=tasks)
        return ApiInvocation(own, execution_id, answer, self._new_request()).has_changed()

    def _invocation(self, execution_id: str, wanted: "Requested | Answered") -> ApiInvocation:
        return ApiInvocation(self._dependencies, execution_id, wanted, self._new_request())
