"""Actions of AWS, as steps ask for them."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from chalicelib.adapters.aws_allow import ACTIONS, own, refusal
from chalicelib.adapters.aws_calls import SECONDS, client, failures
from chalicelib.adapters.aws_models import actions, operation
from chalicelib.adapters.aws_values import MOST, incoming, outgoing
from chalicelib.core.errors import StepError
from chalicelib.core.values import Json


class AwsPerformer:
    """Calls the actions of steps of type ``aws``; thread-safe.

    Args:
        allowed: the actions that may be called, as patterns.
        tenant_allowed: those that a tenant may call; None: all of them.
        prefix: of the names of sedo's own tables, queues and parameters, which are out of reach.
        seconds: what a call may take, all pages included.
        endpoint: where to call; None: where the environment says.
    """

    def __init__(
        self,
        allowed: Sequence[str],
        tenant_allowed: Callable[[str], Sequence[str] | None],
        prefix: str,
        seconds: float = SECONDS,
        endpoint: str | None = None,
    ) -> None:
        self._allowed = allowed
        self._tenant_allowed = tenant_allowed
        self._prefix = prefix
        self._seconds = seconds
        self._endpoint = endpoint

    def __call__(self, params: Json, key: str) -> Json:
        """Call the action.

        Args:
            params: the parameters of the step.
            key: the idempotency key, which begins with the tenant.

        Raises:
            StepError: one of the errors that the step type names.
        """
        wanted = cast("Mapping[str, Any]", params)
        service, action = wanted["service"], wanted["action"]
        try:
            model = operation(service, action)
        except KeyError as error:
            raise StepError(f"AWS has no {service}:{action}, as far as boto3 knows", "aws.InvalidParameters") from error
        name, parameters = model.name, wanted.get("parameters", {})
        reason = refusal(self._allowed, self._tenant_allowed(key.partition(":")[0]), f"{service}:{name}", ACTIONS)
        if reason is None and (text := own(self._prefix, service, parameters)) is not None:
            reason = f"{text!r:.200} belongs to sedo, or leads to what does: no step may reach it"
        if reason is not None:
            raise StepError(reason, "aws.NotAllowed")
        sent = outgoing(model, parameters, key)
        with failures("aws"):
            caller = client(service, wanted.get("region"), self._seconds, self._endpoint)
            spelled = next(other for other, proper in actions(service).items() if proper == name and other != name)
            if wanted.get("paginate") is True:
                return incoming(self._pages(caller, spelled, sent))
            return incoming(getattr(caller, spelled)(**sent))

    def _pages(self, caller: Any, action: str, sent: Mapping[str, Any]) -> Any:  # noqa: ANN401 - botocore has no types
        """Ask for all pages, and put what they list together.

        Raises:
            StepError: they take too long, or are too large.
        """
        from botocore.utils import set_value_from_jmespath  # noqa: PLC0415 - loaded by then

        pages = caller.get_paginator(action).paginate(**sent)
        whole: dict[str, Any] = {}
        end, size = time.monotonic() + self._seconds, 0
        for page in pages:
            size += len(json.dumps(page, default=str))
            if size > MOST:
                raise StepError(f"the pages have more than {MOST:,} bytes", "aws.TooLarge")
            if time.monotonic() > end:
                raise StepError(f"the pages take longer than {self._seconds:g} seconds", "aws.Timeout")
            if not whole:
                whole = page
                continue
            for expression in pages.result_keys:
                found = expression.search(page)
                if isinstance(found, list):
                    before = expression.search(whole) or []
                    set_value_from_jmespath(whole, expression.expression, before + found)
                elif isinstance(found, int | float):
                    set_value_from_jmespath(whole, expression.expression, (expression.search(whole) or 0) + found)
        for token in pages._output_token:  # noqa: SLF001 - nothing public tells what says that there is more
            whole.pop(token.expression, None)
        return whole
