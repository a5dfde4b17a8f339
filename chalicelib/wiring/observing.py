"""The metrics and traces of a process, where the settings ask for them."""

import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from chalicelib.adapters import clients
from chalicelib.adapters.calls.pool import CallHandler
from chalicelib.core.values.errors import SetupError
from chalicelib.core.values.value import copy_with
from chalicelib.engine.model import Delivery, Dependencies
from chalicelib.engine.stamped_queue import StampedQueue
from chalicelib.engine.worker import Batch
from chalicelib.wiring.adapters import Adapters
from chalicelib.wiring.settings import Settings, this_function

if TYPE_CHECKING:
    from chalicelib.adapters.metrics import Metrics
    from chalicelib.engine.observers import Observer


class Observing:
    """What is counted and traced, and where.

    Raises:
        SetupError: traces are asked for, and no OpenTelemetry is here.
    """

    def __init__(self, settings: Settings) -> None:
        self._is_on_aws = settings.stores == "aws"
        self._metrics = None if settings.metrics == "none" else _metrics(settings)
        self.observers: Sequence[Observer] = () if self._metrics is None else (self._metrics.see_write,)
        self.pool: type[ThreadPoolExecutor] = ThreadPoolExecutor
        self.carried: Callable[[], Mapping[str, str]] | None = None
        self._traces = None
        if settings.traces == "otel":
            try:
                from chalicelib.adapters import traces  # noqa: PLC0415 - only where it is set
            except ImportError as error:
                raise SetupError("SEDO_TRACES=otel: no OpenTelemetry is here; a layer brings it along") from error
            self._traces, self._module = traces.Traces(settings.prefix), traces
            self.pool, self.carried = traces.TracedPool, traces.carried

    def adapters(self, adapters: Adapters) -> Adapters:
        """Observe what adapters do."""
        if self._metrics is not None:
            from chalicelib.wiring.counted import CountedIncidents  # noqa: PLC0415 - only where it is set

            if self._is_on_aws:
                self._metrics.watch(clients.dynamodb())
                self._metrics.watch(clients.sqs())
            adapters = copy_with(adapters, incidents=CountedIncidents(adapters.incidents, self._metrics))
        if self._traces is not None and self._is_on_aws:
            adapters = copy_with(adapters, queue=StampedQueue(adapters.queue, self._module.context))
        return adapters

    def handler(self, kind: str, handler: CallHandler) -> CallHandler:
        """Observe the calls of a kind."""
        counted = handler if self._metrics is None else self._metrics.counted_calls(kind, handler)
        return counted if self._traces is None else self._traces.traced_calls(kind, counted)

    def see_batch(self, batch: Batch) -> None:
        """Count a batch."""
        if self._metrics is not None:
            self._metrics.see_batch(batch)

    def around(self, group: Sequence[Delivery], dependencies: Dependencies) -> AbstractContextManager[Dependencies]:
        """Trace the work on an execution."""
        return nullcontext(dependencies) if self._traces is None else self._traces.work(group, dependencies)

    def call(self, event: Any, respond: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - as Chalice has it
        """Observe one call of the function."""
        context = getattr(event, "lambda_context", None) or getattr(event, "context", None)
        request = getattr(context, "aws_request_id", "")
        with nullcontext() if self._metrics is None else self._metrics.invocation(request):
            if self._traces is None:
                return respond(event)
            try:
                if hasattr(event, "method_arn"):
                    return self._traces.authentication(lambda: respond(event))
                if not hasattr(event, "lambda_context"):
                    return respond(event)
                route = event.context["resourcePath"]  # the path itself may have a token
                return self._traces.request(event.method, route, event.headers, lambda: respond(event))
            finally:
                self._module.flush()


def _metrics(settings: Settings) -> "Metrics":
    from chalicelib.adapters.metrics import Metrics  # noqa: PLC0415 - only where it is set

    here = this_function()
    return Metrics(settings.prefix, here.name, here.memory_mb, _write)


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")  # at once: print would write the end of the line by itself
