"""One run of schemathesis."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.fuzz.world import made

PROJECT = Path(__file__).parents[2]
CONTRACT = PROJECT / "chalicelib" / "api" / "openapi.json"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


def fuzz(url: str, examples: int, *more: str) -> int:
    """Try every operation of the contract at a server, alone and one after another as its links say; 0: all held."""
    return subprocess.run(  # noqa: S603 - our own
        command(url, examples, *more), env={**os.environ, **hooks(url)}, cwd=PROJECT, check=False
    ).returncode


def command(url: str, examples: int, *more: str) -> list[str]:
    """Write the command line."""
    return [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        str(CONTRACT),
        f"--url={url}",
        f"--checks={','.join(CHECKS)}",
        f"--max-examples={examples}",
        "--header=X-Sedo-User: ada",
        "--request-timeout=40",
        "--suppress-health-check=all",
        "--warnings=off",
        "--no-color",
        *more,
    ]


def hooks(url: str) -> dict[str, str]:
    """Make what is there before a run at a server, and tell the hooks of it."""
    return {"SCHEMATHESIS_HOOKS": "tests.fuzz.hooks", "PYTHONPATH": str(PROJECT), "FUZZ_FOUND": json.dumps(made(url))}
