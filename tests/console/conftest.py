"""A browser, and the stack of `make run` with the console that `make ui` has built."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from local.search_engine import executable
from tests.console.pages import Console
from tests.local.running import PROJECT, Sedo

BUILD = PROJECT / "chalicelib" / "ui" / "index.html"
CHROMIUM = which("chromium") or which("chromium-browser") or which("google-chrome")
expect.set_options(timeout=15_000)  # a page asks anew every five seconds
IS_REQUIRED = bool(os.environ.get("SEDO_CONSOLE"))
"""Whether a machine without a browser or a build is an error: `make check` says so."""


@pytest.fixture(scope="session")
def chromium() -> str:
    lacks = None if CHROMIUM and BUILD.exists() else "these tests need chromium, and the build of make ui"
    if lacks and not IS_REQUIRED:
        pytest.skip(lacks)
    assert not lacks, lacks
    return str(CHROMIUM)


@pytest.fixture(scope="session")
def browser_type_launch_args(chromium: str) -> dict[str, Any]:
    arguments = ["--disable-gpu", "--disable-background-networking", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    return {"executable_path": chromium, "args": arguments}


@pytest.fixture(scope="session")
def stack(chromium: str, ministack_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sedo]:
    home = tmp_path_factory.mktemp("console")
    engine = str(executable(Path(os.environ.get("SEDO_HOME", ".sedo"))))
    more = {"SEDO_AUTH": "none", "SEDO_HTTP_ALLOW": "127.0.0.1", "SEDO_OSMEM": engine}
    with Sedo(home, ministack_python, project=PROJECT, **more) as started:
        started.read_until("sedo is ready")
        yield started


@pytest.fixture
def opened(stack: Sedo, browser: Browser) -> Iterator[Callable[..., Console]]:
    """Open the console in a context of its own; a page that throws, or breaks the policy, fails the test."""
    consoles: list[Console] = []

    def open_console(user: str = "ann", **more: Any) -> Console:
        context = browser.new_context(base_url=f"http://127.0.0.1:{stack.port}", reduced_motion="reduce", **more)
        page: Page = context.new_page()
        page.set_default_timeout(15_000)
        consoles.append(Console(page, stack, user))
        return consoles[-1]

    yield open_console
    for console in consoles:
        console.page.unroute_all(behavior="wait")  # what an answer is made of must not be gone while it is made
        assert console.faults == []
        console.page.context.close()
