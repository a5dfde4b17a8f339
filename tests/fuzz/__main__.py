"""schemathesis against sedo with everything that it runs on: ``python -m tests.fuzz``, or ``--help``."""

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

from local import backend
from tests.fuzz.parts import Outcome, Part, Run, parts

EXAMPLES = 1_000
SECONDS = 3_600
WORKERS = max(1, (os.cpu_count() or 1) // 2)
"""A part keeps a processor busy, and half of another one."""


def main(arguments: list[str]) -> int:
    """Try every part that is not done yet; 0: all held."""
    asked = _parser().parse_args(arguments)
    home = Path(os.environ.get("SEDO_HOME", ".sedo")).absolute()
    run = Run(home / "fuzz", backend.interpreter(home), asked.seconds)
    run.folder.mkdir(parents=True, exist_ok=True)
    every = [part for part in parts(asked.examples) if not asked.only or part.name in asked.only]
    done = {} if asked.again else {part: found for part in every if (found := run.outcome(part)) and found.held}
    if len(done) == len(every):
        done = {}  # the run before came to its end: this is another one
    print(f"{len(every)} parts, {len(done)} of them done; what is said of each is in {run.folder}", flush=True)
    begun = monotonic()

    def attempt(part: Part) -> None:
        found = run.attempt(part)
        done[part] = found
        print(_line(part, found), f"  {len(done)}/{len(every)} in {monotonic() - begun:,.0f} s", flush=True)

    with ThreadPoolExecutor(asked.workers) as pool:
        list(pool.map(attempt, [part for part in every if part not in done]))
    print(*["", *(_line(part, done[part]) for part in every)], sep="\n")
    print(f"{sum(each.cases for each in done.values()):,} cases, {sum(each.failed for each in done.values())} failed")
    return 0 if all(each.held for each in done.values()) else 1


def _line(part: Part, found: Outcome) -> str:
    return f"{part.name:<25}{found}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz",
        description="Try every operation of the contract with schemathesis, and chains of them. "
        "A run that was broken off goes on with the parts that are not done, and with those that failed.",
    )
    parser.add_argument("examples", nargs="?", type=int, default=EXAMPLES, help=f"cases of each part ({EXAMPLES:,})")
    parser.add_argument("--workers", type=int, default=WORKERS, help=f"parts at the same time ({WORKERS})")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"for each part, at most ({SECONDS:,})")
    parser.add_argument("--only", nargs="+", default=(), metavar="PART", help="operations, by their ids, or chains-1")
    parser.add_argument("--again", action="store_true", help="try what is done, too")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
