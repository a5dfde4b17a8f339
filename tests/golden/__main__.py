"""Record a stage in today's formats: ``python -m tests.golden``, which ``make golden`` calls."""

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from local import backend
from tests.golden.stage import FOLDER, record

HOME = Path(os.environ.get("SEDO_HOME", ".sedo"))


def main() -> None:
    """Write it over the newest file; after a release, name a new one first."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    with TemporaryDirectory() as folder, backend.running(backend.interpreter(HOME), Path(folder)) as running:
        recorded = record(running.endpoint)
    items = sum(map(len, recorded["items"].values()))
    (FOLDER / "stage-1.json").write_text(json.dumps(recorded) + "\n")
    sys.stdout.write(f"recorded {items} items and {len(recorded['messages'])} messages in tests/golden/stage-1.json\n")


main()
