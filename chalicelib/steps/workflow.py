"""The step type ``workflow``."""

from collections.abc import Mapping
from typing import Any, cast

from chalicelib.core.definitions.model import Outcome, StartChild, StepContext
from chalicelib.core.definitions.name_schemas import ID
from chalicelib.core.values.json import Json


class WorkflowStep:
    """Run another definition as an execution of its own.

    The result is the output of that execution once it has ended. With `wait: false` the step is done as soon as the
    execution has started, and the result is `{"id": …}`.

    If that execution fails, the step fails with its error, and `error.details` names the execution. The other errors:

    * `workflow.Cancelled`, `workflow.TimedOut`: that execution was cancelled, or has timed out.
    * `DefinitionNotFound`: there is no such definition.
    * `InvalidInput`: the definition does not take the input.
    * `Forbidden`: the author of the definition with this step may not start the other one.
    * `SpawnLimit`: executions nest 16 deep at most; one starts at most 10,000 others in a minute and 100,000 in all.
    * `IdTaken`: another execution has the id. No caller can cause this.
    * `ResultLost`: that execution is gone from the table.

    If the step ends before that execution, for example by its `timeoutSeconds`, that execution is cancelled.

    ```yaml
    - id: invoice
      type: workflow
      definition: make-invoice
      input: {order: '${ input.order }', total: '${ output.total }'}
    ```
    """

    name = "workflow"
    delegates = True
    starts = True
    schema: Mapping[str, Json] = {
        "type": "object",
        "properties": {
            "definition": {
                **ID,
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

    def result(self, step: Mapping[str, Any]) -> Json:
        """Describe the result: without waiting it is known."""
        if step.get("wait", True) is not False:
            return True
        return {"type": "object", "properties": {"id": {"type": "string"}}, "additionalProperties": False}

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:
        """Start the execution."""
        version = cast("int | None", params.get("version"))
        return StartChild(
            definition=cast("str", params["definition"]),
            version=None if version is None else int(version),
            input=params.get("input", context.incoming),
            wait=params.get("wait", True) is True,
        )
