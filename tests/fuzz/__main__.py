"""schemathesis against sedo with everything that it runs on: ``python -m tests.fuzz [examples of each operation]``."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from local import backend
from tests.fuzz.run import PROJECT, fuzz
from tests.local.running import Sedo

EXAMPLES = 1_000


@contextmanager
def served(home: Path, python: Path) -> Iterator[str]:
    """Run sedo; answer its address."""
    with Sedo(home, python, project=PROJECT) as sedo:
        sedo.read_until("Ctrl-C stops it")
        Thread(target=sedo.output.read, daemon=True).start()  # a full pipe would stop it
        yield f"http://{backend.HOST}:{sedo.port}"


def main(arguments: list[str]) -> int:
    python = backend.interpreter(Path(os.environ.get("SEDO_HOME", ".sedo")))
    with tempfile.TemporaryDirectory() as home, served(Path(home), python) as address:
        return fuzz(address, int(arguments[0]) if arguments else EXAMPLES, *arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
