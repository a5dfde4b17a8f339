"""The step type ``wait``."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from chalicelib.core.definitions.grammar import LONGEST
from chalicelib.core.definitions.model import Outcome, Sleep, StepContext
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json import Json, parse_instant, truncate


class WaitStep:
    """Go on later: after some seconds, or at an instant.

    It takes either `seconds`, counted from the beginning of the step, or `until`. An instant in the past ends the wait
    at once. The result is what came in. While the step waits, no function runs or is paid for.

    It is up to a second longer than it says: queues delay messages by whole seconds, so a wait of 0.2 seconds takes
    one. So it is before another attempt of a `retry`.

    ```yaml
    - id: cool-off
      type: wait
      seconds: 45

    - id: wait-for-the-sale
      type: wait
      until: ${input.saleStartsAt}
    ```
    """

    name = "wait"
    passes_on = True
    errors = frozenset({StepError.name})
    schema: Mapping[str, Json] = {
        "type": "object",
        "properties": {
            "seconds": {
                "type": "number",
                "minimum": 0,
                "maximum": int(LONGEST.total_seconds()),
                "x-limit": "longest_time",
                "description": "How long to wait, 100 years at most.",
            },
            "until": {
                "type": "string",
                "format": "date-time",
                "description": "The instant to wait for: RFC 3339 text with an offset, as `2026-01-31T09:00:00Z`.",
            },
        },
        "oneOf": [{"required": ["seconds"]}, {"required": ["until"]}],
        "additionalProperties": False,
    }

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:
        """Sleep until the instant.

        Raises:
            StepError: ``until`` is no instant.
        """
        match params:
            case {"seconds": int() | float() as seconds}:
                return Sleep(truncate(context.now + timedelta(seconds=seconds)), relative=True)
            case _:
                return Sleep(_instant(params["until"]))

    def remarks(self, params: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
        """Say that a wait of no time at all does nothing."""
        if params.get("seconds") == 0:
            yield "seconds", "this waits for no time at all"


def _instant(text: Json) -> datetime:
    try:
        return parse_instant(str(text))
    except (ValueError, OverflowError) as error:  # an offset can carry the last day of year 9999 out of the calendar
        right = "write RFC 3339 text with an offset, like 2026-01-31T09:00:00Z or 2026-01-31T10:00:00+01:00"
        raise StepError(f"'until' is {text!r}, which is no instant: {right}") from error
