"""Whether anything costs more because there is more of it: branches, rounds of a loop, executions that live."""

from collections.abc import Mapping, Sequence
from math import log
from statistics import linear_regression
from typing import TYPE_CHECKING

from benchmarks import shapes
from benchmarks.costs import together
from benchmarks.documents import order
from benchmarks.harness import TENANT, BenchError, Harness
from benchmarks.metering import Usage
from benchmarks.pricing import Cost, cost
from benchmarks.shapes import Shape
from benchmarks.tables import Cell, Progress, Section
from chalicelib.adapters.dynamodb.tables import EXECUTIONS, TABLES
from chalicelib.core.executions.model import State
from chalicelib.core.values.json import Json

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import WriteRequestTypeDef

BRANCHES: Mapping[int, int] = {10: 30, 100: 10, 1_000: 3, 10_000: 3}
"""How many branches, and how many executions of so many."""

WARMING = 200
"""Branches of what containers run before: so many that messages are sent."""

ROUNDS = 10_000
LOOPS = 5
"""Executions of the loop: each of their invocations needs the CPU of the cheapest of its number."""

OTHERS = (10, 10_000)
SAMPLES = 30

INPUT = 1024
"""Bytes of the input of each execution."""

PUTS = 25
"""Of one BatchWriteItem (Amazon DynamoDB API Reference)."""


def fan_out(harness: Harness, progress: Progress) -> Section:
    """Measure maps of more and more branches."""
    found: dict[int, Usage] = {}
    for done, (count, samples) in enumerate(BRANCHES.items()):
        progress.at(done, len(BRANCHES), f"{count:,} branches")
        found[count] = branches(harness, count, samples)
    grows = {name: exponent(found, name) for name in ("requests", "write_units", "cpu_seconds")}
    rows = [_branches_row(harness, count, usage) for count, usage in found.items()]
    note = (
        "Exponents (least squares of the logarithms; 1 is proportional, the goal at most 1.03): "
        f"requests {grows['requests']:.2f}, write units {grows['write_units']:.2f}, CPU {grows['cpu_seconds']:.2f}. "
        "Each branch is one immediate step; more than a hundred run in partitions of a hundred."
    )
    columns = ("branches", "requests", "write units", "units a branch", "CPU ms", "largest item", "largest message")
    results: dict[str, Json] = {
        "exponents": {name: round(value, 4) for name, value in grows.items()},
        **{str(count): _branches_result(harness, usage) for count, usage in found.items()},
    }
    return Section("Fan-out", columns, rows, note, {"fan_out": results})


def branches(harness: Harness, count: int, samples: int) -> Usage:
    """Measure one map; the usage is that of one execution."""
    shape = shapes.mapped(count)
    definition = harness.define(shape.definition)
    harness.warm(definition, shapes.mapped(WARMING).value(INPUT, -1))
    runs = [harness.measured(definition, [shape.value(INPUT, seed)], 10) for seed in range(samples)]
    return min(runs, key=lambda run: run.cpu_seconds)


def exponent(found: Mapping[int, Usage], what: str) -> float:
    """Fit the power of their number by which something of the usage of branches grows."""
    return linear_regression([log(n) for n in found], [log(getattr(usage, what)) for usage in found.values()]).slope


def loop(harness: Harness, progress: Progress) -> Section:
    """Measure the invocations of a long loop: the first, and the last that has as much to do."""
    runs = []
    for done in range(LOOPS):
        progress.at(done, LOOPS, f"{ROUNDS:,} rounds")
        runs.append(invocations(harness, ROUNDS))
    each = [together([run[number] for run in runs], divided=True) for number in range(len(runs[0]))]
    picked = {"first": each[0], "tenth": each[9], "last": each[-2]}  # behind it comes what is left: a turn or two
    units, cpu = (getattr(each[-2], what) / getattr(each[0], what) for what in ("write_units", "cpu_seconds"))
    rows = [
        (name, use.requests, use.write_units, use.read_units, use.cpu_seconds * 1000) for name, use in picked.items()
    ]
    note = (
        f"{ROUNDS:,} rounds of two steps in {len(each)} invocations of a thousand turns; the last one is the last full "
        f"one. It costs {units:.2f} times the write units of the first (the goal is at most 1.05) and {cpu:.2f} times "
        "its CPU (at most 1.2)."
    )
    results: dict[str, Json] = {
        "loop": {
            "rounds": ROUNDS,
            "last_to_first": {"write_units": units, "cpu": round(cpu, 4)},
            **{
                name: {"requests": u.requests, "write_units": u.write_units, "read_units": u.read_units}
                for name, u in picked.items()
            },
        }
    }
    columns = ("invocation", "requests", "write units", "read units", "CPU ms")
    return Section("A long loop", columns, rows, note, results)


def invocations(harness: Harness, count: int) -> list[Usage]:
    """Run a loop, and answer what each of its invocations used.

    Raises:
        BenchError: it did not succeed.
    """
    definition = harness.define(shapes.loop())
    harness.warm(definition, {"rounds": 600})  # so many that each sends a message
    execution_id, used = harness.start(definition, {"rounds": count}), []
    while True:
        with harness.meter.counting() as usage:
            delivered = harness.deliver(1)
        if not delivered:
            break
        used.append(usage)
    if harness.read(execution_id).state is not State.SUCCEEDED:
        raise BenchError("the loop did not end")
    return used


def live(harness: Harness, progress: Progress) -> Section:
    """Measure executions while others wait."""
    found: dict[int, Sequence[tuple[Shape, Cost]]] = {}
    for done, count in enumerate(OTHERS):
        progress.at(done, len(OTHERS), f"among {count:,}")
        others(harness, count - sum(found))
        found[count] = [(shape, among(harness, shape)) for letter, shape in shapes.shapes("").items() if letter in "BC"]
    rows: list[Sequence[Cell]] = [
        (f"{shape.letter}: {shape.title}", f"{count:,}", each.requests, each.write_units, each.read_units, each.cpu_ms)
        for count, costs in found.items()
        for shape, each in costs
    ]
    results: dict[str, Json] = {
        str(count): {shape.letter: {**each.row} for shape, each in costs} for count, costs in found.items()
    }
    note = "Per step, in batches of 10. The others stand in the table and in its indexes, and wait for days."
    columns = ("shape", "others", "requests", "write units", "read units", "CPU ms")
    return Section("Among many that live", columns, rows, note, {"live": results})


def among(harness: Harness, shape: Shape, samples: int = SAMPLES) -> Cost:
    """Measure executions in batches of 10, whatever else is there."""
    definition = harness.define(shape.definition)
    harness.warm(definition, shape.value(INPUT, -1))
    starts = range(0, samples, 10)
    runs = [harness.measured(definition, [shape.value(INPUT, first + n) for n in range(10)], 10) for first in starts]
    return cost(together(runs), shape.steps * 10 * len(runs))


def others(harness: Harness, count: int) -> None:
    """Let executions wait for days: one that really does, and copies of its item under other ids."""
    waiting: dict[str, Json] = {"id": "others", "steps": [{"id": "wait", "type": "wait", "seconds": 30 * 24 * 60 * 60}]}
    first = harness.start(harness.define(waiting), order(INPUT, -1))
    harness.drain()
    client, table = harness.unmetered(), harness.names.table(EXECUTIONS)
    item = client.get_item(TableName=table, Key={"id": {"S": first}})["Item"]
    puts: list[WriteRequestTypeDef] = [
        {"PutRequest": {"Item": {**item, "id": {"S": f"{TENANT}:others:{number:08d}"}}}} for number in range(count - 1)
    ]
    for start in range(0, len(puts), PUTS):
        client.batch_write_item(RequestItems={table: puts[start : start + PUTS]})


def _branches_row(harness: Harness, count: int, usage: Usage) -> Sequence[Cell]:
    item, message = _largest(harness, usage)
    cpu = usage.cpu_seconds * 1000
    return f"{count:,}", usage.requests, usage.write_units, usage.write_units / count, cpu, item, message


def _branches_result(harness: Harness, usage: Usage) -> dict[str, Json]:
    item, message = _largest(harness, usage)
    return {
        "requests": usage.requests,
        "write_units": usage.write_units,
        "read_units": usage.read_units,
        "cpu_ms": round(usage.cpu_seconds * 1000, 3),
        "largest_item_bytes": item,
        "largest_message_bytes": message,
    }


def _largest(harness: Harness, usage: Usage) -> tuple[int, int]:
    tables = map(harness.names.table, TABLES)
    return max(usage.largest.get(table, 0) for table in tables), usage.largest.get("message", 0)
