"""The quick way, against moto: Chalice itself deploys a copy of the project."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from chalicelib.adapters.dynamodb.tables import TABLES
from deploy.policies import FUNCTIONS, stages
from deploy.stack.refusals import REFUSALS
from local.backend import REGION
from tests.deploy.stage import PROJECT, done, project


def launched(folder: Path) -> Any:
    made_of = project(folder)
    (made_of / "requirements.txt").write_text("")  # what is deployed runs nowhere
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": f"{made_of}:{PROJECT}",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    command = [sys.executable, "-m", "tests.deploy.launcher"]
    process = subprocess.run(command, cwd=made_of, env=environment, capture_output=True, text=True, check=False)
    return json.loads(done(process).splitlines()[-1])


def test_chalice_deploys_deploys_again_and_deletes(tmp_path: Path) -> None:
    first, second, last = launched(tmp_path)
    (dev,) = [each for each in stages() if each.name == "dev"]
    assert first["functions"] == sorted(map(dev.function_name, FUNCTIONS))
    assert first["mappings"].keys() == {*dev.names.queues}
    assert (first["count"], first["rules"]) == (4, ["rate(1 minute)"])
    assert (first["tables"], first["queues"]) == (len(TABLES), 4)
    assert first["refusals"] == [len(REFUSALS)]
    assert second == first
    assert last == {**first, "functions": [], "mappings": {}, "count": 0, "rules": [], "routes": [], "refusals": []}
