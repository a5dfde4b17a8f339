"""The guard of call handlers: it fills secrets in right before a call, and redacts them in what comes back."""

from collections.abc import Callable
from typing import TypeAlias

from chalicelib.adapters.calls.placeholders import filled
from chalicelib.adapters.calls.pool import CallHandler
from chalicelib.adapters.calls.redaction import redacted, redacted_error
from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.values.errors import UnavailableError
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
            raise redacted_error(error, ready.secrets) from None

    return handle
