"""Visits as spans of a trace, in the OpenTelemetry Protocol (OTLP 1.x, JSON encoding).

The ids of a trace and of its spans follow from those of the execution, the thread and the turn: a page that is exported
twice has the same spans.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.core.executions.model import ROOT, Execution, State
from chalicelib.core.values.json import Json, JsonObject, format_instant, parse_instant

CALLS = frozenset({"http", "aws", "lambda"})
"""Types of steps whose spans are of a client."""
INTERNAL, CLIENT = 1, 3
"""Kinds of spans (opentelemetry/proto/trace/v1/trace.proto, "SpanKind")."""
OK, ERROR = 1, 2
"""Codes of a status (the same, "StatusCode")."""
FAILED = {State.FAILED, State.TIMED_OUT}


def trace_of(execution: Execution, visits: Sequence[Mapping[str, Any]], *, whole: bool) -> JsonObject:
    """Write a request that exports the visits of an execution that have ended, as the API shows them.

    ``whole`` adds the span of the execution itself, if it has ended; what it was started by is a link of that.
    """
    began = {(each["thread"], each["turn"]) for each in visits if each["turn"] is not None}
    ended = [each for each in visits if each["startedAt"] and each["endedAt"]]
    spans: list[Json] = [_visit_span(execution, each, began) for each in ended]
    if whole and execution.ended_at is not None:
        spans.insert(0, _execution_span(execution, execution.ended_at))
    resource: JsonObject = {"service.name": "sedo", "sedo.tenant": execution.tenant_id}
    scope: JsonObject = {"scope": {"name": "sedo"}, "spans": spans}
    return {"resourceSpans": [{"resource": {"attributes": _attributes(resource)}, "scopeSpans": [scope]}]}


def trace_id(execution_id: str) -> str:
    """Name the trace of an execution: 32 hexadecimal digits."""
    return hashlib.sha256(execution_id.encode()).hexdigest()[:32]


def span_id(*names: str | int) -> str:
    """Name a span: 16 hexadecimal digits."""
    return hashlib.sha256("\n".join(map(str, names)).encode()).hexdigest()[:16]


def _execution_span(execution: Execution, ended_at: datetime) -> JsonObject:
    about: JsonObject = {
        "sedo.execution.id": execution.id,
        "sedo.definition.id": execution.definition_id,
        "sedo.definition.version": execution.definition_version,
        "sedo.state": str(execution.state),
    }
    error = None if execution.error is None else f"{execution.error.name}: {execution.error.message}"
    began, ended = format_instant(execution.started_at), format_instant(ended_at)
    span = _span(execution, (execution.id,), execution.definition_id, began, ended) | {"kind": INTERNAL}
    span |= {"attributes": _attributes(about), "status": _status(error, fails=execution.state in FAILED)}
    if (parent := execution.parent) is not None:
        place = parent.execution, parent.thread, parent.turn - 1
        span["links"] = [{"traceId": trace_id(parent.execution), "spanId": span_id(*place)}]
    return span


def _visit_span(execution: Execution, visit: Mapping[str, Any], began: Collection[tuple[str, int]]) -> JsonObject:
    about: JsonObject = {
        "sedo.execution.id": execution.id,
        "sedo.step": visit["step"],
        "sedo.step.type": visit["type"],
        "sedo.thread": visit["thread"],
        "sedo.turn": visit["turn"],
        "sedo.index": visit.get("index"),
        "sedo.attempts": len(visit["attempts"]),
    }
    place, error = (execution.id, visit["thread"], visit["turn"]), visit.get("error")
    text = None if error is None else f"{error['name']}: {error['message']}"
    span = _span(execution, place, visit["step"], visit["startedAt"], visit["endedAt"])
    span |= {
        "parentSpanId": span_id(execution.id, *_around(visit["thread"], began)),
        "kind": CLIENT if visit["type"] in CALLS else INTERNAL,
    }
    span |= {"attributes": _attributes(about), "events": [*_events(visit["attempts"])]}
    return span | {"status": _status(text, fails=visit["state"] == "failed")}


def _around(thread: str, began: Collection[tuple[str, int]]) -> tuple[str | int, ...]:
    """Name the visit that began a thread, by its thread and turn; the first thread is in the execution itself.

    A visit begins threads at a later turn than its own: at the next one, unless it was tried again.
    """
    if thread == ROOT:
        return ()
    outer, turn, _ = thread.rsplit(".", 2)
    return outer, max((at for name, at in began if name == outer and at < int(turn)), default=int(turn) - 1)


def _span(execution: Execution, place: tuple[str | int, ...], name: str, began: str, ended: str) -> JsonObject:
    span: JsonObject = {"traceId": trace_id(execution.id), "spanId": span_id(*place), "name": name}
    return span | {"startTimeUnixNano": _nanoseconds(began), "endTimeUnixNano": _nanoseconds(ended)}


def _events(attempts: Sequence[Mapping[str, Any]]) -> Iterator[Json]:
    """Write the errors of attempts, as the semantic conventions for exceptions have them."""
    for each in attempts:
        if (error := each.get("error")) is not None:
            about: JsonObject = {"exception.type": error["name"], "exception.message": error["message"]}
            attributes = _attributes({**about, "sedo.attempt": each["number"]})
            yield {"name": "exception", "timeUnixNano": _nanoseconds(each["endedAt"]), "attributes": attributes}


def _status(error: str | None, *, fails: bool) -> JsonObject:
    return {"code": ERROR, "message": error or ""} if fails else {"code": OK}


def _attributes(members: Mapping[str, Json]) -> list[Json]:
    """Write attributes, without those that are not known; whole numbers are text in JSON (Protocol Buffers)."""
    return [
        {"key": name, "value": {"intValue": str(each)} if isinstance(each, int) else {"stringValue": str(each)}}
        for name, each in members.items()
        if each is not None
    ]


def _nanoseconds(instant: str) -> str:
    """Write an instant as nanoseconds since 1970."""
    return str(round(parse_instant(instant).timestamp() * 1000) * 1_000_000)
