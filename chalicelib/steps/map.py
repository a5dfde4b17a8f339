"""The step type ``map``."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import cast

from chalicelib.core.definitions.model import Outcome, Spread, StepContext, Succeed
from chalicelib.core.definitions.name_schemas import STEPS
from chalicelib.core.values.json import Json


class MapStep:
    """Run a list of steps once for each item of a list.

    The steps run for all items at the same time, or for `maxConcurrency` of them. In the steps, `item` is the item and
    `index` its number from 0; what comes in at the first step (`output`) is the item, too. Only steps of the same item
    see what they stash. The result is the list of the results of the items, in their order; without items it is an
    empty list.

    The first item that fails fails the step with its error. The message then begins with the index, as in `item 57:`.
    If a `retry` of the step takes the failure, the other items go on, and the failed item begins again at the step that
    failed; otherwise the other items are ended. With `tolerate` some items may fail: the result of such an item is
    `{error, index, item}`, without an `item` of more than 1,000 bytes. One failure more fails the step with
    `ItemsFailed`.

    More than 100 items run in partitions of 100. A partition is an execution with a history of its own; its `parentId`
    names the execution of the map. Fewer items run in partitions, too, if the execution would have more than 500
    threads: one for each item that runs, and one for each branch and each list of steps inside. Beyond 10,000 items,
    partitions of up to 10,000 items have partitions of their own. With `maxConcurrency`, as many whole partitions run
    at a time as fit into it, or one partition that keeps to it; the next ones begin when these have ended.

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
