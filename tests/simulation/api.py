"""The use cases of the API over the ports of the world."""

import json
from datetime import timedelta
from random import sample
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.memory.stores import MemoryDefinitions
from chalicelib.adapters.memory.usage import MemoryUsage
from chalicelib.core.access.quotas import NO_QUOTAS
from chalicelib.core.definitions.record import DefinitionRecord
from chalicelib.core.executions.inputs import Answered, Requested
from chalicelib.core.executions.model import Execution
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.token import Token
from chalicelib.engine.invocation import ApiInvocation, StartInvocation
from chalicelib.ports import TaskStore
from chalicelib.usecases.answers import AnswerService
from chalicelib.usecases.definitions import DefinitionService
from chalicelib.usecases.end_watch import EndWatch
from chalicelib.usecases.executions import ExecutionService
from chalicelib.usecases.quotas import StartQuotas
from chalicelib.usecases.tasks import TaskService
from tests.simulation.settings import START, TENANT

if TYPE_CHECKING:
    from tests.simulation.world import World


class Api:
    """What clients and other systems call; a function of the API is a process like any other."""

    def __init__(self, world: "World") -> None:
        self.world = world

    def executions(self) -> ExecutionService:
        """Answer the use cases of executions."""
        world, definitions = self.world, MemoryDefinitions()
        for name in world.definitions.by_name:
            definition, _, version = name.partition("@")
            record = DefinitionRecord(TENANT, definition, int(version or 1), {}, name, START)
            definitions.add(record)
            definitions.put_newest(record)
        return world.settings.service(
            definitions=DefinitionService(definitions, world.clock, {}),
            parsed=world.definitions,
            executions=world.dependencies.executions,
            history=world.history,
            queue=world.dependencies.queue,
            clock=world.clock,
            new_suffix=world.token,
            drive=self.drive,
            ends=EndWatch(world.dependencies.executions, world.clock),
            run=self.run,
            starts=StartQuotas(lambda _: NO_QUOTAS, MemoryUsage(), self.world.executions, world.clock, sample),
        )

    def answers(self) -> AnswerService:
        """Answer the use cases of other systems."""
        return self.world.settings.answering(
            executions=self.world.dependencies.executions,
            definitions=self.world.dependencies.definitions,
            signals=self.world.dependencies.signals,
            queue=self.world.dependencies.queue,
            clock=self.world.clock,
            read_token=read_token,
            answer=self.hear,
            drive=self.drive,
        )

    def tasks(self) -> TaskService:
        """Answer the use cases of people."""
        dependencies = self.world.dependencies
        return TaskService(dependencies.tasks, dependencies.executions, self.world.clock, self.hear_of_task)

    def run(self, submitted: Execution) -> Execution | None:
        """Run what is to be started."""
        world = self.world
        return StartInvocation(world.dependencies, submitted, world.new_request(), world.settings.requesting).result()

    def drive(self, execution: str, event: Requested) -> Execution | None:
        """Make a request."""
        return self.invocation(execution, event).result()

    def hear(self, execution: str, event: Answered) -> bool:
        """Fold an answer."""
        return self.invocation(execution, event).has_changed()

    def hear_of_task(self, execution: str, event: Answered, tasks: TaskStore) -> bool:
        """Fold the answer to a task."""
        return self.invocation(execution, event, tasks=tasks).has_changed()

    def invocation(self, execution: str, event: Requested | Answered, **others: Any) -> ApiInvocation:
        """Make the invocation of a call, with other stores if they are given."""
        world = self.world
        own = copy_with(world.dependencies, **others)
        return ApiInvocation(own, execution, event, world.new_request(), world.settings.requesting)


def read_token(text: str) -> Token:
    """Read a token of the simulated world, which are not signed."""
    execution, thread, turn = json.loads(text)
    return Token(execution, thread, turn, START + timedelta(days=365))
