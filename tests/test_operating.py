"""The costs in docs/operating.md, against the table of the README that they are made from."""

import re
from pathlib import Path

import pytest

from chalicelib.core.executions.verify import ViolationKind
from operations.doctor import parser
from operations.repair import MENDS, Repair

PROJECT = Path(__file__).parents[1]
MONTH = 30 * 24 * 3600
STEPS = 10
OF_HTTP_API = 1.00


def rows(document: str) -> dict[str, list[str]]:
    """Read the rows of all tables of a document, by their first cell."""
    lines = (PROJECT / document).read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("|")]
    return {first.strip(" |"): rest for first, *rest in cells}


def number(text: str) -> float:
    return float(text.replace(",", "").strip(" |"))


def of_steps(row: str, which: int) -> float:
    """Tell what a million executions of ten such steps cost, with their start and an HTTP API before them."""
    dollars = rows("README.md")[row][-1].strip(" |").split(" · ")
    start = number(rows("docs/measurements.md")["1KB"][-1])
    return STEPS * float(dollars[which]) + start + OF_HTTP_API


API, CALLS = "sedo behind a REST API · an HTTP API", "an `http` call each · of calls declared `delivery: repeatable`"


@pytest.mark.parametrize(
    ("row", "million"),
    [
        ("need nothing from outside", float(rows("README.md")[API][0].split(" · ")[1])),
        ("the same, REST API", float(rows("README.md")[API][0].split(" · ")[0])),
        ("call `http`, one by one", of_steps(CALLS, 0)),
        ("call `http`, declared `delivery: repeatable`", of_steps(CALLS, 1)),
        ("wait each, messages one by one", of_steps("each a wait", 0)),
        ("wait each, messages in batches of ten", of_steps("each a wait", 1)),
    ],
)
def test_the_costs_of_a_month_are_those_of_a_million(row: str, million: float) -> None:
    cells = rows("docs/operating.md")[row]
    assert number(cells[0]) == pytest.approx(million)
    for cell, each_second in zip(cells[1:], (1, 100, 10_000), strict=True):
        dollars = million * each_second * MONTH / 1_000_000
        assert number(cell) == pytest.approx(dollars, abs=0.006 if each_second == 1 else 0.6)


STORED, RECOVERY = 0.25, 0.20
"""Dollars for a GB and month (Amazon DynamoDB pricing, us-east-1)."""


def test_what_stays_costs_what_a_gigabyte_costs() -> None:
    lines = rows("docs/operating.md")
    stored = [cells for name, cells in lines.items() if name.startswith("ten ") and len(cells) == 3]
    assert len(stored) == 4
    for size, dollars, with_recovery in (map(number, cells) for cells in stored):
        assert dollars == pytest.approx(size * STORED, abs=0.006)
        assert with_recovery == pytest.approx(size * (STORED + RECOVERY), abs=0.006)
    (shown,) = (cells[0] for name, cells in rows("README.md").items() if name.startswith("stored"))
    assert shown == f"{stored[0][1]} · {number(stored[0][2])}"


def test_every_violation_is_explained_with_what_mends_it() -> None:
    found = rows("docs/operating.md")
    for kind in ViolationKind:
        mended = re.match(r"`(\w+)`", found[f"`{kind}`"][1].strip(" |"))
        assert (None if mended is None else Repair(mended[1])) == MENDS.get(kind), kind


def test_every_option_of_the_doctor_is_explained() -> None:
    options = {name.split()[0].strip("`") for name in rows("docs/operating.md") if name.startswith("`--")}
    offered = {name for action in parser()._actions for name in action.option_strings}  # noqa: SLF001 - the only list of them
    assert options == offered - {"-h", "--help"}
