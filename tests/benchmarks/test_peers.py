import os
import sys
from pathlib import Path

import pytest

from benchmarks.peers.comparison import measured, section
from benchmarks.peers.installed import PROGRAMS, Engine, NotHereError
from benchmarks.peers.measure import EngineTimes, Running, running
from benchmarks.tables import text

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from protocol import serve

def run(shape, count):
    print("on its way")
    if shape == "http":
        raise ValueError("no http here")
    return count if shape == "echo" else count - 1

serve(run)
"""


@pytest.fixture
def engine() -> Engine:
    return Engine([sys.executable, "-c", PROGRAM, str(PROGRAMS)], {**os.environ})


def asked(engine: Engine, folder: Path) -> tuple[dict[str, EngineTimes], dict[str, str]]:
    gone: dict[str, str] = {}
    with running(engine, folder / "log") as peer:
        alive: dict[str, Running] = {"sedo": peer}
        found = dict(measured(alive, gone, "echo", 10, 2))
        for shape in ("http", "fan-out"):
            measured(alive, gone, shape, 100, 1)
    return found, gone


def test_an_engine_is_asked_once_more_than_it_is_measured(engine: Engine, tmp_path: Path) -> None:
    found, _ = asked(engine, tmp_path)
    assert [len(each) for each in found["sedo"]] == [2, 2]
    assert (tmp_path / "log").read_text() == "on its way\n" * 5


def test_of_what_fails_it_is_told_why(engine: Engine, tmp_path: Path) -> None:
    found, gone = asked(engine, tmp_path)
    assert gone == {"sedo http 100": "ValueError: no http here", "sedo fan-out 100": "there are 99 results"}
    assert "Not run: sedo http 100: ValueError: no http here; sedo fan-out" in text(section("echoes", 10, found, gone))


def test_numbers_are_ratios_to_the_first() -> None:
    found = {"sedo": EngineTimes([0.1, 0.1, 0.2], [0.02, 0.02, 0.02]), "other": EngineTimes([0.2], [0.08])}
    rows = section("echoes", 10, found, {}).rows
    assert [row[0] for row in rows] == ["sedo", "other"]
    rate, middle, _, cpu, *ratios = map(float, rows[0][1:])  # type: ignore[arg-type] # all are numbers
    assert (rate, middle, round(cpu, 9), ratios) == (100, 100, 2, [1, 1])
    assert rows[1][-2:] == (0.5, 4.0)


def test_one_that_does_not_start_is_not_waited_for(tmp_path: Path) -> None:
    dead = Engine([sys.executable, "-c", ""], {**os.environ})
    with pytest.raises(NotHereError, match="it has ended by itself"), running(dead, tmp_path / "log"):
        pass
