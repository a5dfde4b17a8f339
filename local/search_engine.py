"""Start and stop osmem-server, which speaks OpenSearch's API and keeps everything in memory, as a child process."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.child import HOST, ChildServer, free_port
from local.errors import BackendError

PLACE = "ministack/lib/python*/site-packages/osmem_server/bin/osmem-server"


class SearchEngine(ChildServer):
    """A running engine, which has nothing to save."""

    NAME, PROBE = "osmem-server", "/"
    START_SECONDS, STOP_SECONDS, POLL_SECONDS = 30, 10, 0.02


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
        engine.wait_until_healthy()
        yield engine
    finally:
        engine.stop()
