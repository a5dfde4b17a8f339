"""The items of a map are evaluated again for those that begin later: they stay the same."""

import pytest

from chalicelib.core.executions.model import State
from tests.core.examples import Run

MAP = """
    steps:
      - id: each
        type: map
        items: ['${{uuid()}}', '${{uuid()}}', '${{uuid()}}']
        maxConcurrency: {at_once}
        steps: [{{id: ask, type: call, content: '${{item}}'}}]
"""


def asked(at_once: int) -> list[object]:
    """Run the items of a map; answer what their steps call with."""
    run, contents = Run(MAP.format(at_once=at_once)).go(), {}
    while run.performs:
        contents |= run.performs
        run.done("done", next(iter(run.performs)))
    assert run.state is State.SUCCEEDED
    return [content for _, content in sorted(contents.items())]


@pytest.mark.parametrize("at_once", [1, 2])
def test_however_few_run_at_once(at_once: int) -> None:
    assert asked(at_once) == asked(3)
    assert len(set(map(str, asked(at_once)))) == 3
