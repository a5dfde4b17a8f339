"""What the routes call, and what each route answers of the use cases."""

from secrets import token_hex

from chalicelib.adapters.calls.tokens import Tokens
from chalicelib.api.answers import AnswerApi
from chalicelib.api.callers import Callers
from chalicelib.api.definitions import DefinitionApi
from chalicelib.api.dry_runs import DryRunApi
from chalicelib.api.executions import ExecutionApi
from chalicelib.api.health import HealthApi
from chalicelib.api.tasks import TaskApi
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.values.value import value
from chalicelib.ports import Definitions
from chalicelib.usecases.composition import Services
from chalicelib.wiring.adapters import Adapters


@value
class Routes:
    """Everything that routes use."""

    health: HealthApi
    definitions: DefinitionApi
    executions: ExecutionApi
    answers: AnswerApi
    tasks: TaskApi
    dry_runs: DryRunApi


def routes(
    *, adapters: Adapters, services: Services, definitions: Definitions, tokens: Tokens, callers: Callers
) -> Routes:
    """Wire them; ``definitions`` are parsed ones."""
    return Routes(
        health=HealthApi(adapters.health),
        definitions=DefinitionApi(services.definitions),
        executions=ExecutionApi(services.executions, callers, lambda *turn: tokens.issue(CallKey(*turn))),
        answers=AnswerApi(services.answers, callers, lambda: token_hex(8)),
        tasks=TaskApi(services.tasks, callers),
        dry_runs=DryRunApi(services.definitions, definitions, adapters.clock, callers),
    )
