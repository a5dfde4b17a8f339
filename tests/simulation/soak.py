"""A long search for runs that break what must hold: ``python -m tests.simulation.soak [runs]``."""

import logging
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations, count, islice
from typing import TypeAlias

from chalicelib.core.values.errors import SedoError
from tests.simulation.faults import Fault
from tests.simulation.invariants import check, random_run, run
from tests.simulation.scenario import ALL
from tests.simulation.test_simulation import PAIRED, struck

RUNS = 100_000
AT_ONCE = 200
SEEDS_FROM = 1_000_000
"""Not those of the tests."""

Task: TypeAlias = tuple[str, int | dict[int, Fault]]
"""A scenario, and a seed or the faults that strike it."""


def seeded() -> Iterator[Task]:
    yield from ((scenario, seed) for seed in count(SEEDS_FROM) for scenario in ALL)


def paired() -> Iterator[Task]:
    for scenario in PAIRED:
        for first, second in combinations(struck(scenario, "mine"), 2):
            if first[0] != second[0]:
                yield scenario, dict((first, second))


def broken(tasks: Sequence[Task]) -> list[str]:
    """Tell what breaks."""
    found = []
    for scenario, how in tasks:
        try:
            if isinstance(how, int):
                random_run(scenario, how)
            else:
                check(run(scenario, "mine", faults=how), scenario, "mine")
        except (AssertionError, SedoError) as caught:
            found.append(f"{scenario}, {how}: {caught!r:.999}")
    return found


def batches(tasks: Iterator[Task]) -> Iterator[list[Task]]:
    while batch := list(islice(tasks, AT_ONCE)):
        yield batch


def soak(title: str, tasks: Iterator[Task]) -> int:
    """Run them all and tell how far it is; answer how many broke."""
    done = broke = 0
    with ProcessPoolExecutor() as pool:
        for found in pool.map(broken, batches(tasks)):
            done += AT_ONCE
            broke += len(found)
            for line in found:
                sys.stdout.write(f"\n{line}\n")
            sys.stdout.write(f"\r{title}: {done:,} runs, {broke} broke something")
            sys.stdout.flush()
    sys.stdout.write("\n")
    return broke


if __name__ == "__main__":
    logging.disable()
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    sys.exit(min(1, soak("random", islice(seeded(), runs)) + soak("pairs of faults", paired())))
