"""Mutants of the core and the engine, hunted by the tests: ``python -m tests.mutation --help``."""

import argparse
import ast
import json
import os
import random
import re
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from tests.mutation import plugin
from tests.mutation.blocks import Finder, Reach, block_of, install, module_of, noting
from tests.mutation.operators import Mutant, mutants

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".sedo" / "mutation"
REACH, RESULTS = HOME / "reach.json", HOME / "results.json"
EQUIVALENT = Path(__file__).with_name("equivalent.yaml")
CODE = ("chalicelib/core", "chalicelib/engine")
HEAVY = ("boto3", "botocore.session", "moto", "chalice.test", "jmespath", "jsonschema", "msgspec", "re2")
"""What tests import that is not ours: loaded once."""
SECONDS = 20.0
"""Of tests for one mutant, the cheapest first."""
FRESH = 60.0
"""Seconds for a mutant with which everything is imported anew."""
EQUAL = "equivalent"


def files(only: str) -> list[str]:
    """List the modules."""
    found = [str(path.relative_to(ROOT)) for tree in CODE for path in sorted((ROOT / tree).rglob("*.py"))]
    return [file for file in found if file.startswith(only) or re.search(only, file)]


def in_a_process(work: Callable[[], None]) -> int:
    """Do something in a process of its own; answer its id."""
    sys.stdout.flush()
    if (child := os.fork()) == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:  # noqa: BLE001 - it must not go on as its parent would
            os.write(plugin.OUTPUT, traceback.format_exc().encode())
        sys.stdout.flush()
        os._exit(code)
    return child


def learn(trees: Sequence[str], jobs: int) -> None:
    """Run tests once, to know what they reach."""

    def share(job: int) -> None:
        install(noting(ROOT, files("")))
        plugin.silent(1, 2)
        reach = plugin.mapped(ROOT, [module_of(file) for file in files("")], trees, slice(job, None, jobs))
        reach.write(HOME / f"reach-{job}.json")

    children = [in_a_process(lambda job=job: share(job)) for job in range(jobs)]
    if any(os.waitpid(child, 0)[1] for child in children):
        raise SystemExit("the tests could not be run")
    reach = Reach()
    for job in range(jobs):
        reach.add(Reach.read(HOME / f"reach-{job}.json"))
    reach.write(REACH)


def reasons() -> Mapping[str, str]:
    """Read which mutants are equivalent, and why: a star stands for any text."""
    return yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8")) or {}


def fits(pattern: str, name: str) -> bool:
    """Tell whether a name is one of those that are listed."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name) is not None


class Hunt:
    """All that is known of the mutants of one run."""

    def __init__(self, reach: Reach, seconds: float) -> None:
        self.reach, self.seconds = reach, seconds
        self.results: dict[str, str] = {}
        self.known: dict[str, Mutant] = {}
        self.began = time.monotonic()

    def tests_of(self, mutant: Mutant) -> tuple[list[str], bool]:
        """List the tests for a mutant; tell whether importing the code reaches it, too."""
        function, block = block_of(mutant.file, ast.parse(mutant.text), mutant.place)
        reference = [] if block else [test for test in self.reach.tests if test.startswith(plugin.REFERENCE)]
        tests, spent = [], 0.0
        for test in (*reference, *self.reach.of(mutant.file, function or "", block)):
            spent += self.reach.tests[test]
            if spent > self.seconds and tests:
                break
            tests.append(test)
        return tests, not block or block in self.reach.imported

    def run(self, chosen: Sequence[Mutant], jobs: int) -> None:
        """Hunt mutants, in some processes at once."""
        work, fresh = [], []
        for mutant in chosen:
            self.known[mutant.name] = mutant
            tests, imported = self.tests_of(mutant)
            if tests and mutant.function:
                work.append((mutant, tests))
            else:
                fresh.append((mutant, tests))
            mutant.__dict__["imported"] = imported
        reading, writing = os.pipe()
        for job in range(jobs):
            share = work[job::jobs]
            if share:
                in_a_process(lambda share=share: self.hunt_loaded(share, writing))
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as lines:
            for line in lines:
                name, result = json.loads(line)
                self.tell(name, result, len(chosen))
        with suppress(ChildProcessError):
            while True:
                os.wait()
        tests_of = {mutant.name: tests for mutant, tests in (*work, *fresh)}
        again = [m for m, _ in work if self.results.get(m.name) != plugin.KILLED and m.__dict__["imported"]]
        vain = [m for m, _ in work if self.results.get(m.name) == plugin.IN_VAIN and m not in again]
        for mutant in (*(m for m, _ in fresh), *again, *vain):
            self.tell(mutant.name, self.hunt_fresh(mutant, tests_of[mutant.name]), len(chosen))

    def hunt_loaded(self, share: Sequence[tuple[Mutant, Sequence[str]]], writing: int) -> None:
        """Hunt mutants with everything loaded once."""

        def tell(mutant: Mutant, result: str) -> None:
            os.write(writing, (json.dumps([mutant.name, result]) + "\n").encode())

        needed = sorted({test.partition("::")[0] for _, tests in share for test in tests})
        hunter = plugin.Hunter(share, self.reach, tell)
        plugin.silent(1, 2)
        pytest.main([*plugin.ARGUMENTS, *(str(ROOT / test) for test in needed)], plugins=[hunter])

    def hunt_fresh(self, mutant: Mutant, tests: Sequence[str]) -> str:
        """Hunt a mutant with everything imported anew."""
        few = list(tests)[:200]

        def work() -> None:
            plugin.quiet()
            install(Finder(ROOT, {mutant.file: mutant.source}))
            code = 1
            with suppress(BaseException):
                code = int(
                    pytest.main([*plugin.ARGUMENTS, *(str(ROOT / test) for test in few)], plugins=[plugin.Ends()])
                )
            os._exit(code)

        return plugin.ended(in_a_process(work), FRESH) if few else plugin.SURVIVED

    def tell(self, name: str, result: str, of: int) -> None:
        """Keep a result, and show how far it is."""
        self.results[name] = result
        tally = Counter(self.results.values())
        sys.stdout.write(
            f"\r{len(self.results):5} of {of}: {tally[plugin.KILLED]} killed, {tally[plugin.SURVIVED]} survived, "
            f"{time.monotonic() - self.began:.0f} s "
        )
        sys.stdout.flush()


def table(chosen: Sequence[Mutant], results: Mapping[str, str]) -> Iterator[str]:
    """Draw what came of the mutants, by module."""
    rows: dict[str, Counter[str]] = {}
    for mutant in chosen:
        rows.setdefault(mutant.file, Counter())[results[mutant.name]] += 1
    yield f"| {'module':50} | mutants | killed | survived | equivalent |   rate |"
    yield f"|{'-' * 52}|{'-' * 9}|{'-' * 8}|{'-' * 10}|{'-' * 12}|{'-' * 8}|"
    for file, row in [*sorted(rows.items()), ("all", sum(rows.values(), Counter()))]:
        killed, survived = row[plugin.KILLED], row[plugin.SURVIVED]
        rate = f"{killed / (killed + survived):6.1%}" if killed + survived else "     -"
        yield f"| {file:50} | {sum(row.values()):7} | {killed:6} | {survived:8} | {row[EQUAL]:10} | {rate} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Hunt, and show what survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--sample", type=int, default=0, help="how many mutants, chosen at random; 0: all")
    parser.add_argument("--seed", type=int, default=1, help="of the choice")
    parser.add_argument("--only", default="", help="the beginning of the modules' paths, or a pattern in them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of tests for one mutant")
    parser.add_argument("--tests", nargs="+", default=plugin.TREES, help="where they are; with --again")
    parser.add_argument("--again", action="store_true", help="learn again which tests reach what")
    parser.add_argument("--survivors", action="store_true", help="only those that survived the last run")
    options = parser.parse_args(arguments)
    for name in HEAVY:
        with suppress(ImportError):
            import_module(name)
    if options.again or not REACH.exists():
        learn(options.tests, options.jobs)
    every = [mutant for file in files(options.only) for mutant in mutants(ROOT, file)]
    if options.survivors:
        last = json.loads(RESULTS.read_text(encoding="utf-8"))
        every = [mutant for mutant in every if last.get(mutant.name) == plugin.SURVIVED]
    if options.sample and options.sample < len(every):
        every = sorted(random.Random(options.seed).sample(every, options.sample), key=lambda m: (m.file, m.line))
    every = [mutant for mutant in every if mutant.changes_something]
    equal = {m.name: EQUAL for m in every if any(fits(pattern, m.name) for pattern in reasons())}
    hunt = Hunt(Reach.read(REACH), options.seconds)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        hunt.run([mutant for mutant in every if mutant.name not in equal], options.jobs)
    results = hunt.results | equal
    every = [mutant for mutant in every if mutant.name in results]
    show(every, results)
    RESULTS.write_text(json.dumps(results, indent=1), encoding="utf-8")
    return 0


def show(every: Sequence[Mutant], results: Mapping[str, str]) -> None:
    """Write the survivors, as what they change, and the table."""
    lines = ["", ""]
    for mutant in every:
        if results[mutant.name] == plugin.SURVIVED:
            lines += [f"# {mutant.name}", mutant.diff, ""]
    sys.stdout.write("\n".join([*lines, *table(every, results), ""]))


if __name__ == "__main__":
    sys.exit(main())
