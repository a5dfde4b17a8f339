"""schemathesis against sedo with everything that it runs on: ``python -m tests.fuzz``, or ``--help``."""

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

from local import backend
from tests.fuzz.rounds import Outcome, Round, Run, rounds

EXAMPLES = 1_000
SECONDS = 3_600
WORKERS = max(1, (os.cpu_count() or 1) // 2)
"""A round keeps a processor busy, and half of another one."""


def main(arguments: list[str]) -> int:
    """Try every round that is not done yet; 0: all held."""
    asked = _parser().parse_args(arguments)
    home = Path(os.environ.get("SEDO_HOME", ".sedo")).absolute()
    run = Run(home / "fuzz", backend.interpreter(home), asked.seconds)
    run.folder.mkdir(parents=True, exist_ok=True)
    every = [one for one in rounds(asked.examples) if not asked.only or one.name in asked.only]
    done = {} if asked.again else {one: found for one in every if (found := run.outcome(one)) and found.held}
    if len(done) == len(every):
        done = {}  # the run before came to its end: this is another one
    print(f"{len(every)} rounds, {len(done)} of them done; what is said of each is in {run.folder}", flush=True)
    begun = monotonic()

    def attempt(one: Round) -> None:
        found = run.attempt(one)
        done[one] = found
        print(_line(one, found), f"  {len(done)}/{len(every)} in {monotonic() - begun:,.0f} s", flush=True)

    with ThreadPoolExecutor(asked.workers) as pool:
        list(pool.map(attempt, [one for one in every if one not in done]))
    print(*["", *(_line(one, done[one]) for one in every)], sep="\n")
    print(f"{sum(each.cases for each in done.values()):,} cases, {sum(each.failed for each in done.values())} failed")
    return 0 if all(each.held for each in done.values()) else 1


def _line(one: Round, found: Outcome) -> str:
    return f"{one.name:<25}{found}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz",
        description="Try every operation of the contract with schemathesis, and chains of them. "
        "A run that was broken off goes on with the rounds that are not done, and with those that failed.",
    )
    parser.add_argument("examples", nargs="?", type=int, default=EXAMPLES, help=f"cases of each round ({EXAMPLES:,})")
    parser.add_argument("--workers", type=int, default=WORKERS, help=f"rounds at the same time ({WORKERS})")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"for each round, at most ({SECONDS:,})")
    parser.add_argument("--only", nargs="+", default=(), metavar="ROUND", help="operations, by their ids, or chains-1")
    parser.add_argument("--again", action="store_true", help="try what is done, too")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
