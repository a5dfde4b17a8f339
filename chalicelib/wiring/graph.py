"""From settings and adapters to the use cases and the workers: the object graph of a process, put together once.

What works on messages is made at once; the rest when it is first asked for, and only then is its code loaded: most cold
starts are of functions that have messages and nothing else. Tests give other adapters, by keyword.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.calls.pool import WIDTH, CallHandler, PooledCalls
from chalicelib.adapters.definitions import CachedDefinitions
from chalicelib.engine.children import gatherer
from chalicelib.engine.model import INLINE_TURNS, Dependencies, Mode
from chalicelib.engine.observers import IncidentWatch, Observer, log_turns
from chalicelib.engine.signals import Signals
from chalicelib.engine.worker import SWEEP_RESERVE, SWEEPERS, Worker
from chalicelib.steps import STEP_TYPES
from chalicelib.steps.aws import AwsStep
from chalicelib.steps.http import HttpStep
from chalicelib.wiring.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

    from chalicelib.core.access.quotas import Quotas
    from chalicelib.core.definitions.model import Call, StepType
    from chalicelib.core.executions.identity import CallKey
    from chalicelib.core.values.json import Json, Problem
    from chalicelib.core.waits.correlation import Channel
    from chalicelib.core.waits.token import Token
    from chalicelib.engine.stream import Indexer
    from chalicelib.ports import Calls
    from chalicelib.usecases.composition import Services
    from chalicelib.wiring.access import AccessWiring
    from chalicelib.wiring.adapters import Adapters
    from chalicelib.wiring.calls import CallWiring
    from chalicelib.wiring.observing import Observing
    from chalicelib.wiring.routes import Routes

CALLS = ("http", "aws", "lambda")
"""The kinds of calls into the world."""


@cache
def wiring() -> "Wiring":
    """Wire this process, as its environment says."""
    settings = Settings.from_environment()
    return in_memory(settings) if settings.stores == "memory" else on_aws(settings)


def on_aws(settings: Settings, **others: Any) -> "Wiring":  # noqa: ANN401 - what a wiring can be told
    """Wire DynamoDB and SQS, and where parameters and secrets are."""
    from chalicelib.wiring.aws import adapters  # noqa: PLC0415 - one of the two is loaded

    return Wiring(adapters=adapters(settings), settings=settings, **others)


def in_memory(settings: Settings, inline_turns: int = INLINE_TURNS, **others: Any) -> "Wiring":  # noqa: ANN401 - adapters of any kind
    """Wire this process's memory, with a clock that stands still until it is moved; other adapters go first."""
    from chalicelib.wiring.memory import adapters  # noqa: PLC0415 - the same

    return Wiring(adapters=adapters(settings, **others), settings=settings, inline_turns=inline_turns)


def random_suffix() -> str:
    """Make the last part of the id of an execution: 8 hexadecimal digits."""
    return token_hex(4)


def random_request() -> str:
    """Make the id of a request of the API: 32 hexadecimal digits."""
    return token_hex(16)


def _observing(settings: Settings) -> "Observing | None":
    if not settings.is_observed:
        return None
    from chalicelib.wiring.observing import Observing  # noqa: PLC0415 - only where it is set

    return Observing(settings)


class Wiring:
    """Everything that routes and handlers use.

    Args:
        adapters: what the ports are implemented by.
        settings: what the operator says.
        step_types: what a step's ``type`` can name.
        calls: makes what carries out the calls of an invocation; None: a pool of threads does, in the world.
        new_suffix: makes the last part of the id of an execution.
        new_request: makes the id of a request of the API.
        observers: what sees each write of an execution that has been made.
        inline_turns: how many turns of an execution run where it is started; 0: each has a function of its own.
    """

    def __init__(  # noqa: PLR0913 - by keyword
        self,
        *,
        adapters: "Adapters",
        settings: Settings,
        step_types: "Mapping[str, StepType]" = STEP_TYPES,
        calls: "Callable[[], Calls] | None" = None,
        new_suffix: "Callable[[], str]" = random_suffix,
        new_request: "Callable[[], str]" = random_request,
        observers: "Sequence[Observer]" = (log_turns,),
        inline_turns: int = INLINE_TURNS,
    ) -> None:
        self.observing = _observing(settings)
        if self.observing is not None:
            adapters, observers = self.observing.adapters(adapters), [*observers, *self.observing.observers]
        observers = [*observers, IncidentWatch(adapters.incidents)]
        self._adapters, self._settings, self._step_types = adapters, settings, step_types
        self._new_suffix, self._new_request = new_suffix, new_request
        self._definitions = CachedDefinitions(adapters.definitions, step_types, adapters.clock.now)
        self.dependencies = Dependencies(
            executions=adapters.executions,
            definitions=self._definitions,
            history=adapters.history,
            queue=adapters.queue,
            tasks=adapters.tasks,
            signals=Signals(adapters.signals, adapters.clock),
            incidents=adapters.incidents,
            clock=adapters.clock,
            room=adapters.room,
            calls=calls or self._pooled(),
            observers=observers,
            inline_turns=inline_turns,
        )
        reports = settings.reports_failures
        watch = self.observing
        self.worker = Worker(self.dependencies, self._deliver, Mode.MESSAGES, reports, watch, self._start_due)
        self.dead_letters = Worker(self.dependencies, self._deliver, Mode.DEAD_LETTERS, reports, watch, self._start_due)

    def observed(self, event: object, respond: "Callable[[object], object]") -> object:
        """Answer as ``respond`` does, and observe the call of the function, if anything does."""
        return respond(event) if self.observing is None else self.observing.call(event, respond)

    @cached_property
    def routes(self) -> "Routes":
        """What the routes call."""
        from chalicelib.api.admission import Gatekeeper  # noqa: PLC0415 - a worker has none
        from chalicelib.api.authentication import Callers  # noqa: PLC0415 - the same
        from chalicelib.wiring.routes import routes  # noqa: PLC0415 - the same

        return routes(
            adapters=self._adapters,
            services=self.services,
            definitions=self.dependencies.definitions,
            step_types=self._step_types,
            keys=self._calls.keys,
            tokens=self._calls.tokens,
            access=self.access.service,
            sign_in=self.access.sign_in,
            gatekeeper=Gatekeeper(
                Callers(self._settings.auth, self._settings.is_alone, self._settings.cors_origins), self.access.cache
            ),
        )

    @cached_property
    def access(self) -> "AccessWiring":
        """Who asks, and what they may do."""
        from chalicelib.wiring.access import AccessWiring  # noqa: PLC0415 - a worker asks nobody

        return AccessWiring(self._adapters, self._settings)

    @cached_property
    def services(self) -> "Services":
        """The use cases."""
        from chalicelib.usecases.composition import Services  # noqa: PLC0415 - few messages are of events

        return Services(
            dependencies=self.dependencies,
            definitions=self._adapters.definitions,
            step_types=self._described_step_types(),
            inspect=self._inspect,
            read_token=self._read_token,
            new_suffix=self._new_suffix,
            new_request=self._new_request,
            quotas=self._quotas,
            starts=lambda: self.access.starts,
            changed=self._definitions.forget_newest,
        )

    @cached_property
    def _calls(self) -> "CallWiring":
        from chalicelib.wiring.calls import CallWiring  # noqa: PLC0415 - many steps call nothing

        trace = None if self.observing is None else self.observing.carried
        return CallWiring(self._adapters, self._settings, trace)

    def _pooled(self) -> "Callable[[], Calls]":
        """Make what carries out calls in the threads of one pool."""
        new_pool = ThreadPoolExecutor if self.observing is None else self.observing.pool
        pool, clock = new_pool(WIDTH, "call"), self._adapters.clock
        handlers = {kind: self._handler(kind) for kind in CALLS} | {"gather": self._gather}
        return lambda: PooledCalls(handlers, pool, clock, self._adapters.room)

    def _handler(self, kind: str) -> CallHandler:
        """Make what makes calls of a kind, at the first of them."""

        @cache
        def made() -> CallHandler:
            handler = self._calls.handler(kind)
            return handler if self.observing is None else self.observing.handler(kind, handler)

        def handle(wanted: "Call", key: "CallKey") -> "Json":
            return made()(wanted, key)

        return handle

    def _gather(self, wanted: "Call", _key: "CallKey") -> "Json":
        return gatherer(self._adapters.executions)(wanted.params)

    def _described_step_types(self) -> "Mapping[str, StepType]":
        """Answer the step types: that of `aws` knows what actions answer, that of `http` what may not be called."""
        known: Mapping[str, StepType] = {"aws": AwsStep(self._answer_of), "http": HttpStep(self._refusal_of)}
        return {**self._step_types, **{name: each for name, each in known.items() if name in self._step_types}}

    def _refusal_of(self, url: str) -> str | None:
        return self._calls.refusal_of(url)

    def _answer_of(self, step: "Mapping[str, Any]") -> "Json":
        return self._calls.answer_of(step)

    def _inspect(self, tenant: str, document: "Mapping[str, Json]") -> "Sequence[Problem]":
        return self._calls.inspect(tenant, document)

    def _read_token(self, text: str) -> "Token":
        return self._calls.tokens.read(text)

    def _quotas(self, tenant: str) -> "Quotas":
        return self.access.cache.quotas(tenant)

    def sweep_due(self, token: str, left: "timedelta") -> int:
        """Look at what is due, as the schedule does once a minute, and then at a sample, for the time that is left."""
        from chalicelib.engine.due_sweep import DueSweep  # noqa: PLC0415 - one function has a schedule
        from chalicelib.usecases.schedule_sweep import send_due  # noqa: PLC0415 - the same
        from chalicelib.usecases.watch import StageWatch  # noqa: PLC0415 - the same

        until = self._adapters.clock.now() + left - SWEEP_RESERVE
        send_due(self._adapters.schedules(), self.dependencies.queue, self._adapters.clock, until)
        looked = DueSweep(self.dependencies, token, until, SWEEPERS).run()
        StageWatch(self.dependencies, self._adapters.incidents, f"{token}-watch", until).run()
        return looked

    @cached_property
    def indexer(self) -> "Indexer | None":
        """What writes into the index; None: there is none."""
        from chalicelib.engine.stream import Indexer, Lateness  # noqa: PLC0415 - one function reads streams

        made = self._adapters
        if made.search is None:
            return None
        return Indexer(made.search, made.entry_of, made.incidents, made.clock, Lateness(made.incidents))

    def _deliver(self, channel: "Channel", signal_id: str) -> None:
        self.services.answers.deliver(channel, signal_id)

    def _start_due(self, name: str, at: str) -> None:
        self.services.schedules(self._adapters.schedules()).start_due(name, at)
