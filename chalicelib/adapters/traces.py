"""Traces: spans of OpenTelemetry around requests, the work on executions, and calls of steps.

The package brings no OpenTelemetry along. A layer does, with the exporter: an API of another version than the SDK of
the layer would be in its way. What is carried on is the W3C trace context, and nothing else (W3C "Trace Context").
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chalicelib.adapters.calls.pool import CallHandler
from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey, ExecutionId
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.engine.model import Delivery, Dependencies
from chalicelib.engine.stamped_queue import StampedQueue

FLUSH_MS = 2000
"""How long the end of a call waits for spans to be sent, at most: Lambda freezes what is not done then."""
FAILS = 500
"""The least status of an answer that is a failure of sedo."""
CONTEXT = "traceparent"

_W3C = TraceContextTextMapPropagator()


class TracedPool(ThreadPoolExecutor):
    """Threads that go on in the trace of whoever hands them something."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **more: Any) -> "Future[Any]":  # noqa: ANN401 - as its base
        """Have something done."""
        return super().submit(copy_context().run, fn, *args, **more)


class Traces:
    """Makes the spans; ``stage`` is what they are told apart by."""

    def __init__(self, stage: str) -> None:
        self._stage = stage

    def request(self, method: str, route: str, headers: Mapping[str, str], respond: Callable[[], Any]) -> Any:  # noqa: ANN401 - an answer
        """Answer a request of the API, in the trace of its caller."""
        given = _W3C.extract({name.lower(): text for name, text in headers.items()})
        about: dict[str, Any] = {"http.request.method": method, "http.route": route, "sedo.stage": self._stage}
        name = f"{method} {route}"
        with _tracer().start_as_current_span(name, given, SpanKind.SERVER, about, record_exception=False) as span:
            answer = respond()
            span.set_attribute("http.response.status_code", answer.status_code)
            if answer.status_code >= FAILS:
                span.set_status(Status(StatusCode.ERROR))
            return answer

    def authentication(self, respond: Callable[[], Any]) -> Any:  # noqa: ANN401 - a policy
        """Find out who asks. API Gateway gives an authorizer no header field but the token: its trace is its own."""
        about = {"sedo.stage": self._stage}
        with _tracer().start_as_current_span("authenticate", None, SpanKind.SERVER, about, record_exception=False):
            return respond()

    @contextmanager
    def work(self, group: Sequence[Delivery], dependencies: Dependencies) -> Iterator[Dependencies]:
        """Work on the messages of an execution, in the trace of the first of them; the others are linked."""
        contexts = [_W3C.extract({CONTEXT: each.trace}) for each in group if each.trace]
        links = [Link(trace.get_current_span(each).get_span_context()) for each in contexts[1:]]
        execution = group[0].message.execution
        about: dict[str, Any] = {
            "messaging.system": "aws_sqs",
            "messaging.batch.message_count": len(group),
            "sedo.stage": self._stage,
            "sedo.tenant": ExecutionId.tenant_of(execution),
            "sedo.execution": execution,
        }
        before = contexts[0] if contexts else None
        with _tracer().start_as_current_span("work", before, SpanKind.CONSUMER, about, links, record_exception=False):
            yield copy_with(dependencies, queue=StampedQueue(dependencies.queue, context))

    def traced_calls(self, kind: str, handler: CallHandler) -> CallHandler:
        """Make a span of each call that a handler makes."""

        def handle(wanted: Call, key: CallKey) -> Json:
            about: dict[str, Any] = {
                "sedo.execution": key.execution,
                "sedo.thread": key.thread,
                "sedo.visit": key.visit,
            }
            with _tracer().start_as_current_span(
                kind, None, SpanKind.CLIENT, about, record_exception=False, set_status_on_exception=False
            ) as span:
                try:
                    return handler(wanted, key)
                except Exception as error:
                    span.set_attribute("error.type", error.name if isinstance(error, StepError) else "Internal")
                    span.set_status(Status(StatusCode.ERROR))
                    raise

        return handle


def carried() -> Mapping[str, str]:
    """Answer the header fields of the current trace; none where there is no trace."""
    found: dict[str, str] = {}
    _W3C.inject(found)
    return found


def context() -> str:
    """Answer the current trace as it is carried on; empty where there is none."""
    return carried().get(CONTEXT, "")


def flush() -> None:
    """Have what was traced sent, where the provider can be told so."""
    send = getattr(trace.get_tracer_provider(), "force_flush", None)
    if send is not None:
        send(FLUSH_MS)


def _tracer() -> trace.Tracer:
    return trace.get_tracer("sedo")
