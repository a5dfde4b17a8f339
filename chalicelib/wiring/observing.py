"""What observes a process, where settings say so: the metrics of its calls."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.adapters import clients
from chalicelib.adapters.calls.pool import CallHandler
from chalicelib.adapters.metrics import CountedIncidents, Metrics
from chalicelib.core.values.value import copy_with
from chalicelib.wiring.adapters import Adapters
from chalicelib.wiring.settings import Settings, this_function

if TYPE_CHECKING:
    from chalicelib.engine.observers import Observer
    from chalicelib.engine.worker import Batch


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")  # at once: print would write the end of the line by itself


class Observing:
    """What is counted, and where."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        here = this_function()
        self.metrics = Metrics(settings.prefix, here.name, here.memory_mb, _write)
        self.batch: Callable[[Batch], None] = self.metrics.see_batch
        self.observers: Sequence[Observer] = (self.metrics.see_write,)

    def adapters(self, adapters: Adapters) -> Adapters:
        """Count what adapters do."""
        if self._settings.stores == "aws":
            self.metrics.watch(clients.dynamodb())
            self.metrics.watch(clients.sqs())
        return copy_with(adapters, incidents=CountedIncidents(adapters.incidents, self.metrics))

    def handler(self, kind: str, handler: CallHandler) -> CallHandler:
        """Count the calls of a kind."""
        return self.metrics.counted_calls(kind, handler)

    def around(self, event: Any, respond: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - as Chalice has it
        """Observe one call of the function."""
        context = getattr(event, "lambda_context", None) or getattr(event, "context", None)
        with self.metrics.invocation(getattr(context, "aws_request_id", "")):
            return respond(event)
