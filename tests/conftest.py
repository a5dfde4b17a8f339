import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from coverage import Coverage
from hypothesis import settings

from chalicelib.wiring.graph import wiring
from local import backend
from local.errors import BackendError
from local.search_engine import executable, running_engine
from tests import contract
from tests.api.declared import OPERATIONS
from tests.application import Sedo

settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
settings.load_profile("unhurried")
TESTS = Path(__file__).parent
UNTRACED = {"benchmarks", "console", "deploy", "fuzz", "hostile", "local", "simulation"}


@pytest.fixture(scope="session")
def ministack_python() -> Path:
    try:
        return backend.interpreter(Path(os.environ.get("SEDO_HOME", ".sedo")))
    except BackendError as error:
        pytest.fail(str(error))


@pytest.fixture(scope="session")
def ministack(ministack_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with backend.running(ministack_python, tmp_path_factory.mktemp("ministack")) as running:
        yield running.endpoint


@pytest.fixture
def sedo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sedo]:
    monkeypatch.setenv("SEDO_STORES", "memory")
    monkeypatch.setenv("SEDO_HTTP_ALLOW", "127.0.0.1")
    monkeypatch.setenv("SEDO_LOOPBACK", "true")
    wiring.cache_clear()
    yield Sedo()
    wiring.cache_clear()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Trace no lines where a test runs the whole of sedo thousands of times: it takes three times as long."""
    tracer = Coverage.current() if UNTRACED & {*item.path.relative_to(TESTS).parts} else None
    if tracer:
        tracer.stop()
    try:
        return (yield)
    finally:
        if tracer:
            tracer.start()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let a process of xdist tell how many answers it held against the contract."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["held"] = [
            [name, int(status), count] for (name, status), count in contract.HELD.items()
        ]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add up what the processes of xdist held."""
    for operation, status, count in getattr(node, "workeroutput", {}).get("held", ()):
        contract.HELD[operation, status] += count


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how many answers were held against the contract, and which hostile requests took the most."""
    if held := contract.HELD.total():
        terminalreporter.section("answers held against the contract")
        asked = {name for name, _ in contract.HELD}
        terminalreporter.write_line(f"{held:,} answers, of {len(asked)} operations")
        terminalreporter.write_line(f"operations without any: {', '.join(sorted({*OPERATIONS} - asked)) or 'none'}")
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    found = sorted(value for report in reports for name, value in report.user_properties if name == "hostile")
    if found:
        terminalreporter.section(f"CPU and memory of {len(found):,} hostile requests: the worst")
        largest = sorted(found, key=lambda each: each[1])
        for seconds, megabytes, name in (*found[:-6:-1], *largest[:-6:-1]):
            terminalreporter.write_line(f"{seconds:.2f} s  {megabytes:5.1f} MB  {name}")


@pytest.fixture(scope="session")
def search_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        program = executable(Path(os.environ.get("SEDO_HOME", ".sedo")))
    except BackendError as error:
        pytest.fail(str(error))
    with running_engine(program, tmp_path_factory.mktemp("osmem")) as running:
        yield running.endpoint
