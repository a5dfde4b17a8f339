"""Calls into the world: secrets go in at the last moment, and come back nowhere."""

from collections.abc import Callable, Collection
from typing import TypeAlias

from chalicelib.adapters.calls.placeholders import filled, redacted
from chalicelib.adapters.calls.pool import CallHandler
from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.values.errors import StepError, UnavailableError
from chalicelib.core.values.json import Json

PlainCall: TypeAlias = Callable[[Json, CallKey], Json]
"""Makes one kind of call: takes its parameters and the idempotency key, answers the result, raises StepError."""


def guarded(call: PlainCall, secret: Callable[[str, str], str], token: Callable[[CallKey], str]) -> CallHandler:
    """Make the handler of a kind of calls.

    Args:
        call: what is done with the parameters.
        secret: answers a tenant's secret by its name.
        token: answers the callback token of the visit with an idempotency key.
    """

    def handle(wanted: Call, key: CallKey) -> Json:
        ready = filled(wanted, key, secret, token)
        try:
            return redacted(call(ready.params, key), ready.secrets)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it says may hold what was put in
            raise _covered(error, ready.secrets) from None

    return handle


def _covered(error: Exception, secrets: Collection[str]) -> StepError:
    """Tell what went wrong, without the secrets that were in it."""
    failure = error if isinstance(error, StepError) else StepError(str(error), type(error).__name__, unanswered=True)
    message, details = redacted(str(failure), secrets), redacted(failure.details, secrets)
    return StepError(str(message), failure.name, details, failure.retry_after, unanswered=failure.unanswered)
