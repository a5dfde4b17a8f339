"""What a small definition can make a function hold: within what it has, or else a step fails, and can be caught."""

import json
import subprocess
import sys
from typing import Any

import pytest

from chalicelib.core.limits import LIMITS

MOST = 400
"""Megabytes: a function has 512 of them, and itself needs 100."""


def measured(shape: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.engine.memory_shapes", shape]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - it is this program
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_what_is_shared_is_held_once() -> None:
    found = measured("shared")
    assert (found["state"], found["stash"]) == ("ExecutionSucceeded", 40)
    assert found["taken"] < 30


@pytest.mark.parametrize("shape", ["texts that just fit", "numbers that just fit"])
def test_what_just_fits_can_be_written_and_read(shape: str) -> None:
    found = measured(shape)
    assert found["state"] == "ExecutionSucceeded"
    assert found["taken"] < MOST


@pytest.mark.parametrize(
    ("shape", "step"),
    [
        ("texts that do not", "step-7"),
        ("a map of 100 megabytes", "step-0"),
        ("a map of one input", "step-0"),
        ("many names of one step", "step-0"),
    ],
)
def test_what_does_not_fails_the_step_before_the_memory_is_taken(shape: str, step: str) -> None:
    found = measured(shape)
    assert (found["state"], found["error"], found["step"]) == ("ExecutionFailed", "TooLarge", step)
    assert found["taken"] < MOST


def test_an_answer_with_an_execution_of_300_megabytes_of_text_makes_no_text_of_all_of_it() -> None:
    found = measured("asked by the API")
    assert (found["state"], found["references"]) == ("ExecutionCancelled", [61, 5_000_002])
    assert found["taken"] < 60


def test_the_bound_is_below_what_a_function_has() -> None:
    with open(".chalice/config.json") as config:  # noqa: PTH123 - the shortest way
        memory = json.load(config)["lambda_memory_size"]
    assert LIMITS.execution_memory_bytes < (memory - 100) * 1_000_000 < memory * 1_000_000
