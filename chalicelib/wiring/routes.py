"""What the routes call: the use cases, and what each route answers of them."""

from secrets import token_hex

from chalicelib.api.answers import CallbacksApi
from chalicelib.api.definitions import DefinitionApi
from chalicelib.api.dry_runs import DryRunApi
from chalicelib.api.executions import ExecutionApi
from chalicelib.api.health import HealthApi
from chalicelib.api.tasks import TasksApi
from chalicelib.core.values.value import value
from chalicelib.engine.invocation import Ports
from chalicelib.steps import STEP_TYPES
from chalicelib.usecases.answers import Callbacks
from chalicelib.usecases.definitions import DefinitionService
from chalicelib.usecases.executions import ExecutionService
from chalicelib.usecases.tasks import Tasks
from chalicelib.wiring.adapters import Parts
from chalicelib.wiring.calls import Calls


@value
class Routes:
    """Everything that routes use."""

    health: HealthApi
    definitions: DefinitionApi
    executions: ExecutionApi
    answers: CallbacksApi
    tasks: TasksApi
    dry_runs: DryRunApi


def routes(parts: Parts, ports: Ports, callbacks: Callbacks, calls: Calls) -> Routes:
    """Wire them."""
    definitions = DefinitionService(parts.definitions, parts.clock, STEP_TYPES, calls.inspect)
    executions = ExecutionService(
        definitions,
        ports.definitions,
        parts.executions,
        parts.history,
        parts.queue,
        parts.clock,
        lambda: token_hex(4),
        callbacks.drive,
    )
    return Routes(
        HealthApi(parts.health),
        DefinitionApi(definitions),
        ExecutionApi(executions, lambda execution, thread, turn: calls.tokens.issue(f"{execution}:{thread}:{turn}")),
        CallbacksApi(callbacks, lambda: token_hex(8)),
        TasksApi(Tasks(parts.tasks, parts.executions, parts.clock, callbacks.answer)),
        DryRunApi(definitions, ports.definitions, parts.clock),
    )
