"""Start and stop osmem-server, which speaks OpenSearch's API and keeps everything in memory, as a child process."""

import http.client
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.backend import HOST, free_port
from local.errors import BackendError

START_SECONDS = 30
STOP_SECONDS = 10
POLL_SECONDS = 0.02
PLACE = "ministack/lib/python*/site-packages/osmem_server/bin/osmem-server"


class SearchEngine:
    """A running engine: its URL, its log, and its end."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self._process, self._log = process, log
        self.url = f"http://{HOST}:{port}"

    def check(self) -> None:
        """Make sure that the process is there.

        Raises:
            BackendError: it has ended by itself; the message names the log.
        """
        if self._process.poll() is not None:
            raise BackendError(f"osmem-server has ended by itself: see {self._log}")

    def answers(self) -> bool:
        """Ask whether it is ready."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=5)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """End the process; it has nothing to save."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        finally:
            if self._process.stdin:
                self._process.stdin.close()


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
    log, port = folder / "osmem.log", free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the path is the caller's own
            [program, "-addr", f"{HOST}:{port}", "-no-ja"],
            stdin=subprocess.PIPE,  # ends when this process does, and the engine with it
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for this process
        )
    engine = SearchEngine(process, port, log)
    try:
        _wait_until_it_answers(engine)
        yield engine
    finally:
        engine.stop()


def _wait_until_it_answers(engine: SearchEngine) -> None:
    end = time.monotonic() + START_SECONDS
    while not engine.answers():
        engine.check()
        if time.monotonic() > end:
            raise BackendError(f"osmem-server did not answer within {START_SECONDS} seconds")
        time.sleep(POLL_SECONDS)
