"""The step types: one file each."""

from collections.abc import Mapping

from chalicelib.core.definitions.model import StepType
from chalicelib.steps.aws import AwsStep
from chalicelib.steps.callback import CallbackStep
from chalicelib.steps.choice import ChoiceStep
from chalicelib.steps.echo import EchoStep
from chalicelib.steps.event import EventStep
from chalicelib.steps.fail import FailStep
from chalicelib.steps.http import HttpStep
from chalicelib.steps.lambda_ import LambdaStep
from chalicelib.steps.map import MapStep
from chalicelib.steps.parallel import ParallelStep
from chalicelib.steps.succeed import SucceedStep
from chalicelib.steps.task import TaskStep
from chalicelib.steps.transform import TransformStep
from chalicelib.steps.wait import WaitStep
from chalicelib.steps.workflow import WorkflowStep

STEP_TYPES: Mapping[str, StepType] = {
    "echo": EchoStep(),
    "transform": TransformStep(),
    "wait": WaitStep(),
    "choice": ChoiceStep(),
    "parallel": ParallelStep(),
    "map": MapStep(),
    "workflow": WorkflowStep(),
    "http": HttpStep(),
    "lambda": LambdaStep(),
    "aws": AwsStep(),
    "task": TaskStep(),
    "callback": CallbackStep(),
    "event": EventStep(),
    "succeed": SucceedStep(),
    "fail": FailStep(),
}
"""Every step type, by the ``type`` that steps name it with."""
