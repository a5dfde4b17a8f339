"""The step type ``event``."""

from collections.abc import Mapping

from chalicelib.core.definitions.grammar import SCHEMA_TYPE
from chalicelib.core.definitions.model import AnswerKind, Outcome, StepContext, WaitForAnswer
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import Json


class EventStep:
    """Wait for an event of a name.

    `POST …/executions/{id}/events/{name}` sends an event to this execution. If the step has a `key`,
    `POST …/events/{name}` with that key finds the execution that waits for it. The result is the `data` of the event.

    Inside of a `map` of any size, an event that is sent to the execution goes to the item that has waited longest. A
    step with a `key` inside of a `map` takes events by that key only. So does a step with a `key` outside of it, if an
    item waits for the same name without a `key`.

    An event that comes before the step begins to wait is kept as long as its sender says (`keepSeconds`, a day by
    default). One event is taken by one step. With a `schema`, the step takes only data that passes it; other data is
    refused. At most 1,000 steps wait for one key: beyond that the error is `event.TooManyWait`.

    ```yaml
    - id: paid
      type: event
      name: payment-received
      key: ${ input.orderId }
      schema: {type: object, required: [amount]}
      timeoutSeconds: 604800
    ```
    """

    name = "event"
    delegates = True
    result_schema = "schema"
    schema: Mapping[str, Json] = {
        "type": "object",
        "properties": {
            "name": {
                "type": "string",
                "pattern": "^[A-Za-z0-9._-]{1,64}$",
                "patternErrorMessage": "the name of an event has letters, digits, ., _ and - alone, and 64 of "
                "them at most",
                "description": "The name of the event: letters, digits and `.`, `_`, `-`.",
            },
            "key": {
                "type": "string",
                "minLength": 1,
                "maxLength": LIMITS.key_chars,
                "x-limit": "key_chars",
                "description": "What tells one event of this name from another: the id of an order, say.",
            },
            "schema": {
                "type": ["object", "boolean"],
                "contentMediaType": SCHEMA_TYPE,
                "description": "The JSON Schema (2020-12) of the data; without it, any data will do.",
            },
        },
        "required": ["name"],
        "additionalProperties": False,
    }

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:  # noqa: ARG002 - what came in is not told
        """Wait for the event."""
        return WaitForAnswer(AnswerKind.EVENT, params)
