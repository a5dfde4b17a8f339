"""The memory of invocations that drive one execution: ``python -m tests.engine.memory_shapes SHAPE`` prints it.

A process for each shape, whose highest mark is that of all its invocations. The stores are in memory: what they keep,
compressed, comes on top.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from chalicelib.core.executions.model import Execution
from chalicelib.core.values.json import Json
from tests.home import CALL, Home

TEXT = "x" * 240_000


def main(shape: str) -> None:
    """Run a shape to its end, with a wait in the middle, after which the whole state is read again."""
    home = Home()
    answers = count()
    home.performers = {**home.performers, "call": lambda *_: [next(answers), ANSWERS[shape]()]}
    steps, value = SHAPES[shape]
    home.create(*steps, {"type": "wait", "seconds": 60}, {"type": "echo", "message": "${keys(stash)}"})
    before = highest()
    name = home.execute(value)
    home.deliver_all()
    home.clock.sleep(120)
    home.deliver_all()
    sys.stdout.write(json.dumps({"taken": highest() - before, **came_to(home.read(name))}))


def asked(shape: str) -> None:
    """Let the API pause, resume and cancel an execution, and read it; tell what that takes."""
    os.environ.update(SEDO_STORES="memory", SEDO_LOOPBACK="true")
    from tests.application import EXECUTE, Sedo, T  # noqa: PLC0415 - only these shapes need the application

    sedo, (steps, value) = Sedo(), SHAPES[shape]
    document = {"id": "example-definition", "steps": [*steps, {"id": "wait", "type": "wait", "seconds": 60}]}
    made = sedo.ask("POST", f"{T}/definitions", document)
    assert made.status_code == 201, made.body
    name = sedo.ask("POST", EXECUTE, {"input": value}).json_body["id"]
    sedo.deliver()
    before, found = highest(), dict[str, Any]()
    for verb in ("pause", "resume", "cancel"):
        answer = sedo.ask("POST", f"{T}/executions/{name}/{verb}", {})
        assert answer.status_code in {200, 202}, answer.body
        found = answer.json_body
    references = [len(found["references"]), {each["bytes"] for each in found["references"].values()}.pop()]
    sys.stdout.write(json.dumps({"taken": highest() - before, "state": found["state"], "references": references}))


def highest() -> float:
    """Tell the most that the process has ever had, in megabytes.

    It is ``VmHWM`` of Linux, proc_pid_status(5): ``ru_maxrss`` begins with the most of the process that made this one.
    """
    with Path("/proc/self/status").open(encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1_000


def came_to(item: Execution) -> dict[str, Any]:
    """Say what became of an execution."""
    error = item.error
    return {"state": item.state, "error": error and error.name, "step": error and error.step, "stash": len(item.stash)}


def mapped(item: Json, value: Json) -> tuple[list[dict[str, Any]], Json]:
    """Make a `map` of 100 items."""
    steps = [{"id": "e", "type": "echo", "message": item}]
    return [{"type": "map", "items": "${range(`100`)}", "steps": steps}], value


SHAPES: Mapping[str, tuple[list[dict[str, Any]], Json]] = {
    "shared": (
        [{"type": "transform", "output": "${[input, input, input, input]}", "stash": f"v{n}"} for n in range(40)],
        TEXT,
    ),
    "asked by the API": (
        [{"id": f"s{n}", "type": "transform", "output": "${input}", "stash": f"v{n}"} for n in range(60)],
        "x" * 5_000_000,
    ),
    "texts that just fit": ([{**CALL, "stash": f"v{n}"} for n in range(7)], None),
    "texts that do not": ([{**CALL, "stash": f"v{n}"} for n in range(9)], None),
    "numbers that just fit": ([{**CALL, "stash": f"v{n}"} for n in range(5)], None),
    "a map of 100 megabytes": mapped("${[index, input, input, input, input]}", TEXT),
    "a map of one input": mapped("${input}", "x" * 5_000_000),
    "many names of one step": (
        [{"type": "transform", "stash": {f"v{n}": "${[input, input, input, input]}" for n in range(400)}}],
        TEXT,
    ),
}
ANSWERS: Mapping[str, Callable[[], Json]] = {
    "texts that just fit": lambda: "x" * 16_000_000,
    "texts that do not": lambda: "x" * 16_000_000,
    "numbers that just fit": lambda: [number / 2 for number in range(500_000)],
}
"""What calls answer, beside a number that is another for each."""

if __name__ == "__main__":
    (asked if sys.argv[1].startswith("asked") else main)(sys.argv[1])
