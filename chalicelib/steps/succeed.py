"""The step type ``succeed``."""

from collections.abc import Mapping

from chalicelib.core.definitions.model import End, Outcome, StepContext
from chalicelib.core.values.json import Json


class SucceedStep:
    """End here, and well.

    In the top list it ends the execution; in a branch of a `parallel`, or for an item of a `map`, it ends that list of
    steps only. The result is what came in, shaped by `output`. The step has neither `next` nor `end`. If its `when` is
    not true, it is skipped, and the step behind it is next.

    ```yaml
    - id: nothing-to-do
      type: succeed
      when: length(input.lines) == `0`
      output: {shipped: 0}
    ```
    """

    name = "succeed"
    passes_on = True
    ends = True
    errors: frozenset[str] = frozenset()
    schema: Mapping[str, Json] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:  # noqa: ARG002 it has no parameters
        """End with what came in."""
        return End(context.incoming)
