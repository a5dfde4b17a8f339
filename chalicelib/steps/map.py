"""The step type ``map``."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import cast

from chalicelib.core.definitions.model import Outcome, Spread, StepContext, Succeed
from chalicelib.core.definitions.name_schemas import STEPS
from chalicelib.core.values.json import Json


class MapStep:
    """Run a list of steps once for each item of a list.

    The steps run for all items at the same time, or for as many as `maxConcurrency` says. In them, `item` is the item,
    `index` its number from 0, and what came in at the first of them is the item, too. What they stash is seen by the
    steps of the same item only. The result is the list of what the items came to, in the order of the items; without
    items it is an empty list.

    The first item that fails fails the step with its error, whose message then begins with the index, as in `item 57:`.
    If a `retry` of the step takes the failure, the other items go on, and what failed begins again where it failed;
    otherwise the others are ended. With `tolerate` some may fail: what stands in the place of such a result is
    `{error, index, item}`, without an `item` of more than 1,000 bytes. One failure more fails the step with
    `ItemsFailed`.

    More than 100 items run in partitions of 100, each an execution of its own, whose history is its own, too:
    `parentId` there names the execution that the map is in. So do fewer items where the execution would have more than
    500 threads with them: one for each item that runs, and one for each branch and each list of steps inside. Beyond
    10,000 items, partitions of up to 10,000 have partitions of their own. A `maxConcurrency` then lets as many whole
    ones run at a time as it allows, or one, which keeps to it; the next ones begin once these have ended.

    ```yaml
    - id: each-line
      type: map
      items: ${ input.lines }
      maxConcurrency: 10
      tolerate: {percent: 5}
      steps:
        - {id: price, type: transform, output: '${ multiply(item.price, item.quantity) }'}
    ```
    """

    name = "map"
    schema: Mapping[str, Json] = {
        "type": "object",
        "properties": {
            "items": {"type": "array", "description": "The items: any JSON values, a million if need be."},
            "steps": {**STEPS, "description": "The steps, beginning with the first to run."},
            "maxConcurrency": {
                "type": "integer",
                "minimum": 1,
                "description": "For how many items the steps run at the same time; without it, for all.",
            },
            "tolerate": {
                "type": "object",
                "properties": {
                    "count": {"type": "integer", "minimum": 0},
                    "percent": {"type": "number", "minimum": 0, "maximum": 100},
                },
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": False,
                "description": "How many items may fail: `{count: 3}`, or `{percent: 5}` of them, rounded down.",
            },
        },
        "required": ["items", "steps"],
        "additionalProperties": False,
    }

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:  # noqa: ARG002 the items are all
        """Spread the items."""
        items = cast("Sequence[Json]", params["items"])
        if not items:
            return Succeed([])
        concurrency = cast("int", params.get("maxConcurrency", len(items)))
        return Spread(items, int(concurrency), _tolerated(params.get("tolerate"), len(items)))


def _tolerated(tolerate: Json, count: int) -> int:
    match tolerate:
        case {"count": int() | float() as most}:
            return int(most)
        case {"percent": int() | float() as percent}:
            return int(count * Decimal(str(percent)) / 100)
        case _:
            return 0
