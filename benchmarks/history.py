"""What it costs to read all of a history, page by page, by how long it is."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from math import log
from pathlib import Path
from statistics import linear_regression
from typing import TYPE_CHECKING, Any

from chalice.test import Client

from app import app
from benchmarks import shapes
from benchmarks.harness import TENANT, BenchError, Harness
from benchmarks.metering import Usage
from benchmarks.tables import Cell, Progress, Section
from chalicelib.core.values.value import value

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json

PAGE = 100

ORDERS = ("time", "-time")

LENGTHS: Mapping[str, Sequence[int]] = {"boundaries": (250, 1_000, 4_000), "rounds": (1_250, 5_000, 20_000)}
"""How often an execution goes round a loop: with a wait in each round, so that each is a write, or without."""

GROWS, UNITS = 1.03, 600
"""At most: the exponent, and the read units of the longest."""

LINK = re.compile(r'<(.+)>; rel="next"')


@value
class HistoryReading:
    """What reading all of a history took."""

    records: int
    pages: int
    read_units: float
    requests: float
    dearest: float
    """Read units of the page that took most."""


def histories(harness: Harness, progress: Progress) -> Section:
    """Measure the reading of longer and longer histories, from both ends."""
    rows: list[Sequence[Cell]] = []
    results: dict[str, Json] = {}
    for done, (kind, counts) in enumerate(LENGTHS.items()):
        progress.at(done, len(LENGTHS), kind)
        executions = {count: lived(harness, kind, count) for count in counts}
        for order in ORDERS:
            found = {count: reading(harness, name, order) for count, name in executions.items()}
            grows = exponent(found)
            for count, each in found.items():
                cells = (each.records, each.pages, each.requests, each.read_units, each.dearest)
                rows.append((f"{count:,} {kind}, {order}", *cells, grows))
            results[f"{kind} {order}"] = {
                "exponent": round(grows, 4),
                **{
                    str(count): {"records": each.records, "read_units": each.read_units}
                    for count, each in found.items()
                },
            }
    columns = ("history of", "records", "pages", "requests", "read units", "dearest page", "exponent")
    note = (
        f"Pages of {PAGE}. `time` is the oldest first, `-time` the newest. A boundary is a wait, whose write brings "
        f"six records; of rounds without a wait a write brings a thousand. The goals: at most {UNITS} read units, and "
        f"an exponent of at most {GROWS}."
    )
    return Section("Reading a history", columns, rows, note, {"history": results})


def lived(harness: Harness, kind: str, count: int) -> str:
    """Let an execution go round so often, and answer its id."""
    document: dict[str, Any] = {**shapes.loop(), "id": f"history-{kind}"}
    if kind == "boundaries":
        round_, again, done = document["steps"]
        goes_on = {**again, "choices": [{**again["choices"][0], "next": "rest"}]}
        document["steps"] = [{"id": "rest", "type": "wait", "seconds": 1}, round_, goes_on, done]
    execution_id = harness.start(harness.define(document), {"rounds": count})
    while harness.deliver(1):
        pass
    if not harness.read(execution_id).ended:
        raise BenchError("the loop did not end")
    return execution_id


def reading(harness: Harness, execution_id: str, order: str) -> HistoryReading:
    """Read all of a history.

    Raises:
        BenchError: a page was refused.
    """
    http = Client(app, "bench", str(Path(__file__).parents[1])).http
    path = f"/sedo/tenants/{TENANT}/executions/{execution_id}/history?limit={PAGE}&sort={order}"
    records, used = 0, list[Usage]()
    while path:
        with harness.meter.counting() as usage:
            answer = http.get(path)
        if answer.status_code != HTTPStatus.OK:
            raise BenchError(f"{path}: {answer.body!r}")
        records += len(answer.json_body)
        used.append(usage)
        link = LINK.fullmatch(answer.headers.get("Link", ""))
        path = link[1] if link else ""
    units = [each.read_units for each in used]
    return HistoryReading(records, len(used), sum(units), sum(each.requests for each in used), max(units))


def exponent(found: Mapping[int, HistoryReading]) -> float:
    """Fit the power of its length by which the read units of a history grow."""
    return linear_regression([log(n) for n in found], [log(each.read_units) for each in found.values()]).slope
