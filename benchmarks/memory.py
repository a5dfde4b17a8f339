"""What the memory of functions costs and gives: by arithmetic, from CPU that is measured here.

CPU grows with memory up to a whole vCPU, so what is computed takes longer with less, for the same dollars. What is
waited for takes as long with any memory, for more dollars with more.
"""

from typing import TYPE_CHECKING

from benchmarks import coldstart
from benchmarks.costs import RUNS, SAMPLES, together
from benchmarks.harness import Harness
from benchmarks.pricing import GIGABYTE_MB, REQUEST_SECONDS, VCPU_MB
from benchmarks.shapes import shapes
from benchmarks.tables import Progress, Section
from chalicelib.core.values.prices import MILLION, PRICES

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json

SIZES_MB = (128, 256, 512, 1024, VCPU_MB)
STATE_BYTES = 1024
COLUMNS = ("MB", "a call, ms", "$ per million calls", "first call, s", "first call of the API, s")


def memory(harness: Harness, progress: Progress) -> Section:
    """Measure a warm call of a worker, and cold starts; tell what both are at each size."""
    shape = shapes("")["C"]
    definition = harness.define(shape.definition)
    harness.warm(definition, shape.value(STATE_BYTES, -1))
    used = together([harness.measured(definition, [shape.value(STATE_BYTES, n)], 1) for n in range(max(SAMPLES, RUNS))])
    cpu, waits = used.cpu_seconds / used.invocations, used.waits / used.invocations * REQUEST_SECONDS
    cold = coldstart.typical(progress)
    worker, api = cold["messages and timers"], cold["the API"]
    rows = []
    for size in SIZES_MB:
        slower = VCPU_MB / size
        seconds = cpu * slower + waits
        dollars = seconds * size / GIGABYTE_MB * PRICES.gigabyte_second + PRICES.invocation
        first, of_api = (each.cpu_ms / 1000 * slower + seconds for each in (worker, api))
        rows.append((size, 1000 * seconds, dollars * MILLION, first, of_api))
    note = (
        f"A call of a worker with one message, a step and a boundary (shape C, 1 KB): {1000 * cpu:.2f} ms of CPU and "
        f"{1000 * waits:.1f} ms of waiting for requests. A worker that is ready takes {worker.megabytes:.0f} MB, "
        f"the API {api.megabytes:.0f} MB. The vCPU of Lambda is taken to be as fast as this machine."
    )
    results: dict[str, Json] = {
        "memory": {str(size): dict(zip(COLUMNS[1:], rest, strict=True)) for size, *rest in rows}
    }
    return Section("What memory costs", COLUMNS, rows, note, results)
