"""What docs/templates.md shows does what it says, in the very words that stand there."""

import re
from typing import TYPE_CHECKING, Any

import yaml

from chalicelib.core.executions.model import State
from chalicelib.testing import run
from tests.application import PROJECT

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json

ITEMS = 10_000


def shown(heading: str) -> Any:
    text = (PROJECT / "docs" / "templates.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {heading}\n.*?```yaml\n(.*?)```", text, re.DOTALL | re.MULTILINE)
    assert found is not None
    return yaml.safe_load(found[1])


def test_a_map_of_10_000_items_is_filtered_and_summed_by_the_step_that_is_shown() -> None:
    lines: list[Json] = [{"price": 2, "quantity": 200 if number else 1} for number in range(ITEMS)]
    lines[1] = {"price": "none", "quantity": 200}
    document = {"id": "sums", "steps": shown("Filter and sum a list of 10,000")}
    ended = run(document, {"lines": lines}, max_turns=10 * ITEMS)
    assert (ended.state, ended.error) == (State.SUCCEEDED, None)
    assert ended.output == {"large": (ITEMS - 2) * 400}
