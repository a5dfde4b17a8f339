"""The step types: one file each."""

from collections.abc import Mapping

from chalicelib.core.definitions.model import StepType
from chalicelib.steps.aws import Aws
from chalicelib.steps.callback import Callback
from chalicelib.steps.choice import Choice
from chalicelib.steps.echo import Echo
from chalicelib.steps.event import Event
from chalicelib.steps.fail import Fail
from chalicelib.steps.http import Http
from chalicelib.steps.lambda_ import Lambda
from chalicelib.steps.map import Map
from chalicelib.steps.parallel import Parallel
from chalicelib.steps.succeed import Succeed
from chalicelib.steps.task import Task
from chalicelib.steps.transform import Transform
from chalicelib.steps.wait import Wait
from chalicelib.steps.workflow import Workflow

STEP_TYPES: Mapping[str, StepType] = {
    "echo": Echo(),
    "transform": Transform(),
    "wait": Wait(),
    "choice": Choice(),
    "parallel": Parallel(),
    "map": Map(),
    "workflow": Workflow(),
    "http": Http(),
    "lambda": Lambda(),
    "aws": Aws(),
    "task": Task(),
    "callback": Callback(),
    "event": Event(),
    "succeed": Succeed(),
    "fail": Fail(),
}
"""Every step type, by the ``type`` that steps name it with."""
