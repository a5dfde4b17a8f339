"""What the routes call: the use cases, and what each route answers of them."""

from secrets import token_hex

from chalicelib.api.answers import AnswerApi
from chalicelib.api.definitions import DefinitionApi
from chalicelib.api.dry_runs import DryRunApi
from chalicelib.api.executions import ExecutionApi
from chalicelib.api.health import HealthApi
from chalicelib.api.tasks import TaskApi
from chalicelib.core.values.value import value
from chalicelib.engine.model import Dependencies
from chalicelib.steps import STEP_TYPES
from chalicelib.usecases.answers import AnswerService
from chalicelib.usecases.definitions import DefinitionService
from chalicelib.usecases.executions import ExecutionService
from chalicelib.usecases.tasks import TaskService
from chalicelib.wiring.adapters import Adapters
from chalicelib.wiring.calls import CallWiring


@value
class Routes:
    """Everything that routes use."""

    health: HealthApi
    definitions: DefinitionApi
    executions: ExecutionApi
    answers: AnswerApi
    tasks: TaskApi
    dry_runs: DryRunApi


def routes(adapters: Adapters, dependencies: Dependencies, callbacks: AnswerService, calls: CallWiring) -> Routes:
    """Wire them."""
    definitions = DefinitionService(adapters.definitions, adapters.clock, STEP_TYPES, calls.inspect)
    executions = ExecutionService(
        definitions,
        dependencies.definitions,
        adapters.executions,
        adapters.history,
        adapters.queue,
        adapters.clock,
        lambda: token_hex(4),
        callbacks.drive,
    )
    return Routes(
        HealthApi(adapters.health),
        DefinitionApi(definitions),
        ExecutionApi(executions, lambda execution, thread, turn: calls.tokens.issue(f"{execution}:{thread}:{turn}")),
        AnswerApi(callbacks, lambda: token_hex(8)),
        TaskApi(TaskService(adapters.tasks, adapters.executions, adapters.clock, callbacks.answer)),
        DryRunApi(definitions, dependencies.definitions, adapters.clock),
    )
