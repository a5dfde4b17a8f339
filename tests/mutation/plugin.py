"""How pytest is run: once to learn which tests reach what, then for each mutant in a process of its own."""

import builtins
import os
import resource
import select
import struct
import time
from collections.abc import Callable, Generator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.mutation.blocks import NOTE, Reach
from tests.mutation.operators import Mutant
from tests.mutation.swap import swap

ARGUMENTS = (
    *(
        "-s",
        "--continue-on-collection-errors",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:timeout",
        "-p",
        "no:xdist",
        "-p",
        "no:cov",
        "-p",
        "no:terminal",
    ),
    *("-o", "markers=timeout: seconds", "-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
REFERENCE = ("tests/test_reference.py", "tests/benchmarks/test_reporting.py")
"""The tests that see what stands in a module and in no function: what is documented, and prices."""
TREES = (
    "tests/core",
    "tests/steps",
    "tests/engine",
    "tests/usecases",
    "tests/simulation",
    "tests/api",
    "tests/adapters",
    *REFERENCE,
    "tests/test_definitions.py",
    "tests/test_budgets.py",
)
"""Where tests are that see a change in the memory of their process."""
LEFT_OUT = (
    *("ministack", "switched_off", "by_a_timeline", "test_large_map.py", "single_fault", "pairs_of_faults", "given_up"),
    *("test_ids_that_collide", "ten_thousand", "test_twins_leave"),
)
"""Parts of the ids of tests that are slow, or hunt mutants of their own: random runs see what single faults do."""
PATIENCE = 10.0
"""Seconds that a test may take beyond twenty times those of the processor that it took."""
MEMORY = 3 << 30
"""Bytes that a process may have."""

OUTPUT = os.dup(1)
"""Where to say how far it is, whatever tests do with the output."""

KILLED, SURVIVED, IN_VAIN = "killed", "survived", "cannot be put in"


def wanted(item: pytest.Item) -> bool:
    """Tell whether a test may show a mutant, in good time."""
    fixtures: Sequence[str] = getattr(item, "fixturenames", ())
    return not any(word in item.nodeid or word in fixtures for word in (*LEFT_OUT, "ministack_aws"))


class Chosen:
    """Leaves out what is not wanted."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the tests that are wanted."""
        items[:] = [item for item in items if wanted(item)]


class Mapper(Chosen):
    """Learns which tests reach which blocks."""

    def __init__(self, imported: set[str], seen: set[str], share: slice) -> None:
        self.reach, self.seen, self.failed = Reach(imported=imported), seen, set[str]()
        self.share = share

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the tests that are wanted, and of them a share."""
        items[:] = [item for item in items if wanted(item)][self.share]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> None:
        """Keep what is reached while the tests are loaded."""
        self.reach.imported |= self.seen

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, None]:
        """Run a test, and keep what it reaches and how long it takes."""
        self.seen.clear()
        began = time.process_time()
        yield
        if item.nodeid in self.failed:
            return
        self.reach.tests[item.nodeid] = round(time.process_time() - began, 4)
        if len(self.reach.tests) % 100 == 0:
            os.write(OUTPUT, f"\rlearning what {len(self.reach.tests)} tests reach … ".encode())
        for block in self.seen:
            self.reach.reached.setdefault(block, []).append(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that fails without any mutant."""
        if report.failed:
            self.failed.add(report.nodeid)


class Ends(Chosen):
    """Ends the process at the first failure."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """See what came of a test."""
        if report.failed:
            os._exit(1)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """See whether the tests can be loaded."""
        if report.failed:
            os._exit(1)


class Hunter(Ends):
    """Runs, for each mutant, the tests that reach it, until one fails."""

    def __init__(
        self, work: Sequence[tuple[Mutant, Sequence[str]]], reach: Reach, tell: Callable[[Mutant, str], None]
    ) -> None:
        self.work, self.reach, self.tell = work, reach, tell

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Hunt all mutants."""
        items = {item.nodeid: item for item in session.items}
        for mutant, tests in self.work:
            self.tell(mutant, self.hunt(mutant, [items[test] for test in tests if test in items]))
        return True

    def hunt(self, mutant: Mutant, items: Sequence[pytest.Item]) -> str:
        """Run the tests in a process of their own, and watch their time."""
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            os.close(reading)
            run(mutant, items, writing)
        os.close(writing)
        limit = PATIENCE
        while select.select([reading], [], [], limit)[0] and (word := os.read(reading, 4)):
            (number,) = struct.unpack("I", word)
            limit = PATIENCE + 20 * self.reach.tests[items[number].nodeid]
        os.close(reading)
        return ended(child)


def ended(child: int, within: float = 1.0) -> str:
    """Tell how a process came to its end; one that does not is killed."""
    until = time.monotonic() + within
    done, status = os.waitpid(child, os.WNOHANG)
    while not done and time.monotonic() < until:
        time.sleep(0.002)
        done, status = os.waitpid(child, os.WNOHANG)
    if not done:
        os.kill(child, 9)
        os.waitpid(child, 0)
        return KILLED
    code = os.waitstatus_to_exitcode(status)
    return {0: SURVIVED, 3: IN_VAIN}.get(code, KILLED)


def run(mutant: Mutant, items: Sequence[pytest.Item], writing: int) -> None:
    """Put a mutant in and run tests; end the process."""
    quiet()
    if not swap(mutant):
        os._exit(3)
    for number, item in enumerate(items):
        os.write(writing, struct.pack("I", number))
        following = items[number + 1] if number + 1 < len(items) else None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    os._exit(0)


def quiet() -> None:
    """Say nothing, and do not take all memory."""
    silent(1, 2)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def silent(*outputs: int) -> None:
    """Write nothing to some outputs of the process."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for output in outputs:
        os.dup2(nowhere, output)


def mapped(root: Path, modules: Sequence[str], trees: Sequence[str], share: slice) -> Reach:
    """Run tests with code that notes what is reached."""
    seen: set[str] = set()
    setattr(builtins, NOTE, seen.add)
    for module in modules:
        import_module(module)
    mapper = Mapper(set(seen), seen, share)
    code = pytest.main([*ARGUMENTS, *(str(root / tree) for tree in trees)], plugins=[mapper])
    if not mapper.reach.tests:
        raise RuntimeError(f"no test was run: {code!r}")
    for name in sorted(mapper.failed):
        os.write(OUTPUT, f"left out, as it fails without any mutant: {name}\n".encode())
    return mapper.reach
