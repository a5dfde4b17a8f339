"""What a state of many values costs at boundaries where none of them changes, beside what arithmetic leaves."""

import math
import zlib
from random import Random
from typing import TYPE_CHECKING

from benchmarks.costs import together
from benchmarks.harness import Harness
from benchmarks.pricing import Cost, cost
from benchmarks.tables import Progress, Section
from chalicelib.core.records.compression import compressed
from chalicelib.core.values.json import Json, JsonObject, encode
from chalicelib.core.values.prices import MILLION, PRICES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.metering import Usage
    from benchmarks.tables import Cell

COUNTS = (1, 5, 20, 50, 200)
BYTES = (500, 1_000, 3_000, 5_000, 10_000, 50_000)
MOST = 2_000_000
"""Bytes of all values together: the others are not measured."""

CASES = {
    "5 given of 3,000 bytes": (5, 3_000, False),
    "20 given of 3,000 bytes": (20, 3_000, False),
    "20 given of 5,000 bytes": (20, 5_000, False),
    "20 given of 10,000 bytes": (20, 10_000, False),
    "20 given of 50,000 bytes": (20, 50_000, False),
    "50 given of 10,000 bytes": (50, 10_000, False),
    "200 given of 3,000 bytes": (200, 3_000, False),
    "20 made of 5,000 bytes": (20, 5_000, True),
}
"""Held by ``make check``: how many values, how long, and whether a step makes them of nothing."""

WAITS = 5
SAMPLES, BEFORE = 2, 3
"""Executions that are measured, and that run before, so that every container knows the definition."""
UNIT, READ_UNIT = 1024, 4096

HEXES = 64
"""Characters of a hash, of which zlib makes little more than half."""


def shape(count: int, size: int, *, made: bool) -> JsonObject:
    """Make a definition that stashes values, and waits: those of the input, or with ``made`` hashes of its own."""
    hashes = "map(&hash(to_json([@, input.id])), range(`{}`, `{}`))"
    each = max(1, size // (HEXES + 3))
    stash = {
        f"v{n}": f"${{{hashes.format(n * each, (n + 1) * each)}}}" if made else f"${{input.values[{n}]}}"
        for n in range(count)
    }
    steps: list[Json] = [{"id": "make", "type": "transform", "stash": {**stash}, "output": 1}]
    steps += [{"id": f"wait-{n}", "type": "wait", "seconds": 1} for n in range(WAITS)]
    return {"id": f"values-{count}-{size}-{'made' if made else 'given'}", "steps": steps}


def answer(size: int, random: Random) -> Json:
    """Make a value as a service answers it: of so many bytes of JSON, of which zlib makes a fifth to a third."""
    lines: list[Json] = []
    left = size - len('{"id":"","status":"OK","items":[]}') - 8
    while left > 0:
        line: JsonObject = {
            "sku": f"{random.getrandbits(24):06x}",
            "quantity": random.randrange(99),
            "price": random.randrange(9999) / 100,
            "currency": "EUR",
            "available": True,
        }
        lines.append(line)
        left -= len(encode(line)) + 1
    return {"id": f"{random.getrandbits(32):08x}", "status": "OK", "items": lines}


def given(count: int, size: int, seed: int) -> JsonObject:
    """Make the input of such a definition."""
    random = Random(seed)
    return {"id": str(seed), "values": [answer(size, random) for _ in range(count)]}


def measure(harness: Harness, count: int, size: int, *, made: bool = False, samples: int = SAMPLES) -> Cost:
    """Measure an execution, its start by a worker's message included."""
    definition = harness.define(shape(count, size, made=made))
    runs: list[Usage] = []
    for seed in range(BEFORE + samples):
        value: Json = {"id": str(seed)} if made else given(count, size, seed)
        with harness.meter.counting() as usage:
            harness.start(definition, value)
            harness.drain(1)
        runs.append(usage)
    return cost(together(runs[BEFORE:]), samples)


def floor(count: int, size: int) -> float:
    """Tell what must be paid for an execution of values that it is given, in dollars for a million.

    They are written once, compressed together. Each of the writes, one for each wait and one for the end, is a unit,
    each wait is in the index of what is due for another two at most, and the values are read once by each function.
    """
    content = encode(given(count, size, 1))
    packed = min(len(compressed(content)), len(zlib.compress(content, 9)))
    written = math.ceil(packed / UNIT) + WAITS + 1 + 2
    read = math.ceil(packed / READ_UNIT) * WAITS
    messages = 3 * (WAITS + 1)
    return MILLION * (
        written * PRICES.write_unit
        + read * PRICES.read_unit
        + messages * PRICES.queue_request
        + (WAITS + 1) * PRICES.invocation
    )


def payloads(harness: Harness, progress: Progress) -> Section:
    """Measure states of so many values of such sizes."""
    cases = [(count, size) for count in COUNTS for size in BYTES if count * size <= MOST]
    rows: list[Sequence[Cell]] = []
    results: dict[str, Json] = {}
    for done, (count, size) in enumerate(cases):
        progress.at(done, len(cases), f"{count} of {size} bytes")
        found, least = measure(harness, count, size), floor(count, size)
        rows.append((count, f"{size:,}", found.write_units, found.read_units, found.dollars_counted, least))
        results[f"{count} of {size}"] = {**found.row, "floor": round(least, 2)}
    columns = ("values", "bytes each", "write units", "read units", "$ per million", "floor")
    return Section("Values that do not change", columns, rows, NOTE, {"payloads": results})


NOTE = (
    f"An execution with its start, run by workers: it takes so many values out of its input and waits {WAITS} times. "
    "The floor is all values written once, compressed together, a unit for each write, two for the index of what is "
    "due, the values read once by each function, and the messages. The time of functions is in neither."
)
