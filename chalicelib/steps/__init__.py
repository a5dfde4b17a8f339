"""The step types: one file each."""

from collections.abc import Mapping

from chalicelib.core.model import StepType
from chalicelib.steps.echo import Echo
from chalicelib.steps.transform import Transform
from chalicelib.steps.wait import Wait

STEP_TYPES: Mapping[str, StepType] = {
    "echo": Echo(),
    "transform": Transform(),
    "wait": Wait(),
}
"""Every step type, by the ``type`` that steps name it with."""
