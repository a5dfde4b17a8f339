"""Actions of AWS, as steps ask for them."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from chalicelib.adapters.aws.allow import ACTIONS, lists_all, own, refusal
from chalicelib.adapters.aws.clients import SECONDS, client, failures
from chalicelib.adapters.aws.models import called, operation
from chalicelib.adapters.aws.values import outgoing, received, require_few_mistakes, whole, within
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json import Json
from chalicelib.engine.room import Room


class AwsCalls:
    """Calls the actions of steps of type ``aws``; thread-safe.

    Args:
        allowed: the actions that may be called, as patterns.
        tenant_allowed: those that a tenant may call; None: all of them.
        prefix: of the names of sedo's own tables, queues and parameters, which are out of reach.
        seconds: what a call may take, all pages included.
        endpoint: where to call; None: where the environment says.
        room: where room is taken for large answers; None: nobody shares it.
        bucket: where sedo puts values, which is out of reach, too; empty: nowhere.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what an operator can set
        self,
        allowed: Sequence[str],
        tenant_allowed: Callable[[str], Sequence[str] | None],
        prefix: str,
        seconds: float = SECONDS,
        endpoint: str | None = None,
        room: Room | None = None,
        bucket: str = "",
    ) -> None:
        self._allowed = allowed
        self._tenant_allowed = tenant_allowed
        self._prefix = prefix
        self._seconds = seconds
        self._endpoint = endpoint
        self._room = room or Room()
        self._bucket = bucket

    def __call__(self, params: Json, key: CallKey) -> Json:
        """Call the action.

        Args:
            params: the parameters of the step.
            key: the idempotency key.

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
        asked = f"{service}:{name}"
        lists = lists_all(asked, model, parameters)
        reason = refusal(self._allowed, self._tenant_allowed(key.tenant), asked, ACTIONS, lists=lists)
        if reason is None and (text := own(self._prefix, service, parameters, self._bucket)) is not None:
            reason = f"no step may reach what belongs to sedo, or leads to what does: {text}"
        if reason is not None:
            raise StepError(reason, "aws.NotAllowed")
        sent = outgoing(model, parameters, str(key))
        with failures("aws"):
            require_few_mistakes(model, sent)
            caller = client(service, wanted.get("region"), self._seconds, self._endpoint)
            until, arrived = time.monotonic() + self._seconds, self._room.arrival()
            if wanted.get("paginate") is True:
                return whole(_all(caller.get_paginator(called(name)).paginate(**sent), until, arrived))
            return received(getattr(caller, called(name))(**sent), until, arrived)


def _all(pages: Any, until: float, arrived: Callable[[int], None]) -> dict[str, Any]:  # noqa: ANN401 - botocore has no types
    """Put what all pages list together, and what they count; of the rest, what is the same on all of them.

    Raises:
        StepError: they take too long, or are too large.
    """
    from botocore.utils import merge_dicts, set_value_from_jmespath  # noqa: PLC0415 - loaded by then

    joined: dict[str, Any] = {}
    for page in within(pages, until, arrived):
        for expression in pages.result_keys:
            found, before = expression.search(page), expression.search(joined)
            if found is not None:
                together = found if before is None else _together(before, found)
                set_value_from_jmespath(joined, expression.expression, together)
    merge_dicts(joined, {name: part for name, part in pages.non_aggregate_part.items() if part is not None})
    return joined


def _together(before: Any, found: Any) -> Any:  # noqa: ANN401 - any JSON
    """Put two pages of one thing together; what is the same on both, stands there once."""
    match before, found:
        case (list(), list()) | (int() | float(), int() | float()):
            return before + found
        case dict(), dict():
            return before | {
                key: _together(before[key], each) if key in before else each for key, each in found.items()
            }
        case str(), str() if before != found:
            return before + found
        case _:
            return before
