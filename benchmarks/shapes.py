"""The workflows that are measured, and how many steps each counts for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.documents import order
from chalicelib.core.values.json import Json, encode

MAPPED = 100
"""Items of the map whose cost is shown beside the others."""

NAMES = ("receive", "check", "price", "reserve", "charge", "pack", "label", "ship", "notify", "close")


@dataclass(frozen=True, slots=True)
class Shape:
    """A workflow: its definition, its input by size in bytes and seed, and the steps of one execution."""

    letter: str
    title: str
    definition: Mapping[str, Json]
    steps: int = 10
    value: Callable[[int, int], Json] = order


def shapes(server: str) -> Mapping[str, Shape]:
    """Make the shapes A to G, by letter; ``server`` is the URL that the steps of E and G ask.

    A wait is a boundary: what came before it is written, and a message goes on from there. The end is one, too.
    """
    fifth = [*map(_echo, NAMES[:4]), _wait(NAMES[4]), *map(_echo, NAMES[5:])]
    each = [*map(_wait, NAMES[:-1]), _echo(NAMES[-1])]
    reading = [{**_http(name, server), "delivery": "repeatable"} for name in NAMES]
    changing = [*map(_mark, NAMES[:4]), _wait(NAMES[4]), *map(_mark, NAMES[5:])]
    return {
        shape.letter: shape
        for shape in (
            Shape("A", "ten immediate steps", _definition("a", [_echo(name) for name in NAMES])),
            Shape("B", "ten steps, a boundary every five", _definition("b", fifth)),
            Shape("C", "ten steps, each a boundary", _definition("c", each)),
            mapped(MAPPED),
            Shape("E", "ten http steps", _definition("e", [_http(name, server) for name in NAMES])),
            Shape("F", "as B, each step changes the state", _definition("f", changing)),
            Shape("G", "ten http steps that only read", _definition("g", reading)),
        )
    }


def mapped(count: int) -> Shape:
    """Make the shape D: one immediate step for each of as many items as ``input.count`` says."""
    line: Json = {"id": "line", "type": "echo", "message": "Line ${index} of order ${input.id}"}
    items, output = "${range(`0`, input.count)}", "${length(output)}"  # the results together would be what grows
    step: dict[str, Json] = {"id": "each", "type": "map", "items": items, "output": output, "steps": [line]}

    def value(size: int, seed: int) -> Json:
        more: dict[str, Json] = {"count": count}
        return order(size - len(encode(more)) + len("}"), seed) | more

    return Shape("D", f"a map of {count:,} items", _definition("d", [step]), count, value)


def loop() -> Mapping[str, Json]:
    """Make a definition that goes round a loop as often as ``input.rounds`` says: two steps a round."""
    return {
        "id": "loop",
        "stash": {"n": 0},
        "steps": [
            {"id": "count", "type": "transform", "output": None, "stash": {"n": "${add(stash.n, `1`)}"}},
            {
                "id": "again",
                "type": "choice",
                "choices": [{"when": "stash.n < input.rounds", "next": "count"}],
                "default": "done",
            },
            {"id": "done", "type": "succeed", "output": "${stash.n}"},
        ],
    }


def _definition(name: str, steps: list[dict[str, Json]]) -> Mapping[str, Json]:
    return {"id": f"shape-{name}", "steps": [*steps]}


def _wait(name: str) -> dict[str, Json]:
    return {"id": name, "type": "wait", "seconds": 1}


def _echo(name: str) -> dict[str, Json]:
    return {"id": name, "type": "echo", "message": f"{name.capitalize()} ${{input.id}} for ${{input.customer.name}}"}


def _mark(name: str) -> dict[str, Json]:
    return {"id": name, "type": "transform", "output": f"${{merge(output, {{mark: '{name}'}})}}"}


def _http(name: str, server: str) -> dict[str, Json]:
    return {"id": name, "type": "http", "method": "GET", "url": f"{server}/{name}/${{input.id}}"}
