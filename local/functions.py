"""A stand-in for the Lambda service: calls a function of the application with an event and a context."""

import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from chalice.app import Chalice
from chalice.config import Config

from local.backend import ACCOUNT, REGION
from local.terminal import log

if TYPE_CHECKING:
    from collections.abc import Callable


class Context:
    """The context object of one invocation (AWS Lambda Developer Guide, "Using the Lambda context object")."""

    function_version = "$LATEST"
    identity = None
    client_context = None

    def __init__(self, function_name: str, memory_mb: int, timeout_seconds: int) -> None:
        self.function_name = function_name
        self.invoked_function_arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function_name}"
        self.memory_limit_in_mb = memory_mb
        self.aws_request_id = str(uuid4())
        self.log_group_name = f"/aws/lambda/{function_name}"
        self.log_stream_name = f"local/{self.aws_request_id}"
        self._end = time.monotonic() + timeout_seconds

    def get_remaining_time_in_millis(self) -> int:
        """Count the milliseconds until Lambda would end the function."""
        return max(0, int(1000 * (self._end - time.monotonic())))


class Function:
    """One function of the application, with the time and memory that ``.chalice/config.json`` gives it."""

    def __init__(self, app: Chalice, name: str, config: Config) -> None:
        scoped = config.scope(config.chalice_stage, name)
        self.name = name
        self._handler: Callable[[dict[str, Any], Context], object] = app.handler_map[name]
        self._full_name = f"{config.app_name}-{config.chalice_stage}-{name}"
        self._memory_mb: int = scoped.lambda_memory_size
        self._timeout_seconds: int = scoped.lambda_timeout

    def answer(self, event: dict[str, Any]) -> object:
        """Call the function, and answer what it does; whatever it raises is raised."""
        return self._handler(event, Context(self._full_name, self._memory_mb, self._timeout_seconds))

    def invoke(self, event: dict[str, Any]) -> bool:
        """Call the function; ``False``, and a line in the terminal, where it raises."""
        try:
            self.answer(event)
        except Exception as error:  # noqa: BLE001 whatever it raises is a failed invocation
            log(f"{self.name} failed: {error!r}")
            return False
        return True
