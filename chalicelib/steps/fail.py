"""The step type ``fail``."""

from collections.abc import Mapping

from chalicelib.core.definitions.model import Outcome, StepContext
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json import Json


class FailStep:
    """Fail with an error of your own.

    The error goes the way of every error: a `catch` of this step takes it, or one of the steps around it; if none does,
    the execution fails. It has neither `next` nor `end`; with a `when` that is not true it is skipped, and the step
    behind it is next.

    ```yaml
    - id: refuse
      type: fail
      when: input.total > `1000`
      error: order.TooLarge
      cause: An order of ${input.total} needs a person.
    ```
    """

    name = "fail"
    ends = True
    errors: frozenset[str] = frozenset()
    error_parameter = "error"
    schema: Mapping[str, Json] = {
        "type": "object",
        "properties": {
            "error": {
                "type": "string",
                "pattern": "^[A-Za-z][A-Za-z0-9._-]{0,127}$",
                "default": "Failed",
                "description": "The name of the error, which `catch` and `retry` go by.",
            },
            "cause": {"type": "string", "description": "Why, for people: the message of the error."},
        },
        "required": [],
        "additionalProperties": False,
    }

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:  # noqa: ARG002 what came in ends here
        """Fail.

        Raises:
            StepError: always.
        """
        error = str(params.get("error", "Failed"))
        raise StepError(str(params.get("cause") or f"the workflow fails with {error}"), error)
