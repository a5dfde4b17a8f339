"""The step type ``fail``."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.core.definitions.model import Outcome, StepContext
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json import Json

_SIGNS = "has letters, digits, ., _ and - alone, and 128 of them at most"
_AGAIN = re.compile(r"\$\{\s*error\.name\s*\}")


class FailStep:
    """Fail with an error of your own.

    The error is handled as any other: by a `catch` of this step or of a step around it. If there is none, the execution
    fails. The step has neither `next` nor `end`. If its `when` is not true, it is skipped, and the step behind it is
    next.

    ```yaml
    - id: refuse
      type: fail
      when: input.total > `1000`
      error: order.TooLarge
      cause: An order of ${input.total} needs a person.
    ```

    After a clean-up, a caught error goes on as it was: `{id: again, type: fail, failure: '${ error }'}`.
    """

    name = "fail"
    ends = True
    errors: frozenset[str] = frozenset()
    error_parameter = "error"
    again_parameter = "failure"
    schema: Mapping[str, Json] = {
        "type": "object",
        "properties": {
            "error": {
                "type": "string",
                "pattern": "^[A-Za-z][A-Za-z0-9._-]{0,127}$",
                "patternErrorMessage": f"the name of an error begins with a letter, and {_SIGNS}",
                "default": "Failed",
                "description": "The name of the error, which `catch` and `retry` go by.",
            },
            "cause": {"type": "string", "description": "Why, for people: the message of the error."},
            "details": {"description": "Further data about it: `error.details` where it is caught."},
            "failure": {
                "type": "object",
                "properties": {
                    "name": {
                        "type": "string",
                        "pattern": "^[A-Za-z0-9._*-]{1,128}$",
                        "patternErrorMessage": f"the name of an error {_SIGNS}",
                    },
                    "message": {"type": ["string", "null"]},
                    "step": {"type": ["string", "null"]},
                    "attempt": {"type": ["integer", "null"]},
                },
                "required": ["name"],
                "description": "A caught error to fail with again, whole: `${ error }`. It keeps its step and details.",
            },
        },
        "required": [],
        "additionalProperties": False,
    }

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:  # noqa: ARG002 what came in ends here
        """Fail.

        Raises:
            StepError: always.
        """
        failure: Any = params.get("failure")
        if failure is not None:
            step = failure.get("step")
            origin = None if step is None else (str(step), int(failure.get("attempt") or 1))
            raise StepError(failure.get("message"), failure["name"], failure.get("details"), origin=origin)
        error = str(params.get("error", "Failed"))
        message = str(params.get("cause") or f"the workflow fails with {error}")
        raise StepError(message, error, params.get("details"))

    def remarks(self, params: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
        """Say how a caught error goes on whole."""
        if "failure" not in params and "details" not in params and _AGAIN.fullmatch(str(params.get("error"))):
            yield "error", "the error loses its step and its details: write failure: ${ error } to fail with it again"
