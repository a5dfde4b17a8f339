"""Run osmem-server, which speaks OpenSearch's API and keeps everything in memory, as a child process."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chalicelib.core.values.errors import UnavailableError
from chalicelib.wiring.aws import search_index
from chalicelib.wiring.settings import Settings
from local.child import HOST, ChildServer, free_port
from local.errors import BackendError
from local.terminal import say
from operations.reindex import Rebuild, RebuildPlace
from operations.stage import Stage

PLACE = "ministack/lib/python*/site-packages/osmem_server/bin/osmem-server"

FILLED_AT_ONCE = 2
"""Parts of a table that the index is filled from at once."""


class SearchEngine(ChildServer):
    """A running engine, which has nothing to save."""

    NAME, PROBE = "osmem-server", "/"
    START_SECONDS, STOP_SECONDS, POLL_SECONDS = 30, 10, 0.02

    def __init__(self, program: Path, log: Path) -> None:
        self._program, port = program, free_port()
        log.unlink(missing_ok=True)
        super().__init__(_process(program, port, log), port, log)

    def restart(self) -> None:
        """Start it again, empty, on the same port, where it has ended.

        Raises:
            BackendError: it ended, or did not answer in time; the message names the log.
        """
        self.stop()
        self._process = _process(self._program, int(self.endpoint.rpartition(":")[2]), self._log)
        self.wait_until_healthy()


class FilledEngine:
    """The engine of a run: its index is filled from the tables at each start, while all goes on."""

    def __init__(self, engine: SearchEngine, settings: Settings) -> None:
        self._engine, self._settings = engine, settings
        self._filling = self._fill()

    def check(self) -> None:
        """Start the engine again where it has ended by itself.

        Raises:
            BackendError: it cannot be started again; the message names the log.
        """
        try:
            self._engine.check()
        except BackendError as error:
            self._filling.join()  # or it would say of an index that is gone that it is whole
            say(f"{error}; it is started again, and its index filled from the tables")
            self._engine.restart()
            self._filling = self._fill()

    def _fill(self) -> threading.Thread:
        filling = threading.Thread(target=fill, args=(self._settings,), daemon=True)
        filling.start()
        return filling


def fill(settings: Settings) -> None:
    """Fill the index of a stage from its tables."""
    index = search_index(settings)
    assert index is not None  # noqa: S101 - the engine has just been started
    try:
        Rebuild(Stage.of(settings), index, RebuildPlace(None, FILLED_AT_ONCE), settle=0, say=_say).refill()
    except UnavailableError as error:
        say(f"the index is not whole: {error}")


def _say(text: str) -> None:
    say(f"the index of the search engine: {text}")


def executable(home: Path) -> Path:
    """Find it: what ``SEDO_OSMEM`` names, or what is installed beside ministack.

    Raises:
        BackendError: it is not there.
    """
    named = os.environ.get("SEDO_OSMEM")
    found = [Path(named)] if named else [*home.glob(PLACE)]
    if not found or not found[0].exists():
        raise BackendError(f"{home / PLACE} is not there: make ministack; or do without: SEDO_SEARCH=none make run")
    return found[0].absolute()


@contextmanager
def running_engine(program: Path, folder: Path) -> Iterator[SearchEngine]:
    """Run it for the length of a ``with`` block; its log goes into a folder.

    Raises:
        BackendError: it ended, or did not answer in time; the message names the log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    engine = SearchEngine(program, folder / "osmem.log")
    try:
        engine.wait_until_healthy()
        yield engine
    finally:
        engine.stop()


def _process(program: Path, port: int, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - the path is the caller's own
            [program, "-addr", f"{HOST}:{port}", "-no-ja"],
            stdin=subprocess.PIPE,  # ends when this process does, and the engine with it
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for this process
        )
