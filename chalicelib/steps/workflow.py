"""The step type ``workflow``."""

from collections.abc import Mapping
from typing import cast

from chalicelib.core.declaration import Outcome, StartChild, StepContext
from chalicelib.core.values import Json


class Workflow:
    """Run another definition as an execution of its own.

    The result is the output of that execution once it has ended; if it fails, the step fails with its error. With
    `wait: false` the step is done as soon as the execution has started, and the result is `{"id": …}`.

    ```yaml
    - id: invoice
      type: workflow
      definition: make-invoice
      input: {order: '${ input.order }', total: '${ output.total }'}
    ```
    """

    name = "workflow"
    schema: Mapping[str, Json] = {
        "type": "object",
        "properties": {
            "definition": {
                "type": "string",
                "pattern": "^[a-z0-9-]{1,64}$",
                "description": "The id of the definition.",
            },
            "version": {"type": "integer", "minimum": 1, "description": "Its version; without it, the newest one."},
            "input": {"description": "The input of the execution: any JSON value; without it, what came in."},
            "wait": {
                "type": "boolean",
                "default": True,
                "description": "Whether to wait until the execution has ended.",
            },
        },
        "required": ["definition"],
        "additionalProperties": False,
    }

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:
        """Start the execution."""
        version = cast("int | None", params.get("version"))
        return StartChild(
            definition=cast("str", params["definition"]),
            version=None if version is None else int(version),
            input=params.get("input", context.incoming),
            wait=params.get("wait", True) is True,
        )
