"""The step type ``echo``."""

from collections.abc import Mapping

from chalicelib.core.definitions.model import Outcome, StepContext, Succeed
from chalicelib.core.values.json import Json


class EchoStep:
    """Answer with a message.

    The result is the rendered message: a text, or any other JSON value. History keeps it, so an `echo` can also record
    a value.

    ```yaml
    - id: greet
      type: echo
      message: Hello ${input.name}
    ```
    """

    name = "echo"
    errors: frozenset[str] = frozenset()
    result_parameter = "message"
    schema: Mapping[str, Json] = {
        "type": "object",
        "properties": {"message": {"description": "The result: any JSON value."}},
        "required": ["message"],
        "additionalProperties": False,
    }

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:  # noqa: ARG002 the message is all
        """Answer with the message."""
        return Succeed(params["message"])
