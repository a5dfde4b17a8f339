"""The engines that stand beside sedo, each with what it takes to run it here."""

import os
import shutil
import socket
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from local.backend import interpreter
from local.child import HOST

PROGRAMS = Path(__file__).parent / "programs"
PACKAGES = (
    "aws-durable-execution-sdk-python==3.0.0",
    "aws-durable-execution-sdk-python-testing==1.4.0",
    "dbos==3.4.0",
    "hypercorn==0.18.0",
    "moto[server,stepfunctions]==5.2.5",
    "restate-sdk==1.3.0",
)
RESTATE = "@restatedev/restate-server@1.7.12"
POSTGRES = "initdb"
PORT = "PORT"
"""Stands in a command for the port that is free."""

SQLITE = "DBOS, SQLite"
OTHERS = ("moto's Step Functions", "AWS durable functions, in memory", SQLITE, "Restate")
"""What has its packages in an environment of its own."""


class NotHereError(Exception):
    """An engine cannot be had here."""


class Engine(NamedTuple):
    """How an engine is run: a program, and its environment."""

    command: Sequence[str]
    environment: Mapping[str, str]


def python(home: Path) -> Path:
    """Make the environment of the Python packages, unless it is there.

    Raises:
        NotHereError: they cannot be installed.
    """
    folder = home / "peers" / "python"
    stamp = folder / ".installed"
    if not stamp.exists():
        venv.create(folder, clear=True, with_pip=True)
        _run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *PACKAGES])
        stamp.touch()
    return folder / "bin" / "python"


def restate(home: Path) -> Path:
    """Install Restate's server from npm, unless it is there.

    Raises:
        NotHereError: there is no npm, or no such server for this machine.
    """
    folder = home / "peers" / "npm"
    pattern = "node_modules/@restatedev/restate-server-*/bin/restate-server"
    if not [*folder.glob(pattern)]:
        npm = shutil.which("npm", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        if npm is None:
            raise NotHereError("there is no npm")
        _run([npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), RESTATE])
    found = [*folder.glob(pattern)]
    if not found:
        raise NotHereError("npm has no server for this machine")
    return found[0]


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run PostgreSQL for the length of a ``with`` block; its URL.

    Raises:
        NotHereError: it is not installed.
    """
    places = [Path(found).resolve().parent] if (found := shutil.which(POSTGRES)) else []
    places += [each.parent for each in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{POSTGRES}"))]
    if not places:
        raise NotHereError("there is no PostgreSQL: apt-get install postgresql")
    binaries, port = places[-1], free_port()
    as_somebody = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []  # it refuses to run as root
    if as_somebody:
        shutil.chown(folder, "postgres")
    data = str(folder / "data")
    _run([*as_somebody, str(binaries / POSTGRES), "-D", data, "-U", "peer", "-A", "trust"])
    options = ["-D", data, "-h", HOST, "-p", str(port), "-k", str(folder)]
    with subprocess.Popen(  # noqa: S603 - it was found above
        [*as_somebody, str(binaries / "postgres"), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield f"postgresql://peer@{HOST}:{port}/peer"
        finally:
            process.terminate()


def engines(home: Path, folder: Path, server: str) -> Mapping[str, Engine | NotHereError]:
    """Tell how each of them is run, sedo first; or why it is not.

    Args:
        home: where environments are kept.
        folder: where data go.
        server: the URL that http steps ask.
    """
    here, stack = Path(sys.executable), interpreter(home)
    environment = {**os.environ, "SEDO_MINISTACK": str(stack.parent / "ministack")}

    def place(name: str) -> str:
        (folder / name).mkdir()
        return str(folder / name)

    def engine(executable: Path, program: str, *arguments: str, port: int = 0) -> Engine:
        listening = {"GATEWAY_PORT": str(port), "BIND_HOST": HOST, "LOG_LEVEL": "ERROR"} if port else {}
        return Engine([str(executable), str(PROGRAMS / program), server, *arguments], environment | listening)

    def machines(executable: Path, name: str, *command: str) -> Engine:
        port = free_port()
        started = [str(executable), *(str(port) if each == PORT else each for each in command)]
        return engine(here, "statemachine.py", f"http://{HOST}:{port}", place(name), *started, port=port)

    made: dict[str, Engine | NotHereError] = {
        "sedo, over ministack": engine(here, "sedo.py", place("sedo")),
        "ministack's Step Functions": machines(stack, "ministack", "-m", "ministack.app"),
    }
    try:
        own = python(home)
    except NotHereError as error:
        return made | dict.fromkeys(OTHERS, error)
    made["moto's Step Functions"] = machines(own, "moto", "-m", "moto.server", "-H", HOST, "-p", PORT)
    made["AWS durable functions, in memory"] = engine(own, "durable.py")
    made[SQLITE] = engine(own, "transact.py", f"sqlite:///{place('dbos')}/peer.sqlite")
    try:
        made["Restate"] = engine(own, "restated.py", str(restate(home)), place("restate"))
    except NotHereError as error:
        made["Restate"] = error
    return made


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - it is all above
    if done.returncode:
        raise NotHereError((done.stderr or done.stdout).strip().splitlines()[-1])
