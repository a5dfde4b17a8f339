"""A retry of a `map` of which too many items failed lets one of those begin again, however many items it has."""

from collections import Counter

import pytest

from chalicelib.core.executions.model import State
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json import Json
from tests.home import CALL, Home


@pytest.mark.parametrize("size", [100, 101])
def test_items_that_failed_in_different_partitions_begin_again(home: Home, size: int) -> None:
    made: Counter[str] = Counter()

    def call(content: Json, _key: str) -> Json:
        made[str(content)] += 1
        if content in (0, 60) and made[str(content)] == 1:
            raise StepError("not now", "Busy")
        return content

    home.performers = {**home.performers, "call": call}
    retry = {"errors": ["ItemsFailed"], "intervalSeconds": 1, "jitter": "none"}
    each = {"id": "each", **CALL, "content": "${item}"}
    items = f"${{range(`{size}`)}}"
    home.create({"type": "map", "items": items, "tolerate": {"count": 1}, "retry": [retry], "steps": [each]})
    name = home.execute()
    for _ in range(5):
        home.deliver_all()
        home.clock.sleep(2)
    assert home.read(name).state is State.SUCCEEDED
    assert made["0"] + made["60"] > 2
