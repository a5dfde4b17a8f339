"""The step type ``lambda``."""

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.core.definitions.grammar import CALL_KEYS
from chalicelib.core.definitions.model import Outcome, StepContext, call_of
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import Json


class LambdaStep:
    """Call a Lambda function.

    The result is what the function answers. With `mode: forget` it is called without waiting for its answer, and the
    result is `{status: 202, requestId}`. An operator says which functions may be called; those of sedo itself are not
    among them.

    If the function fails, the step fails with `lambda.` and the type of its error, as `lambda.ValueError`, or with
    `lambda.Unhandled` where there is none; `error.details` are `{type, message, trace, requestId, logTail}`, the last
    being the end of its log. Errors of AWS have its codes, as `lambda.TooManyRequestsException` or
    `lambda.ResourceNotFoundException`. The others are `lambda.Timeout`, `lambda.Connect`, `lambda.BadAnswer` (it is no
    JSON), `lambda.InvalidParameters` and `lambda.NotAllowed`.

    A call takes 30 seconds at most. Let a function that needs longer answer by itself: hand it the token with
    `callback: true` and `mode: forget`.

    A function is called again if sedo's own dies before the answer is written down. Its `context.client_context.custom`
    then holds the same `idempotencyKey`, with `mode: wait`; otherwise put something of the kind into the payload, or
    say `delivery: at-most-once`.

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
