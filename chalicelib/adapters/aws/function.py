"""Lambda functions, as steps call them."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any, cast

from chalicelib.adapters.aws.allow import FUNCTIONS, function_name, is_own_function, refusal
from chalicelib.adapters.aws.clients import SECONDS, client, failures
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.expressions.signature import as_text
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import MalformedError, StepError, TooLargeError
from chalicelib.core.values.json import Json
from chalicelib.engine.room import ReadJson, Room

MOST = LIMITS.lambda_answer_bytes
LOG_LINES = LIMITS.lambda_log_lines

_CHUNK = 64 * 1024


class LambdaCalls:
    """Calls the functions of steps of type ``lambda``; thread-safe.

    Args:
        allowed: the functions that may be called, as patterns of names.
        tenant_allowed: those that a tenant may call; None: all of them.
        prefix: of the names of sedo's own functions, which are out of reach.
        read_json: reads what functions answer.
        seconds: what a call may take.
        endpoint: where to call; None: where the environment says.
        trace: answers what the function is told of the trace of a call, beside the idempotency key.
        room: where room is taken for large answers; None: nobody shares it.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what an operator can set
        self,
        allowed: Sequence[str],
        tenant_allowed: Callable[[str], Sequence[str] | None],
        prefix: str,
        read_json: ReadJson,
        seconds: float = SECONDS,
        endpoint: str | None = None,
        trace: Callable[[], Mapping[str, str]] | None = None,
        room: Room | None = None,
    ) -> None:
        self._allowed = allowed
        self._tenant_allowed = tenant_allowed
        self._prefix = prefix
        self._room = room or Room()
        self._read_json = self._room.reading(read_json)
        self._seconds = seconds
        self._endpoint = endpoint
        self._trace = trace

    def __call__(self, params: Json, key: CallKey) -> Json:
        """Call the function.

        Args:
            params: the parameters of the step.
            key: the idempotency key.

        Raises:
            StepError: one of the errors that the step type names.
        """
        wanted = cast("Mapping[str, Any]", params)
        name = function_name(wanted["function"])
        if name is None:
            raise StepError(f"{wanted['function']!r} is no name or ARN of a function", "lambda.InvalidParameters")
        reason = refusal(self._allowed, self._tenant_allowed(key.tenant), name, FUNCTIONS)
        if is_own_function(self._prefix, name):
            reason = f"{name} is a function of sedo's own: no step may call it"
        if reason is not None:
            raise StepError(reason, "lambda.NotAllowed")
        forget = wanted.get("mode") == "forget"
        request: dict[str, Any] = {
            "FunctionName": wanted["function"],
            "InvocationType": "Event" if forget else "RequestResponse",
            "Payload": json.dumps(wanted.get("payload", {})).encode(),
        }
        if "qualifier" in wanted:
            request["Qualifier"] = wanted["qualifier"]
        if not forget:
            custom = {"idempotencyKey": str(key), **(self._trace() if self._trace is not None else {})}
            context = json.dumps({"custom": custom})
            request |= {"LogType": "Tail", "ClientContext": b64encode(context.encode()).decode()}
        with failures("lambda"):
            answer = client("lambda", None, self._seconds, self._endpoint).invoke(**request)
            body = self._received(answer["Payload"])
        request_id = answer["ResponseMetadata"].get("RequestId")
        if forget:
            return {"status": answer["StatusCode"], "requestId": request_id}
        if answer.get("FunctionError"):
            raise self._failed(body, request_id, answer.get("LogResult"))
        return self._result(body)

    def _received(self, payload: Any) -> bytes:  # noqa: ANN401 - botocore has no types
        """Read what a function answers, but not much more than it may."""
        content, arrived = bytearray(), self._room.arrival()
        with closing(payload):
            while len(content) <= MOST and (chunk := payload.read(_CHUNK)):
                content += chunk
                arrived(len(content))
        return bytes(content)

    def _result(self, body: bytes) -> Json:
        if not body:
            return None
        try:
            return self._read_json(body, MOST)
        except (MalformedError, TooLargeError) as error:
            raise StepError(
                f"what the function answers cannot be read: {error}", "lambda.BadAnswer", unanswered=True
            ) from error

    def _failed(self, body: bytes, request_id: str | None, log: str | None) -> StepError:
        """Tell what a function says of its failure (AWS Lambda Developer Guide, "Function errors")."""
        try:
            said = self._read_json(body, MOST)
        except (MalformedError, TooLargeError):  # then it says nothing
            said = None
        about = said if isinstance(said, dict) else {}
        kind = as_text(about.get("errorType") or "Unhandled")
        message = as_text(about.get("errorMessage") or "the function failed, and does not say why")
        lines = b64decode(log).decode(errors="replace").splitlines()[-LOG_LINES:] if log else []
        details: dict[str, Json] = {
            "type": kind,
            "message": message,
            "trace": about.get("stackTrace", []),
            "requestId": request_id,
            "logTail": list(lines),
        }
        return StepError(message, f"lambda.{kind}", details)
