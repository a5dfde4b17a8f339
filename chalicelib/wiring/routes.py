"""What the routes call: the use cases, and what each route answers of them."""

from secrets import token_hex

from chalicelib.api import Api
from chalicelib.api_callbacks import CallbacksApi
from chalicelib.api_dryrun import DryRunApi
from chalicelib.api_tasks import TasksApi
from chalicelib.callbacks import Callbacks
from chalicelib.core.dataclass import dataclass
from chalicelib.engine import Ports
from chalicelib.service import Service
from chalicelib.steps import STEP_TYPES
from chalicelib.tasks import Tasks
from chalicelib.wiring.calls import Calls
from chalicelib.wiring.parts import Parts


@dataclass(frozen=True, slots=True)
class Routes:
    """Everything that routes use."""

    api: Api
    callbacks: CallbacksApi
    tasks: TasksApi
    dry_runs: DryRunApi


def routes(parts: Parts, ports: Ports, callbacks: Callbacks, calls: Calls) -> Routes:
    """Wire them."""
    service = Service(
        parts.definitions,
        ports.definitions,
        parts.executions,
        parts.history,
        parts.queue,
        parts.clock,
        STEP_TYPES,
        lambda: token_hex(4),
        callbacks.drive,
        calls.inspect,
    )
    return Routes(
        Api(service, parts.health, lambda execution, thread, turn: calls.tokens.issue(f"{execution}:{thread}:{turn}")),
        CallbacksApi(callbacks, lambda: token_hex(8)),
        TasksApi(Tasks(parts.tasks, parts.executions, parts.clock, callbacks.answer)),
        DryRunApi(service),
    )
