"""The step type ``callback``."""

from collections.abc import Mapping
from datetime import timedelta

from chalicelib.core.definitions.grammar import LONGEST
from chalicelib.core.definitions.model import AnswerKind, Outcome, StepContext, WaitForAnswer
from chalicelib.core.values.json import Json


class CallbackStep:
    """Wait until another system answers.

    The execution shows the token under `waitingFor`, to callers who may operate it. So does the answer to a start that
    comes to this step at once. Whoever has the token answers with `POST /sedo/callbacks/succeed`, whose body is the
    result, or with `…/fail`, whose `name` and `message` are the error: `callback.Failed` without a name. The token goes
    into the header field `Authorization: Bearer`. It is valid for one answer, and until the step is over.

    With `heartbeatSeconds` the other system has to send `…/heartbeat` at least so often, or the step fails with
    `HeartbeatTimeout`. To hand the token out in a call, let the call itself wait: `http`, `lambda` and `aws` steps take
    `callback: true`.

    ```yaml
    - id: payment-received
      type: callback
      timeoutSeconds: 604800
    ```
    """

    name = "callback"
    delegates = True
    schema: Mapping[str, Json] = {
        "type": "object",
        "properties": {
            "heartbeatSeconds": {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": int(LONGEST.total_seconds()),
                "x-limit": "longest_time",
                "description": "How long they may be silent; without it, as long as the step may take.",
            },
        },
        "additionalProperties": False,
    }

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:  # noqa: ARG002 - what came in is not told
        """Wait for whoever has the token."""
        match params.get("heartbeatSeconds"):
            case int() | float() as seconds:
                return WaitForAnswer(AnswerKind.CALLBACK, heartbeat=timedelta(seconds=seconds))
            case _:
                return WaitForAnswer(AnswerKind.CALLBACK)
