"""The step type ``aws``."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chalicelib.core.definitions.grammar import CALL_KEYS
from chalicelib.core.definitions.model import Outcome, StepContext, call_of
from chalicelib.core.values.json import Json


class AwsStep:
    """Call an action of AWS.

    `service` is the name of the service in boto3, `action` the name of the action in its API (`PutItem`; `put_item` as
    in boto3 works, too), and `parameters` are those of the action. Wrong parameters are found when the definition is
    saved. An operator says which actions may be called. Nothing of sedo itself can be reached.

    Write bytes as a text, which is sent in UTF-8, or as `{base64: …}`, and instants as RFC 3339 text with an offset. A
    parameter that is null is left out. The result is the answer of the action as JSON, with instants as RFC 3339 text
    and bytes as base64 text. With `paginate` the result is all pages in one: their lists joined, their counts added,
    and the members that are the same on all of them.

    Errors have the code that AWS gives, such as `aws.ConditionalCheckFailedException` or `aws.ThrottlingException`, and
    `error.details` are `{message, status, requestId}`, with an `answer` where AWS says more. The others are
    `aws.Timeout`, `aws.Connect`, `aws.TooLarge` (the answer), `aws.InvalidParameters` and `aws.NotAllowed`. A call
    takes 30 seconds at most.

    If the function dies before the answer is written, the call is made again. If the action has an idempotency token,
    such as `ClientRequestToken`, sedo fills it in unless the step gives one. For SQS queues of type FIFO, give a
    `MessageDeduplicationId`. If neither is possible, `delivery: at-most-once` makes no second call.

    ```yaml
    - id: reserve
      type: aws
      service: dynamodb
      action: UpdateItem
      parameters:
        TableName: stock
        Key: {sku: {S: '${ input.sku }'}}
        UpdateExpression: SET reserved = reserved + :one
        ConditionExpression: reserved < available
        ExpressionAttributeValues: {':one': {N: '1'}}
      catch:
        - {errors: [aws.ConditionalCheckFailedException], next: sold-out}
    ```
    """

    name = "aws"
    schema: Mapping[str, Json] = {
        "type": "object",
        "properties": {
            "service": {
                "type": "string",
                "pattern": "^[a-z0-9-]{1,64}$",
                "patternErrorMessage": "write the service as boto3 calls it: sqs, dynamodb, events",
                "description": "What boto3 calls the service: `sqs`, `dynamodb`, `events`. No template.",
            },
            "action": {
                "type": "string",
                "pattern": "^[A-Za-z][A-Za-z0-9_]{0,127}$",
                "patternErrorMessage": "write the action as SendMessage or send_message",
                "description": "The action, as the API names it, `SendMessage`, or as boto3 does, `send_message`. No "
                "template.",
            },
            "parameters": {
                "type": "object",
                "default": {},
                "description": "The parameters of the action, as the API names them.",
            },
            "region": {
                "type": "string",
                "pattern": "^[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}$",
                "patternErrorMessage": "write a region as eu-central-1",
                "description": "The region, like `eu-central-1`; without it, the one that sedo runs in.",
            },
            "paginate": {
                "type": "boolean",
                "default": False,
                "description": "Whether to ask for all pages, of an action that answers in pages.",
            },
            **CALL_KEYS,
        },
        "required": ["service", "action"],
        "additionalProperties": False,
    }

    def __init__(self, answer_of: Callable[[Mapping[str, Any]], Json] = lambda _: True) -> None:
        self._answer_of = answer_of

    def result(self, step: Mapping[str, Any]) -> Json:
        """Describe the result, as the model of the service has it."""
        return self._answer_of(step)

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:  # noqa: ARG002 - what came in is not sent
        """Describe the call."""
        return call_of(self.name, params)

    def remarks(self, params: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
        """Say what a step of another type does better."""
        if params.get("service") == "lambda" and params.get("action") in {"Invoke", "invoke"}:
            yield "action", "a step of type lambda calls functions: it reads their answers and their errors"
