"""The step type ``choice``."""

from collections.abc import Mapping

from chalicelib.core.definitions.model import Goto, Outcome, StepContext
from chalicelib.core.definitions.name_schemas import EXAMPLES
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json import Json


class ChoiceStep:
    """Go on at one step or another.

    The conditions are evaluated in order. The first that is true names the next step; the others are not evaluated. If
    none is true, the step goes to `default`; without a `default` it fails with `NoChoice`. The result is what came in.
    A `choice` has neither `next` nor `end`. It goes to the step behind it only if a choice or `default` names that
    step, or if its `when` skips it.

    ```yaml
    - id: by-size
      type: choice
      choices:
        - {when: 'input.total > `1000`', next: ask-somebody}
        - {when: input.express, next: ship-today}
      default: ship
    ```
    """

    name = "choice"
    passes_on = True
    errors = frozenset({"NoChoice"})
    schema: Mapping[str, Json] = {
        "type": "object",
        "properties": {
            "choices": {
                "type": "array",
                "minItems": 1,
                "examples": [[EXAMPLES["choices"]]],
                "description": "Conditions, and where each of them leads.",
            },
            "default": {"type": "string", "description": "The id of the step to go to if none is true."},
        },
        "required": ["choices"],
        "additionalProperties": False,
    }

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:  # noqa: ARG002 it has no templates
        """Go where the first condition that holds leads.

        Raises:
            StepError: none holds, and there is no default.
        """
        for holds, target in context.choices:
            if holds:
                return Goto(target)
        if context.default is None:
            raise StepError("none of the choices is true, and there is no default", "NoChoice")
        return Goto(context.default)
