"""The step type ``transform``."""

from collections.abc import Mapping

from chalicelib.core.definitions.model import Outcome, StepContext, Succeed
from chalicelib.core.values.json import Json


class TransformStep:
    """Make a new value from what is there.

    It has no parameters of its own: use the keys that every step may have. `output` makes the result, `stash` stores
    values for later steps. Without `output`, the result is what came in.

    ```yaml
    - id: summarise
      type: transform
      output: {count: '${ length(output.items) }', first: '${ output.items[0].name }'}
      stash: {buyer: '${ input.customer.name }'}
    ```
    """

    name = "transform"
    passes_on = True
    errors: frozenset[str] = frozenset()
    schema: Mapping[str, Json] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:  # noqa: ARG002 it has no parameters
        """Pass on what came in."""
        return Succeed(context.incoming)
