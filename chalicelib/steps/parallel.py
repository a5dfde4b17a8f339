"""The step type ``parallel``."""

from collections.abc import Mapping

from chalicelib.core.definitions.model import Fork, Outcome, StepContext
from chalicelib.core.definitions.name_schemas import EXAMPLES
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import Json


class ParallelStep:
    """Run lists of steps at the same time.

    Every branch begins with what came in. Its steps see what was stashed before; what they stash is seen in this branch
    only. `next` names steps of the same branch. A branch ends after its last step, at `end: true`, or at a step like
    `succeed`.

    With `join: all` the result is an object with the result of each branch, by branch id. The first branch that fails
    fails the step. If a `retry` of the step takes the failure, the other branches go on, and the failed branch begins
    again at the step that failed; otherwise the others are ended.

    With `join: first` the first branch to succeed ends the others, and the result is `{branch, output}`. While another
    branch can still succeed, a failed branch is ended with all that it has begun. If all branches fail, the step fails
    with `BranchesFailed`, whose `details.branches` has the `{name, message, step}` of each failure by branch id. A
    `retry` of the step begins every branch again at the step that failed.

    ```yaml
    - id: check
      type: parallel
      branches:
        - id: credit
          steps:
            - {id: ask-the-bank, type: workflow, definition: credit-check}
        - id: stock
          steps:
            - {id: count, type: transform, output: '${ sum(input.lines[].quantity) }'}
    ```
    """

    name = "parallel"
    schema: Mapping[str, Json] = {
        "type": "object",
        "properties": {
            "branches": {
                "type": "array",
                "minItems": 1,
                "maxItems": LIMITS.fork_width,
                "x-limit": "fork_width",
                "examples": [[EXAMPLES["branches"]]],
                "description": "Lists of steps that run at the same time.",
            },
            "join": {
                "enum": ["all", "first"],
                "default": "all",
                "description": "Whether to wait for `all` branches, or for the `first` that succeeds.",
            },
        },
        "required": ["branches"],
        "additionalProperties": False,
    }

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:  # noqa: ARG002 branches get what came in
        """Fork the branches."""
        return Fork(first=params.get("join") == "first")
