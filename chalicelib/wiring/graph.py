"""From the environment to adapters, and from those to the use cases and the workers: once per process.

What works on messages is made at once; the rest when it is first asked for, and only then is its code loaded: most cold
starts are of functions that have messages and nothing else.

What an operator can set is in :mod:`~chalicelib.wiring.settings`.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from secrets import token_hex
from typing import TYPE_CHECKING

from chalicelib.adapters.calls.pool import WIDTH, CallHandler, PooledCalls
from chalicelib.adapters.definitions import CachedDefinitions
from chalicelib.engine.children import gatherer
from chalicelib.engine.dead_letters import DeadLetters
from chalicelib.engine.invocation import ApiInvocation, Dependencies, Invocation
from chalicelib.engine.signals import Signals
from chalicelib.engine.worker import Worker
from chalicelib.steps import STEP_TYPES
from chalicelib.wiring.settings import Settings

if TYPE_CHECKING:
    from chalicelib.core.definitions.model import Call
    from chalicelib.core.executions.inputs import Answered, Requested
    from chalicelib.core.values.json import Json
    from chalicelib.usecases.answers import AnswerService
    from chalicelib.wiring.adapters import Adapters
    from chalicelib.wiring.calls import CallWiring
    from chalicelib.wiring.routes import Routes

CALLS = ("http", "aws", "lambda")
"""The kinds of calls into the world."""


@cache
def wiring() -> "Wiring":
    """Wire this process, as its environment says."""
    settings = Settings.from_environment()
    return in_memory(settings) if settings.stores == "memory" else on_aws(settings)


def on_aws(settings: Settings) -> "Wiring":
    """Wire DynamoDB and SQS, and where parameters and secrets are."""
    from chalicelib.wiring.aws import adapters  # noqa: PLC0415 - one of the two is loaded

    return Wiring(adapters(settings), settings)


def in_memory(settings: Settings) -> "Wiring":
    """Wire this process's memory, with a clock that stands still until it is moved."""
    from chalicelib.wiring.memory import adapters  # noqa: PLC0415 - the same

    return Wiring(adapters(settings), settings)


class Wiring:
    """Everything that routes and handlers use."""

    def __init__(self, adapters: "Adapters", settings: Settings) -> None:
        self._adapters, self._settings = adapters, settings
        clock, performing = adapters.clock, ThreadPoolExecutor(WIDTH, "effect")
        performers = {kind: self._performer(kind) for kind in CALLS} | {"gather": self._gather}
        self.dependencies = Dependencies(
            adapters.executions,
            CachedDefinitions(adapters.definitions, STEP_TYPES),
            adapters.history,
            adapters.queue,
            clock,
            lambda: PooledCalls(performers, performing, clock),
            adapters.tasks,
            Signals(adapters.signals, clock),
        )
        reports = settings.reports_failures
        self.worker = Worker(self.dependencies, self._deliver, Invocation, reports)
        self.dead_letters = Worker(self.dependencies, self._deliver, DeadLetters, reports)

    @cached_property
    def routes(self) -> "Routes":
        """What the routes call."""
        from chalicelib.wiring.routes import routes  # noqa: PLC0415 - a worker has none

        return routes(self._adapters, self.dependencies, self._others, self._calls)

    @cached_property
    def _others(self) -> "AnswerService":
        """What other systems say."""
        from chalicelib.usecases.answers import AnswerService  # noqa: PLC0415 - few messages are of events

        adapters, dependencies = self._adapters, self.dependencies

        def request(execution_id: str, event: "Requested | Answered") -> ApiInvocation:
            return ApiInvocation(dependencies, execution_id, event, token_hex(16))

        return AnswerService(
            adapters.executions,
            dependencies.definitions,
            dependencies.signals,
            adapters.queue,
            adapters.clock,
            lambda token: self._calls.tokens.read(token),  # noqa: PLW0108 - loaded once one is read
            lambda execution_id, event: request(execution_id, event).heard(),
            lambda execution_id, event: request(execution_id, event).result(),
        )

    @cached_property
    def _calls(self) -> "CallWiring":
        from chalicelib.wiring.calls import CallWiring  # noqa: PLC0415 - many steps call nothing

        return CallWiring(self._adapters, self._settings)

    def _performer(self, kind: str) -> CallHandler:
        """Make what makes calls of a kind, at the first of them."""

        @cache
        def made() -> CallHandler:
            return self._calls.performer(kind)

        def perform(wanted: "Call", key: str) -> "Json":
            return made()(wanted, key)

        return perform

    def _gather(self, wanted: "Call", key: str) -> "Json":
        return gatherer(self._adapters.executions)(wanted.params, key)

    def _deliver(self, tenant: str, name: str, key: str) -> None:
        self._others.deliver(tenant, name, key)
