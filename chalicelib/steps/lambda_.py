"""The step type ``lambda``."""

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.core.definitions.grammar import CALL_KEYS
from chalicelib.core.definitions.model import Outcome, StepContext, call_of
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import Json


class LambdaStep:
    """Call a Lambda function.

    The result is the answer of the function. With `mode: forget` the step does not wait for the answer, and the result
    is `{status: 202, requestId}`. An operator says which functions may be called. Functions of sedo itself cannot be
    called.

    If the function fails, the error is `lambda.` with the type of its error, such as `lambda.ValueError`, or
    `lambda.Unhandled` without a type. `error.details` are `{type, message, trace, requestId, logTail}`; `logTail` is
    the end of its log. Errors of AWS have its codes, such as `lambda.TooManyRequestsException` or
    `lambda.ResourceNotFoundException`. The others are `lambda.Timeout`, `lambda.Connect`, `lambda.BadAnswer` (it is no
    JSON), `lambda.InvalidParameters` and `lambda.NotAllowed`.

    A call takes 30 seconds at most. If a function needs longer, let it answer with the token: `callback: true` and
    `mode: forget`.

    If the function of sedo dies before the answer is written, the call is made again. With `mode: wait` the
    `context.client_context.custom` of both calls has the same `idempotencyKey`. With `mode: forget`, put a key of your
    own into the payload, or use `delivery: at-most-once`.

    ```yaml
    - id: render
      type: lambda
      function: render-video
      mode: forget
      payload: {video: '${ input.video }', token: '${step.token}'}
      callback: true
      heartbeatSeconds: 300
    ```
    """

    name = "lambda"
    schema: Mapping[str, Json] = {
        "type": "object",
        "properties": {
            "function": {
                "type": "string",
                "minLength": 1,
                "maxLength": LIMITS.lambda_name_chars,
                "x-limit": "lambda_name_chars",
                "description": "The name of the function; its ARN; or `<account>:function:<name>`. A version or an "
                "alias may follow after a colon.",
            },
            "qualifier": {
                "type": "string",
                "pattern": r"^(\$LATEST|[A-Za-z0-9_-]{1,128})$",
                "patternErrorMessage": "a version is a number or $LATEST; an alias has letters, digits, - and _ alone",
                "description": "A version or an alias.",
            },
            "payload": {"description": "What the function gets as its event: any JSON value; without it, `{}`."},
            "mode": {
                "enum": ["wait", "forget"],
                "default": "wait",
                "description": "Whether to wait for the function's answer.",
            },
            **CALL_KEYS,
        },
        "required": ["function"],
        "additionalProperties": False,
    }

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:  # noqa: ARG002 - what came in is not sent
        """Describe the call."""
        return call_of(self.name, params)

    def result(self, step: Mapping[str, Any]) -> Json:
        """Describe the result: without waiting it is known."""
        if step.get("mode", "wait") != "forget":
            return True
        return {"type": "object", "properties": {"status": True, "requestId": True}, "additionalProperties": False}

    def remarks(self, params: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
        """Say that nobody gets the token of a step that waits for an answer with it."""
        if params.get("callback") is True and "payload" not in params:
            yield "callback", "the function does not get the token: put ${step.token} into the payload"
